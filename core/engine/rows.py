"""How many rows a batch has, and must have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from isograd.core.base.errors import ShapeError, shown
from isograd.core.base.numbers import whole_number
from isograd.core.base.types import Shape
from isograd.core.graph.composite import Composite
from isograd.core.layers.base import Layer


def counted(call: str, name: str, number: Any) -> int:
    """The number as Python's own; SpecError unless it is a whole number of 1 or more."""
    return whole_number(number, f"{call}({name}={shown(number)})", least=1, fix=f"{name}=1")


class Fewest:
    """The fewest rows that a model trains on, and the first node that cannot do with fewer."""

    def __init__(self, model: Composite) -> None:
        self.rows, self.path, self.layer, self.shape = 1, "", None, ()  # type: tuple[int, str, Layer | None, Shape]
        for path, layer, shapes in nodes(model, model.input_shapes):
            if layer.least_rows(*shapes) > self.rows:
                self.rows, self.path, self.layer, self.shape = layer.least_rows(*shapes), path, layer, shapes[0]

    @property
    def where(self) -> str:
        return f"{self.path}: {self.layer!r}"

    def error(self, rows: int) -> ShapeError:
        """What there is to say of a batch of too few."""
        return ShapeError(
            self.where,
            wanted="more than one value for each channel in training",
            got=f"a batch {(rows, *self.shape)}",
            fix="a larger batch, or drop_last=True where the last holds one sample",
        )

    def check(self, rows: int) -> None:
        """ShapeError where a batch has too few; of none nothing is computed unless a layer needs several."""
        if rows < self.rows and (rows or self.layer is not None):
            raise self.error(rows)


def nodes(
    model: Composite, shapes: tuple[Shape, ...], path: str = ""
) -> Iterator[tuple[str, Layer, tuple[Shape, ...]]]:
    """(path, layer, input shapes) of every node in execution order, those of models inside included."""
    for node in model.graph(*shapes).nodes:
        if isinstance(node.layer, Composite):
            yield from nodes(node.layer, node.in_shapes, f"{path}{node.name}.")
        else:
            yield f"{path}{node.name}", node.layer, node.in_shapes
