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
    """The fewest rows that a model trains on, or is evaluated on, and the first node that cannot do with fewer."""

    def __init__(self, model: Composite, *, training: bool = True) -> None:
        self.training = training
        self.in_evaluation = Fewest(model, training=False) if training else self
        self.rows, self.path, self.layer, self.shape = 1, "", None, ()  # type: tuple[int, str, Layer | None, Shape]
        for path, layer, shapes in nodes(model, model.input_shapes):
            least = layer.least_rows(*shapes, training=training)
            if least > self.rows:
                self.rows, self.path, self.layer, self.shape = least, path, layer, shapes[0]

    @property
    def where(self) -> str:
        return f"{self.path}: {self.layer!r}"

    def error(self, rows: int) -> ShapeError:
        """What there is to say of a batch of too few."""
        return ShapeError(
            self.where,
            wanted=f"more than one value for each channel{' in training' if self.training else ''}",
            got=f"a batch {(rows, *self.shape)}",
            fix="a larger batch, or drop_last=True where the last holds one sample"
            if self.training
            else "a batch_size= that leaves no single row, or track_running_stats=True",
        )

    def check(self, rows: int, *, training: bool = True) -> None:
        """ShapeError where a batch has too few; of none nothing is computed unless training needs several."""
        held = self if training else self.in_evaluation
        if rows < held.rows and (rows or (training and held.layer is not None)):
            raise held.error(rows)


def nodes(
    model: Composite, shapes: tuple[Shape, ...], path: str = ""
) -> Iterator[tuple[str, Layer, tuple[Shape, ...]]]:
    """(path, layer, input shapes) of every node in execution order, those of models inside included."""
    for node in model.graph(*shapes).nodes:
        if isinstance(node.layer, Composite):
            yield from nodes(node.layer, node.in_shapes, f"{path}{node.name}.")
        else:
            yield f"{path}{node.name}", node.layer, node.in_shapes
