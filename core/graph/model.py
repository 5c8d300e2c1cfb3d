"""The graph of named nodes as a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from isograd.core.base.description import Description, register
from isograd.core.base.errors import SpecError, shown
from isograd.core.base.forms import Form
from isograd.core.base.types import Shape, shape_text
from isograd.core.graph.composite import Composite, fitted
from isograd.core.graph.names import check_paths, check_tied, checked_name, name_layers
from isograd.core.graph.nodes import Graph
from isograd.core.graph.record import as_entry, read, written
from isograd.core.graph.resolve import calls_between, resolve
from isograd.core.graph.values import Input, Value, apply
from isograd.core.layers.base import Layer, Misfit


class Model(Composite):
    """A graph of named nodes between `inputs` and `outputs` (one value, or a sequence of them, states as they come).

    Nodes are named by their layer's `name=`, else by kind (linear, linear_1). A layer called twice shares
    its weights. A model is a layer: call it on values to put it inside another model. Inputs, ig.Parameters and
    ig.Buffers that are `kept` belong to it though they feed no output. `evaluation` names the outputs, by
    position, that evaluation gives where training gives more (auxiliary heads); what only those need runs in training.
    `tied` {another name: path} are further names of weights and buffers: `state_dict` gives them as well, and
    `load_state_dict` takes either name.
    """

    def __init__(
        self,
        *,
        inputs: Value | Sequence[Any],
        outputs: Value | Sequence[Any],
        name: str | None = None,
        kept: Sequence[Value] = (),
        evaluation: Sequence[int] | None = None,
        tied: Mapping[str, str] | None = None,
    ) -> None:
        starts, ends = _values(inputs, "inputs"), _values(outputs, "outputs")
        calls, entries = calls_between(starts, ends, "Model", kept)
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
        chosen = _chosen(evaluation, len(ends))
        check_paths([*labels, *names.values()], [entry.name for entry in entries])
        object.__setattr__(
            self, "_graph", resolve(starts, labels, ends, names, "Model", kept, chosen, tuple(dict(tied or {}).items()))
        )
        if tied:
            check_tied(tied, {**self.weights(*self.input_shapes), **self.buffers(*self.input_shapes)})

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

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        """As its own outputs are, for its own inputs; for other rows of samples as many rows.

        Raises Misfit inside another model where evaluation has fewer outputs: a graph around it has one form.
        """
        if self._graph.evaluation is not None:
            wanted = "a model that gives the same outputs in training and in evaluation"
            got = f"one whose evaluation gives {len(self._graph.evaluation)} of {len(self._graph.outputs)}"
            raise Misfit(wanted, got, "build the outer model of the layers themselves")
        if x == self._graph.input_forms:
            return self._graph.out_forms
        odd = [form for form in self._graph.out_forms if not form.batch_first or form.kind != "float"]
        if odd:  # of rows of another number nothing is known of them
            wanted = f"inputs {' and '.join(map(str, self._graph.input_forms))}: an output is {odd[0]}"
            raise Misfit(wanted, " and ".join(map(str, x)), "change the model's Input, or what feeds it")
        return super().out_forms(*x)

    def _fitted(self, *x: Shape) -> Model:
        graph = self._graph
        if x == graph.input_shapes:
            return self
        inputs = tuple(
            Input(shape, name=name, kind=form.kind)
            for shape, name, form in zip(x, graph.input_names, graph.input_forms, strict=True)
        )
        entries = [as_entry(entry) for entry in graph.entries]
        values: dict[int, Value] = dict(enumerate((*inputs, *entries)))
        layers: dict[str, Layer] = {}
        for node in graph.nodes:
            sources = [values[slot] for slot in node.reads]
            if node.owner not in layers:
                layers[node.owner] = fitted(node.layer, *(value.shape for value in sources))
            made = apply(layers[node.owner], sources, {name: values[slot] for name, slot in node.given})
            values |= zip(node.writes, made if isinstance(made, tuple) else (made,), strict=True)
        outputs = [values[slot] for slot in graph.outputs]
        return Model(
            inputs=inputs,
            outputs=outputs,
            name=self.name,
            kept=(*inputs, *entries),
            evaluation=graph.evaluation,
            tied=dict(graph.tied),
        )

    def to_dict(self) -> dict[str, Any]:
        return {"layer": "Model", "name": self.name, **written(self._graph)}

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Description:
        return cls(**read(options), name=options.get("name"))


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


def _chosen(evaluation: Sequence[int] | None, count: int) -> tuple[int, ...] | None:
    """Positions among the outputs; None for all."""
    if evaluation is None:
        return None
    found = tuple(evaluation) if isinstance(evaluation, (list, tuple)) else ()
    if not found or len(set(found)) != len(found) or not all(type(k) is int and 0 <= k < count for k in found):
        wanted = f"positions among the {count} outputs, each once"
        raise SpecError("Model(evaluation=…)", wanted=wanted, got=shown(evaluation), fix="evaluation=[0]")
    return None if found == tuple(range(count)) else found


def _input_names(inputs: Sequence[Value]) -> list[str]:
    names = [getattr(v, "name", None) or (f"input_{k}" if k else "input") for k, v in enumerate(inputs)]
    if len(set(names)) != len(names):
        raise SpecError("Model(inputs=…)", wanted="a name of its own for every input", got=f"{names}", fix="rename one")
    return [checked_name(name, "Input") for name in names]
