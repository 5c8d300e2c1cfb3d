"""The graph of named nodes as a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isograd.core.base.description import Description, register
from isograd.core.base.errors import SpecError, shown
from isograd.core.base.types import Shape, shape_text
from isograd.core.graph.composite import Composite, fitted, record_entry, record_layer, record_lookup
from isograd.core.graph.names import checked_name, name_layers
from isograd.core.graph.nodes import Graph
from isograd.core.graph.resolve import calls_between, resolve
from isograd.core.graph.values import Input, Value, apply
from isograd.core.layers.base import Layer, Misfit


class Model(Composite):
    """A graph of named nodes between `inputs` and `outputs` (one value, or a sequence of them, states as they come).

    Nodes are named by their layer's `name=`, else by kind (linear, linear_1). A layer called twice shares
    its weights. A model is a layer: call it on values to put it inside another model.
    """

    def __init__(
        self, *, inputs: Value | Sequence[Any], outputs: Value | Sequence[Any], name: str | None = None
    ) -> None:
        starts, ends = _values(inputs, "inputs"), _values(outputs, "outputs")
        calls = calls_between(starts, ends, "Model")
        names = name_layers([call.layer for call in calls], "Model")
        labels = _input_names(starts)
        both = [label for label in labels if label in names.values()]
        if both:
            raise SpecError(
                "Model",
                wanted="a name of its own for every input and layer",
                got=f"an input and a layer named {both[0]!r}",
                fix="rename one",
            )
        if name is not None and not isinstance(name, str):
            raise SpecError("Model(name=…)", wanted="a string", got=shown(name), fix='name="encoder"')
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "_parts", tuple(call.layer for call in calls))
        self.check_extent()
        object.__setattr__(self, "_graph", resolve(starts, labels, ends, names, "Model"))

    _graph: Graph
    _parts: tuple[Layer, ...]

    def __repr__(self) -> str:
        return f"Model({len(self._graph.nodes)} nodes)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((type(self), self._graph.input_shapes, self._graph.outputs, self.calls, self.levels))

    @property
    def parts(self) -> tuple[Layer, ...]:
        return self._parts

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        return self._graph.input_shapes

    def graph(self, *x: Shape) -> Graph:
        if x != self._graph.input_shapes:
            raise Misfit(
                " and ".join(map(shape_text, self._graph.input_shapes)),
                " and ".join(map(shape_text, x)),
                "change the model's Input, or what feeds it",
            )
        return self._graph

    def _fitted(self, *x: Shape) -> Model:
        graph = self._graph
        if x == graph.input_shapes:
            return self
        inputs = tuple(Input(shape, name=name) for shape, name in zip(x, graph.input_names, strict=True))
        values: dict[int, Value] = dict(enumerate(inputs))
        layers: dict[str, Layer] = {}
        for node in graph.nodes:
            sources = [values[slot] for slot in node.reads]
            if node.owner not in layers:
                layers[node.owner] = fitted(node.layer, *(value.shape for value in sources))
            made = apply(layers[node.owner], sources)
            values |= zip(node.writes, made if isinstance(made, tuple) else (made,), strict=True)
        return Model(inputs=inputs, outputs=[values[slot] for slot in graph.outputs], name=self.name)

    def to_dict(self) -> dict[str, Any]:
        graph = self._graph
        label = dict(enumerate(graph.input_names))
        for node in graph.nodes:
            for index, slot in enumerate(node.writes):
                label[slot] = f"{node.name}:{index}" if len(node.writes) > 1 else node.name
        return {
            "layer": "Model",
            "name": self.name,
            "inputs": {n: list(s) for n, s in zip(graph.input_names, graph.input_shapes, strict=True)},
            "layers": {node.owner: node.layer.to_dict() for node in graph.nodes if node.name == node.owner},
            "calls": [{"layer": node.owner, "of": [label[slot] for slot in node.reads]} for node in graph.nodes],
            "outputs": [label[slot] for slot in graph.outputs],
        }

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Description:
        unknown = [key for key in options if key not in ("name", "inputs", "layers", "calls", "outputs")]
        if unknown:
            raise SpecError(
                "JSON: a Model",
                wanted='the keys "name", "inputs", "layers", "calls", "outputs"',
                got=shown(unknown[0]),
                fix="write the text with to_json",
            )
        shapes = record_entry(options, "inputs", dict)
        inputs = {name: Input(record_entry(shapes, name, list), name=name) for name in shapes}
        layers = {
            name: record_layer(entry, f"layer {name!r}")
            for name, entry in record_entry(options, "layers", dict).items()
        }
        values: dict[str, Value] = dict(inputs)
        uses: dict[str, int] = {}
        for call in record_entry(options, "calls", list):
            if not isinstance(call, dict):
                raise SpecError(
                    'JSON: "calls"', wanted='{"layer": …, "of": […]}', got=shown(call), fix="write it with to_json"
                )
            owner = record_entry(call, "layer", str)
            sources = [record_lookup(values, name, "value") for name in record_entry(call, "of", list)]
            made = apply(record_lookup(layers, owner, "layer"), sources)
            uses[owner] = uses.get(owner, 0) + 1
            name = owner if uses[owner] == 1 else f"{owner}#{uses[owner]}"
            outs = made if isinstance(made, tuple) else (made,)
            values |= {name: outs[0]} if len(outs) == 1 else {f"{name}:{k}": v for k, v in enumerate(outs)}
        outputs = [record_lookup(values, name, "value") for name in record_entry(options, "outputs", list)]
        return cls(inputs=tuple(inputs.values()), outputs=outputs, name=options.get("name"))


register("layer", Model)


def _entries(given: Any) -> tuple[Any, ...]:
    try:
        return tuple(given)
    except TypeError:  # None, a number, an array without axes
        return (given,)


def _values(given: Any, what: str) -> tuple[Value, ...]:
    """One value, or several in one row, tuples among them (an LSTM's state) taken apart."""
    row = (given,) if isinstance(given, Value) else _entries(given)
    values = tuple(v for entry in row for v in (entry if isinstance(entry, tuple) else (entry,)))
    wrong = [v for v in values if not isinstance(v, Value) or (what == "inputs" and v.call is not None)]
    if wrong or not values:
        raise SpecError(
            f"Model({what}=…)",
            wanted="ig.Input values" if what == "inputs" else "graph values",
            got=shown(wrong[0]) if wrong else "none",
            fix="ig.Model(inputs=ig.Input(…), outputs=…)",
        )
    if what == "inputs" and len({id(v) for v in values}) != len(values):
        raise SpecError("Model(inputs=…)", wanted="each Input once", got="one of them twice", fix="drop one")
    return values


def _input_names(inputs: Sequence[Value]) -> list[str]:
    names = [getattr(v, "name", None) or (f"input_{k}" if k else "input") for k, v in enumerate(inputs)]
    if len(set(names)) != len(names):
        raise SpecError("Model(inputs=…)", wanted="a name of its own for every input", got=f"{names}", fix="rename one")
    return [checked_name(name, "Input") for name in names]
