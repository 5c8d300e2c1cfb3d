"""From whole numbers (words, characters, classes) to vectors."""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar

from pydantic import InstanceOf

from isograd.core.base.description import Count, Int, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.initializers import Fans, Initializer, Normal, Weight
from isograd.core.base.types import Shape
from isograd.core.layers.base import Layer


@describes("layer")
class Embedding(Layer):
    """y = W[x]: row x of the table for every number x          x (N, …) in 0…num_embeddings−1 → y (N, …, embedding_dim)

    weight (num_embeddings, embedding_dim), at first N(0, 1). The row `padding_idx` starts at 0 and gets no gradient,
    so that what stands there for "no word" stays 0; −1 is the last row.
    """

    num_embeddings: Count = field(kw_only=False)
    embedding_dim: Count = field(kw_only=False)
    padding_idx: Int | None = None
    weight_init: InstanceOf[Initializer] = field(default_factory=Normal)
    any_axes: ClassVar[bool] = True

    def __post_init__(self) -> None:
        row, rows = self.padding_idx, self.num_embeddings
        if row is not None and not -rows <= row < rows:
            raise SpecError(
                repr(self), wanted=f"padding_idx in −{rows}…{rows - 1}", got=f"{row}", fix="name a row of the table"
            )

    @property
    def padding_row(self) -> int | None:
        """`padding_idx`, counted from the first row."""
        return None if self.padding_idx is None else self.padding_idx % self.num_embeddings

    def integer_inputs(self, *x: Shape) -> dict[int, range]:
        return {0: range(self.num_embeddings)}

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        return ((*x[0], self.embedding_dim),)

    def weights(self, *x: Shape) -> dict[str, Weight]:
        shape = (self.num_embeddings, self.embedding_dim)
        return {"weight": Weight(shape, self.weight_init, Fans(*shape), frozen_row=self.padding_row)}


@describes("layer")
class OneHot(Layer):
    """y[…, c] = 1 where c = x, else 0          x (N, …) in 0…num_classes−1 → y (N, …, num_classes)"""

    num_classes: Count = field(kw_only=False)
    any_axes: ClassVar[bool] = True

    def integer_inputs(self, *x: Shape) -> dict[int, range]:
        return {0: range(self.num_classes)}

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        return ((*x[0], self.num_classes),)
