"""Layers made of layers, and what their JSON records must hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import prod
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from isograd.core.base.description import from_dict
from isograd.core.base.errors import ShapeError, SpecError, shortened, shown
from isograd.core.base.forms import Form, dtype_of
from isograd.core.base.initializers import Weight
from isograd.core.base.limits import CALLS, LEVELS
from isograd.core.base.types import Shape
from isograd.core.graph.nodes import Graph, Node
from isograd.core.graph.values import Input
from isograd.core.layers.base import Layer

T = TypeVar("T")


class Composite(Layer):
    """A layer made of layers: its weights are theirs, under dotted names."""

    min_inputs: ClassVar[int] = 1
    max_inputs: ClassVar[int | None] = None

    def graph(self, *x: Shape) -> Graph:
        """The resolved graph for inputs of these shapes."""
        raise NotImplementedError

    @property
    def parts(self) -> Sequence[Layer]:
        """The layers that it is made of, one for each call."""
        raise NotImplementedError

    @cached_property
    def calls(self) -> int:
        return sum(part.calls for part in self.parts)

    @cached_property
    def levels(self) -> int:
        return 1 + max((part.levels for part in self.parts), default=0)

    def check_extent(self) -> None:
        """Raise SpecError for a model that is nested too deeply, or calls too many layers."""
        kind = type(self).__name__
        if self.levels > LEVELS:
            raise SpecError(
                kind, wanted=f"at most {LEVELS} models within each other", got=f"{self.levels}", fix="nest fewer"
            )
        if self.calls > CALLS:
            raise SpecError(
                kind,
                wanted=f"at most {CALLS:,} calls of layers, inner models' and repeated ones' included",
                got=f"{self.calls:,}",
                fix="repeat less, or compute a part of it as one layer (ig.GRU steps through a sequence by itself)",
            )

    @cached_property
    def memo(self) -> dict[Any, Graph]:
        """{input shapes: graph}, as it was resolved for them: this object's own, and no place for engines."""
        return {}

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """The inputs' shapes, where the model knows them itself."""
        raise NotImplementedError

    def with_input_shapes(self, *shapes: Sequence[int]) -> Self:
        """The same layers and names for inputs of other shapes (one step instead of 25), so the same `state_dict`.

        Raises ShapeError where a layer does not take them, or would need weights of another shape.
        """
        where = f"with_input_shapes({', '.join(map(shown, shapes))})"
        if len(shapes) != len(self.input_shapes):
            raise ShapeError(
                where,
                wanted=f"{len(self.input_shapes)} shapes, one an input",
                got=f"{len(shapes)}",
                fix=f"as {', '.join(map(str, self.input_shapes))}, without the batch axis",
            )
        made = self._fitted(*(Input(shape).shape for shape in shapes))
        before, after = (
            {path: w.shape for path, w in (model.weights(*x) | model.buffers(*x)).items()}
            for model, x in ((self, self.input_shapes), (made, made.input_shapes))
        )
        if after != before:
            path = next(path for path in before if after.get(path) != before[path])
            raise ShapeError(
                where,
                wanted=f"shapes that leave every weight as it is: {path} {before[path]}",
                got=f"{after.get(path)}",
                fix="change axes that no weight spans, such as the number of steps",
            )
        return made

    def _fitted(self, *x: Shape) -> Self:
        """This model for inputs of these shapes; itself where it infers them anyway."""
        return self

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        return self.graph(*x).out_shapes

    def weights(self, *x: Shape) -> dict[str, Weight]:
        return self._collect("weights", *x)

    def buffers(self, *x: Shape) -> dict[str, Weight]:
        return self._collect("buffers", *x)

    def tied(self, *x: Shape) -> dict[str, str]:
        """{another name: path} of the weights and buffers that have several, those of inner models among them."""
        graph = self.graph(*x)
        inner = [(n.owner, n.layer, n.in_shapes) for n in graph.nodes if isinstance(n.layer, Composite)]
        found = {
            f"{owner}.{name}": f"{owner}.{path}"
            for owner, layer, shapes in inner
            for name, path in layer.tied(*shapes).items()
        }
        return dict(graph.tied) | found

    def _collect(self, what: str, *x: Shape) -> dict[str, Weight]:
        graph = self.graph(*x)
        held = {entry.path: entry.weight for entry in graph.entries if entry.trained == (what == "weights")}
        return held | {
            f"{node.owner}.{name}": weight
            for node in graph.nodes
            if node.name == node.owner
            for name, weight in getattr(node, what).items()
        }

    def integer_inputs(self, *x: Shape) -> dict[int, range]:
        """Of each input that some node counts with: the numbers that all of them know."""
        return self.graph(*x).integer_inputs

    def input_dtypes(self, dtype: np.dtype[np.floating]) -> tuple[np.dtype[Any], ...]:
        """What a network of `dtype` turns each input into: `dtype` itself, or int64 where numbers are counted with."""
        integers = self.integer_inputs(*self.input_shapes)
        kinds = ("integer" if k in integers else form.kind for k, form in enumerate(self.input_forms))
        return tuple(dtype_of(kind, dtype) for kind in kinds)

    @property
    def input_forms(self) -> tuple[Form, ...]:
        """The inputs' axes and kinds."""
        return self.graph(*self.input_shapes).input_forms

    @property
    def batch_first(self) -> bool:
        """Whether every input is a batch of samples, as inputs of a whole model are."""
        return self.graph(*self.input_shapes).batch_first

    def rows(self, inputs: Sequence[Any]) -> int:
        """N, as these inputs show it; 1 where none grows with the batch."""
        if self.batch_first:
            return len(inputs[0])
        found = (form.rows_of(x.shape) for form, x in zip(self.input_forms, inputs, strict=True))
        return next((rows for rows in found if rows), 1)

    def summary(self) -> str:
        """One line a node: name, layer, output shape, number of weights."""
        graph = self.graph(*self.input_shapes)
        rows = [(n, "Input", str(form), "") for n, form in zip(graph.input_names, graph.input_forms, strict=True)]
        for entry in graph.entries:
            told = f"{prod(entry.weight.shape):,} weights" if entry.trained else ""
            rows.append((entry.path, "Parameter" if entry.trained else "Buffer", str(entry.form), told))
        for node in graph.nodes:
            size = sum(prod(w.shape) for w in node.weights.values()) if node.name == node.owner else 0
            shapes = ", ".join(map(str, node.out_forms))
            title = type(node.layer).__name__ if isinstance(node.layer, Composite) else repr(node.layer)
            rows.append((node.name, title, shapes, f"{size:,} weights" if size else ""))
        widths = [max(len(row[k]) for row in rows) for k in range(3)]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, [*widths, 0], strict=True)).rstrip() for row in rows]
        total = sum(prod(w.shape) for w in self.weights(*self.input_shapes).values())
        return "\n".join([*lines, f"{total:,} weights in all"])


def fitted(layer: Layer, *x: Shape) -> Layer:
    """The layer itself, or a model inside a model made for inputs of these shapes."""
    return layer._fitted(*x) if isinstance(layer, Composite) else layer


def leaves(
    graph: Graph, prefix: str = "", owner_prefix: str = "", *, once: bool = False
) -> Iterator[tuple[str, str, Node]]:
    """Every node that is not itself a graph, as (path, path of its weights, node), in execution order.

    With `once` a layer that is called again is passed over, and so is what is in it.
    """
    for node in graph.nodes:
        if once and node.name != node.owner:
            continue
        path, owner = prefix + node.name, owner_prefix + node.owner
        if isinstance(node.layer, Composite):
            yield from leaves(node.layer.graph(*node.in_shapes), f"{path}.", f"{owner}.", once=once)
        else:
            yield path, owner, node


def check_sharing(model: Composite) -> None:
    """A layer object may be shared within one graph; in two graphs its weights would have two names."""
    owners: dict[int, str] = {}
    for path, owner, node in leaves(model.graph(*model.input_shapes), once=True):
        if node.weights and owners.setdefault(id(node.layer), owner) != owner:
            raise SpecError(
                f"{path}, {node.layer!r}",
                wanted="a layer object in one graph only",
                got=f"the same object at {owners[id(node.layer)]}",
                fix="make the part that shares it a model of its own, and call that model twice",
            )


def record_entry(record: Mapping[str, Any], key: str, kind: type[T]) -> T:
    """record[key], which must be a `kind`."""
    entry = record.get(key)
    if isinstance(entry, (list, dict)) and len(entry) > CALLS:
        raise SpecError(
            f'JSON: "{key}"', wanted=f"at most {CALLS:,} entries", got=f"{len(entry):,}", fix="fewer layers"
        )
    if not isinstance(entry, kind):
        got = type(entry).__name__ if key in record else "nothing"
        raise SpecError(
            f'JSON: "{shortened(key, 100)}"', wanted=f"a {kind.__name__}", got=got, fix="write the text with to_json"
        )
    return entry


def record_lookup(table: Mapping[str, T], name: object, what: str) -> T:
    """table[name], which must exist."""
    if not isinstance(name, str) or name not in table:
        known = ", ".join(table) or "none"
        raise SpecError(f"JSON: {what} {shown(name)}", wanted=f"one of {known}", got=shown(name), fix="mend the name")
    return table[name]


def record_layer(record: Any, where: str) -> Layer:
    """The layer that a record describes."""
    made = from_dict(record, where) if isinstance(record, dict) else record
    if not isinstance(made, Layer):
        raise SpecError(where, wanted='an object with the key "layer"', got=shown(record), fix="write it with to_json")
    return made
