"""Layers that move values without changing them."""

from __future__ import annotations

from dataclasses import field
from math import prod

from isograd.core.base.description import Dims, Int, describes
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit, Pointwise, resolve_axis


@describes("layer")
class Identity(Pointwise):
    """y = x          x (N, …) → y (N, …)"""


@describes("layer")
class Flatten(Layer):
    """Axes start_dim … end_dim become one.          x (N, a, b, c) → y (N, a·b·c)

    The axes count the batch as torch.nn.Flatten's do; the batch axis itself is never flattened.
    """

    start_dim: Int = 1
    end_dim: Int = -1

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        if not shape and (self.start_dim, self.end_dim) == (1, -1):
            return ((1,),)
        start, end = resolve_axis(self.start_dim, shape), resolve_axis(self.end_dim, shape)
        if end < start:
            raise Misfit("start_dim before end_dim", f"{self.start_dim} after {self.end_dim}", "swap them")
        return ((*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :]),)


@describes("layer")
class Reshape(Layer):
    """The same values, row-major, as (N, *shape); one entry may be −1.          x (N, …) → y (N, *shape)"""

    shape: Dims = field(kw_only=False)

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        return (filled_in(self.shape, prod(x[0]), "the input", x[0]),)


def filled_in(shape: Shape, size: int, of: str, given: Shape) -> Shape:
    """The shape, its −1 the number that makes `size` values of it, as many as `of` has; Misfit where none does."""
    known, free = prod(d for d in shape if d != -1), shape.count(-1)
    fits = free <= 1 and min(shape, default=1) >= -1 and 0 not in shape
    if not fits or (size % known if free else size != known):
        raise Misfit(
            f"a shape of {size} values, as {of} has",
            f"{shape}",
            f"change the shape, or what feeds it {shape_text(given)}; one entry may be -1",
        )
    return tuple(size // known if d == -1 else d for d in shape)


@describes("layer")
class Unflatten(Layer):
    """Axis `dim` becomes the axes unflattened_size, in reading order; one entry may be −1.

    x (N, a·b, c) → y (N, a, b, c) for dim=1. The axes count the batch as torch.nn.Unflatten's do; the batch axis itself
    stays. Flatten is the way back.
    """

    dim: Int = field(kw_only=False)
    unflattened_size: Dims = field(kw_only=False)

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        axis = resolve_axis(self.dim, shape)
        places = filled_in(self.unflattened_size, shape[axis], f"axis {self.dim}", shape)
        return ((*shape[:axis], *places, *shape[axis + 1 :]),)
