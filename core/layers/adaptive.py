"""Pooling over a grid of windows that adapts to the input's size, and over all places."""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar

from isograd.core.base.description import describes
from isograd.core.base.forms import Form
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.pool import located
from isograd.core.layers.windows import Grid, check_lengths, check_rank, per_axis


@describes("layer", abstract=True)
class AdaptivePooling(Layer):
    """output_size windows on each axis, whatever the input's size: window p holds ⌊p·H/P⌋ … ⌈(p+1)·H/P⌉ − 1

    None for an axis: as many windows as it has places.
    """

    output_size: Grid = field(kw_only=False)

    axes: ClassVar[int] = 0

    def __post_init__(self) -> None:
        check_lengths(repr(self), self.axes, output_size=self.output_size)

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        check_rank(shape, self.axes)
        grid = per_axis(self.output_size, self.axes)
        return ((shape[0], *(size if out is None else out for size, out in zip(shape[1:], grid, strict=True))),)


@describes("layer")
class AdaptiveAvgPool1d(AdaptivePooling):
    """y[n,c,q] = mean of x over window q          x (N, C, W) → y (N, C, Q)"""

    axes: ClassVar[int] = 1


@describes("layer")
class AdaptiveAvgPool2d(AdaptivePooling):
    """y[n,c,p,q] = mean of x over window p, q          x (N, C, H, W) → y (N, C, P, Q)"""

    axes: ClassVar[int] = 2


@describes("layer")
class AdaptiveAvgPool3d(AdaptivePooling):
    """AdaptiveAvgPool2d with a third axis in front: x (N, C, D, H, W) → y (N, C, …)"""

    axes: ClassVar[int] = 3


@describes("layer", abstract=True)
class AdaptiveMaxPooling(AdaptivePooling):
    """The first of equal maxima gets the whole gradient; NaN beats every number.

    return_indices=True: a second output, where in its channel each maximum stands, as ig.MaxPool2d has it.
    """

    return_indices: bool = False

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        (form,) = super().out_forms(*x)
        return located(form, self.return_indices)


@describes("layer")
class AdaptiveMaxPool1d(AdaptiveMaxPooling):
    """y[n,c,q] = max of x over window q, the first of equal ones          x (N, C, W) → y (N, C, Q)"""

    axes: ClassVar[int] = 1


@describes("layer")
class AdaptiveMaxPool2d(AdaptiveMaxPooling):
    """y[n,c,p,q] = max of x over window p, q, the first of equal ones          x (N, C, H, W) → y (N, C, P, Q)"""

    axes: ClassVar[int] = 2


@describes("layer")
class AdaptiveMaxPool3d(AdaptiveMaxPooling):
    """AdaptiveMaxPool2d with a third axis in front: x (N, C, D, H, W) → y (N, C, …)"""

    axes: ClassVar[int] = 3


@describes("layer")
class GlobalAvgPool(Layer):
    """y[n,c] = mean of x[n,c,…] over every place          x (N, C, …) → y (N, C)"""

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        if len(shape) < 2:
            raise Misfit("(N, C, …) with places to average", shape_text(shape), "drop this layer")
        return ((shape[0],),)
