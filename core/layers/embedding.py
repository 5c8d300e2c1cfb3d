"""From whole numbers (words, characters, classes) to vectors."""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar, Literal

from pydantic import InstanceOf

from isograd.core.base.description import Count, Int, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.initializers import Fans, Initializer, Normal, Weight
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit


@describes("layer", abstract=True)
class Lookup(Layer):
    """A table with a row for every number: weight (num_embeddings, embedding_dim), at first N(0, 1).

    The row `padding_idx` starts at 0 and gets no gradient, so that what stands there for "no word" stays 0; −1 is the
    last row. scale_grad_by_freq=True divides the gradient of every row by how often its number stands in the batch.
    """

    num_embeddings: Count = field(kw_only=False)
    embedding_dim: Count = field(kw_only=False)
    padding_idx: Int | None = None
    scale_grad_by_freq: bool = False
    weight_init: InstanceOf[Initializer] = field(default_factory=Normal)

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

    def weights(self, *x: Shape) -> dict[str, Weight]:
        shape = (self.num_embeddings, self.embedding_dim)
        row, scaled = self.padding_row, self.scale_grad_by_freq
        return {"weight": Weight(shape, self.weight_init, Fans(*shape), frozen_row=row, scaled=scaled)}


@describes("layer")
class Embedding(Lookup):
    """y = W[x]: row x of the table for every number x          x (N, …) in 0…num_embeddings−1 → y (N, …, embedding_dim)

    weight (num_embeddings, embedding_dim), at first N(0, 1). The row `padding_idx` starts at 0 and gets no gradient,
    so that what stands there for "no word" stays 0; −1 is the last row. scale_grad_by_freq=True divides the gradient of
    every row by how often its number stands in the batch. torch's max_norm, which changes the weight as it is read, is
    none of its options.
    """

    any_axes: ClassVar[bool] = True

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        return ((*x[0], self.embedding_dim),)


@describes("layer")
class EmbeddingBag(Lookup):
    """y = the rows of a bag of numbers in one: W[x] summed, averaged or largest entry by entry, over the bag's axis

    x (N, L) in 0…num_embeddings−1 → y (N, embedding_dim); weight (num_embeddings, embedding_dim)
    mode="sum": y = Σₗ s[n,l]·W[x[n,l]], s = 1, or a second input (N, L), torch's per_sample_weights: ds[n,l] = dy[n]·W
    mode="mean" (the default, as torch's and TensorFlow's embedding_lookup_sparse's): Σₗ W[x[n,l]] / L
    mode="max": the largest, of equal ones the first, which gets all of dy
    Numbers padding_idx are no part of a bag: not summed, not counted, not the largest; a bag of them alone is 0. Bags
    are as long as each other: torch's offsets, by which they are not, have no batch axis.
    """

    mode: Literal["sum", "mean", "max"] = "mean"

    max_inputs: ClassVar[int | None] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mode == "max" and self.scale_grad_by_freq:
            raise SpecError(
                repr(self),
                wanted='scale_grad_by_freq=False with mode="max", as torch',
                got="True",
                fix='mode="sum" or "mean", or drop it',
            )

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        if len(x[0]) != 1 or x[0] == (0,):
            raise Misfit("bags (N, L) of one number or more", shape_text(x[0]), "bring the numbers to this form")
        if len(x) > 1 and (self.mode != "sum" or x[1] != x[0]):
            wanted = f"a weight for every number, {shape_text(x[0])}" if self.mode == "sum" else "one input"
            raise Misfit(
                wanted, f'{shape_text(x[1])} with mode="{self.mode}"', 'mode="sum" takes weights of that shape'
            )
        return ((self.embedding_dim,),)


@describes("layer")
class OneHot(Layer):
    """y[…, c] = 1 where c = x, else 0          x (N, …) in 0…num_classes−1 → y (N, …, num_classes)"""

    num_classes: Count = field(kw_only=False)
    any_axes: ClassVar[bool] = True

    def integer_inputs(self, *x: Shape) -> dict[int, range]:
        return {0: range(self.num_classes)}

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        return ((*x[0], self.num_classes),)
