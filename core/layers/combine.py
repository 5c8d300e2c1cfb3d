"""Layers that join several values. Also written as operators: a + b, a - b, a * b, a @ b."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from isograd.core.base.description import Int, describes
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit, resolve_axis


def broadcast(*x: Shape) -> tuple[Shape, ...]:
    """Samples of equal rank whose axes are equal or 1, as NumPy broadcasts."""
    try:
        if len({len(shape) for shape in x}) != 1:
            raise ValueError
        return (np.broadcast_shapes(*x),)
    except ValueError:
        raise Misfit(
            "shapes of equal rank whose axes are equal or 1",
            " and ".join(map(shape_text, x)),
            "bring them to one shape with Linear, Reshape or Flatten",
        ) from None


@describes("layer")
class Add(Layer):
    """y = a + b + …          all (N, …), axes equal or 1"""

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = None

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        return broadcast(*x)


@describes("layer")
class Subtract(Layer):
    """y = a − b          both (N, …), axes equal or 1"""

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 2

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        return broadcast(*x)


@describes("layer")
class Multiply(Layer):
    """y = a ⊙ b ⊙ …          all (N, …), axes equal or 1"""

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = None

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        return broadcast(*x)


@describes("layer")
class MatMul(Layer):
    """y = a b, sample by sample          a (N, …, i, k), b (N, …, k, j) → y (N, …, i, j)"""

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 2

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        a, b = x
        if len(a) < 2 or len(a) != len(b) or a[:-2] != b[:-2] or a[-1] != b[-2]:
            raise Misfit(
                "a (N, …, i, k) and b (N, …, k, j)",
                f"{shape_text(a)} and {shape_text(b)}",
                "reshape or transpose one of them, so that a's last axis is b's last but one",
            )
        return ((*a[:-1], b[-1]),)


@describes("layer")
class Concat(Layer):
    """y = values one after the other along `dim` (counting the batch, as torch.cat)

    a (N, i, …), b (N, j, …) → y (N, i+j, …) for dim=1
    """

    dim: Int = 1
    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = None

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        axis = resolve_axis(self.dim, x[0])
        rest = {(len(shape), *shape[:axis], *shape[axis + 1 :]) for shape in x}
        if len(rest) != 1:
            raise Misfit(
                f"shapes that agree in all axes but {self.dim}",
                " and ".join(map(shape_text, x)),
                "bring the other axes to one size",
            )
        return ((*x[0][:axis], sum(shape[axis] for shape in x), *x[0][axis + 1 :]),)
