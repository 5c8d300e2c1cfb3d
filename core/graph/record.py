"""A Model's graph as JSON holds it, and back."""

from __future__ import annotations

from typing import Any

from isograd.core.base.description import from_dict
from isograd.core.base.errors import SpecError, shown
from isograd.core.base.forms import Form, as_axes
from isograd.core.base.initializers import Initializer
from isograd.core.graph.composite import record_entry, record_layer, record_lookup
from isograd.core.graph.entries import Buffer, Entry, Parameter
from isograd.core.graph.nodes import Graph, Stored
from isograd.core.graph.values import Input, Value, apply
from isograd.core.layers.base import Layer

KEYS = ("name", "inputs", "axes", "kinds", "unused", "entries", "layers", "calls", "outputs", "evaluation", "tied")
"""Axes of inputs that are no batch of samples, kinds, unused inputs, entries, outputs of evaluation and second names
stand there where there are any."""


def written(graph: Graph) -> dict[str, Any]:
    """The graph by names: inputs, entries, layers, calls in order, outputs."""
    label = dict(enumerate((*graph.input_names, *(entry.path for entry in graph.entries))))
    for node in graph.nodes:
        for index, slot in enumerate(node.writes):
            label[slot] = f"{node.name}:{index}" if len(node.writes) > 1 else node.name
    forms = dict(zip(graph.input_names, graph.input_forms, strict=True))
    kinds = {name: form.kind for name, form in forms.items() if form.kind != "float"}
    axes = {name: form.to_json() for name, form in forms.items() if not form.batch_first}
    entries = {entry.path: _stored(entry) for entry in graph.entries}
    fed = {*graph.outputs, *(slot for node in graph.nodes for slot in node.reads)}
    unused = [name for slot, name in enumerate(graph.input_names) if slot not in fed]
    calls = [
        {"layer": node.owner, "of": [label[slot] for slot in node.reads]}
        | ({"weights": {name: label[slot] for name, slot in node.given}} if node.given else {})
        for node in graph.nodes
    ]
    return {
        "inputs": {name: [size for size in form.shape if type(size) is int] for name, form in forms.items()},
        **({"axes": axes} if axes else {}),
        **({"kinds": kinds} if kinds else {}),
        **({"unused": unused} if unused else {}),
        **({"entries": entries} if entries else {}),
        "layers": {node.owner: node.layer.to_dict() for node in graph.nodes if node.name == node.owner},
        "calls": calls,
        "outputs": [label[slot] for slot in graph.outputs],
        **({"evaluation": list(graph.evaluation)} if graph.evaluation is not None else {}),
        **({"tied": dict(graph.tied)} if graph.tied else {}),
    }


def _stored(entry: Stored) -> dict[str, Any]:
    told = {"shape": entry.form.to_json(), "trained": entry.trained, "init": entry.weight.law.to_dict()}
    return told | ({"kind": entry.form.kind} if entry.form.kind != "float" else {})


def as_entry(stored: Stored) -> Entry:
    """A resolved graph's entry as a value of a new one."""
    shape: Any = stored.form.axes
    if stored.trained:
        return Parameter(shape, name=stored.path, init=stored.weight.law)
    return Buffer(shape, name=stored.path, kind=stored.form.kind, init=stored.weight.law)


def read(options: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a Model, its name left out, of what `written` gave."""
    unknown = [key for key in options if key not in KEYS]
    if unknown:
        raise SpecError(
            "JSON: a Model",
            wanted='the keys "name", "inputs", "layers", "calls", "outputs"',
            got=shown(unknown[0]),
            fix="write the text with to_json",
        )
    shapes = record_entry(options, "inputs", dict)
    axes = record_entry(options, "axes", dict) if "axes" in options else {}
    kinds = record_entry(options, "kinds", dict) if "kinds" in options else {}
    inputs = {
        name: Input(record_entry(shapes, name, list), name=name, kind=kinds.get(name, "float")) for name in shapes
    }
    for name in axes:
        form = Form(as_axes(axes[name], f"JSON: axes of {shown(name)}"), record_lookup(inputs, name, "input").form.kind)
        inputs[name] = Input.of(form, name=name)
    records = record_entry(options, "entries", dict) if "entries" in options else {}
    entries = {path: _entry(path, records) for path in records}
    layers = {
        name: record_layer(entry, f"layer {name!r}") for name, entry in record_entry(options, "layers", dict).items()
    }
    values: dict[str, Value] = {**inputs, **entries}
    uses: dict[str, int] = {}
    for call in record_entry(options, "calls", list):
        if not isinstance(call, dict):
            raise SpecError(
                'JSON: "calls"', wanted='{"layer": …, "of": […]}', got=shown(call), fix="write it with to_json"
            )
        owner, made = _called(call, layers, values)
        uses[owner] = uses.get(owner, 0) + 1
        name = owner if uses[owner] == 1 else f"{owner}#{uses[owner]}"
        outs = made if isinstance(made, tuple) else (made,)
        values |= {name: outs[0]} if len(outs) == 1 else {f"{name}:{k}": v for k, v in enumerate(outs)}
    outputs = [record_lookup(values, name, "value") for name in record_entry(options, "outputs", list)]
    unused = record_entry(options, "unused", list) if "unused" in options else []
    kept = [*entries.values(), *(record_lookup(inputs, name, "input") for name in unused)]
    chosen = record_entry(options, "evaluation", list) if "evaluation" in options else None
    tied = record_entry(options, "tied", dict) if "tied" in options else None
    return {"inputs": tuple(inputs.values()), "outputs": outputs, "kept": kept, "evaluation": chosen, "tied": tied}


def _called(call: dict[str, Any], layers: dict[str, Layer], values: dict[str, Value]) -> tuple[str, Any]:
    owner = record_entry(call, "layer", str)
    sources = [record_lookup(values, name, "value") for name in record_entry(call, "of", list)]
    named = record_entry(call, "weights", dict) if "weights" in call else {}
    given = {name: record_lookup(values, label, "value") for name, label in named.items()}
    return owner, apply(record_lookup(layers, owner, "layer"), sources, given)


def _entry(path: str, records: dict[str, Any]) -> Entry:
    record = record_entry(records, path, dict)
    init = from_dict(record_entry(record, "init", dict), f"init of {path!r}")
    shape: Any = record_entry(record, "shape", list)
    if not isinstance(init, Initializer):
        raise SpecError(f"JSON: init of {shown(path)}", wanted="an initial law", got=shown(init), fix="mend the name")
    if record_entry(record, "trained", bool):
        return Parameter(shape, name=path, init=init)
    return Buffer(shape, name=path, kind=record.get("kind", "float"), init=init)
