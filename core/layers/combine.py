"""Layers that join several values. Also written as operators: a + b, a - b, a * b, a @ b."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from isograd.core.base.description import Int, describes
from isograd.core.base.forms import Form, Rows, Size
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit, axis_at, made_of


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
    """y = values one after the other along `dim`, which counts every axis, as torch.cat

    a (N, i, …), b (N, j, …) → y (N, i+j, …) for dim=1; (N, …) and (2N, …) → (3N, …) for dim=0
    """

    dim: Int = 1
    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = None

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        self.check_count(len(x))
        axis = axis_at(self.dim, x[0])
        rest = {(len(form.axes), *form.axes[:axis], *form.axes[axis + 1 :], form.kind) for form in x}
        if len(rest) != 1:
            kinds = {form.kind for form in x}
            raise Misfit(
                f"shapes that agree in all axes but {self.dim}" if len(kinds) == 1 else "values of one kind",
                " and ".join(map(str, x)),
                "bring the other axes to one size" if len(kinds) == 1 else "ig.Cast makes others of them",
            )
        sizes = [form.axes[axis] for form in x]
        counts = [size.times if isinstance(size, Rows) else size for size in sizes]
        grown = [isinstance(size, Rows) for size in sizes]
        if any(grown) and not all(grown):
            raise Misfit(
                f"on axis {self.dim} places that all grow with the batch, or none that do",
                " and ".join(map(str, x)),
                "Expand a value to the rows of the batch first",
            )
        total: Size = Rows(sum(counts)) if all(grown) else sum(counts)
        return (made_of((*x[0].axes[:axis], total, *x[0].axes[axis + 1 :]), x[0].kind),)
