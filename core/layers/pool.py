"""Pooling: each channel's places summed up window by window, or over an adaptive grid, or as a whole."""

from __future__ import annotations

from dataclasses import field
from typing import Any, ClassVar

from isograd.core.base.description import describes
from isograd.core.base.errors import SpecError
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.windows import (
    Axis,
    Margins,
    Sizes,
    check_fits,
    check_lengths,
    check_rank,
    per_axis,
    span,
)


@describes("layer", abstract=True)
class Pooling(Layer):
    """Windows of kernel_size places, `stride` apart (default: kernel_size), `padding` on both sides.

    ceil_mode=True lets the last window hang over the end, as long as it starts inside the input or its left padding.
    """

    kernel_size: Sizes = field(kw_only=False)
    stride: Sizes | None = None
    padding: Margins = 0
    ceil_mode: bool = False

    axes: ClassVar[int] = 0

    @property
    def kernel(self) -> tuple[int, ...]:
        return per_axis(self.kernel_size, self.axes)

    @property
    def holes(self) -> tuple[int, ...]:
        """The dilation on each axis."""
        return (1,) * self.axes

    def __post_init__(self) -> None:
        sizes: dict[str, Any] = {name: getattr(self, name) for name in ("kernel_size", "stride", "padding")}
        check_lengths(repr(self), self.axes, **sizes)
        for pad, k in zip(per_axis(self.padding, self.axes), self.kernel, strict=True):
            if pad > k // 2:
                raise SpecError(
                    repr(self),
                    wanted="padding of at most half the kernel_size, as torch",
                    got=f"{pad} for {k}",
                    fix=f"padding={k // 2} at most, or a ZeroPad2d before this layer",
                )

    def windows(self, shape: Shape) -> tuple[Axis, ...]:
        """The windows on each axis for a sample of this shape."""
        steps = self.kernel if self.stride is None else per_axis(self.stride, self.axes)
        rows = zip(shape[1:], self.kernel, steps, self.holes, per_axis(self.padding, self.axes), strict=True)
        return tuple(Axis(size, k, s, d, p, p, self._count(size, k, s, d, p)) for size, k, s, d, p in rows)

    def _count(self, size: int, k: int, s: int, d: int, p: int) -> int:
        free = size + 2 * p - span(k, d)
        if not self.ceil_mode:
            return free // s + 1
        count = -(-free // s) + 1
        return count - 1 if (count - 1) * s >= size + p else count

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        check_rank(shape, self.axes)
        axes = self.windows(shape)
        check_fits(shape, axes)
        return ((shape[0], *(axis.out for axis in axes)),)


@describes("layer", abstract=True)
class MaxPooling(Pooling):
    """The first of equal maxima (in row-major order) gets the whole gradient, as in torch; NaN beats every number.

    Padding holds −∞, so it is never chosen.
    """

    dilation: Sizes = 1

    def __post_init__(self) -> None:
        check_lengths(repr(self), self.axes, dilation=self.dilation)
        super().__post_init__()

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        shapes = super().out_shapes(*x)
        if any(map(_misses, self.windows(x[0]))):
            raise Misfit(
                "a place of the input in every window",
                f"a window of padding alone over {shape_text(x[0])}",
                "less padding= or dilation=",
            )
        return shapes

    @property
    def holes(self) -> tuple[int, ...]:
        return per_axis(self.dilation, self.axes)


def _misses(axis: Axis) -> bool:
    """Whether some window lies on padding alone: one that starts behind the input, or whose holes leap over it.

    Padding being at most half a kernel, a window that starts before the input reaches its first places.
    """
    last = axis.stride * (axis.out - 1) - axis.before
    leaping = range(-axis.before, min(0, last + 1), axis.stride) if axis.size < axis.dilation else ()
    return last >= axis.size or any(start % axis.dilation >= axis.size for start in leaping)


@describes("layer")
class MaxPool1d(MaxPooling):
    """y[n,c,q] = max over v < V of x[n,c,s·q+d·v−padding]          x (N, C, W) → y (N, C, Q)

    Q = ⌊(W + 2·padding − d·(V−1) − 1)/s⌋ + 1, rounded up with ceil_mode
    """

    axes: ClassVar[int] = 1


@describes("layer")
class MaxPool2d(MaxPooling):
    """y[n,c,p,q] = max over u < U, v < V of x[n,c,s·p+d·u−padding,s·q+d·v−padding]

    x (N, C, H, W) → y (N, C, P, Q),   P = ⌊(H + 2·padding − d·(U−1) − 1)/s⌋ + 1 (ceil_mode: rounded up), Q alike
    """

    axes: ClassVar[int] = 2


@describes("layer")
class MaxPool3d(MaxPooling):
    """MaxPool2d with a third axis in front: x (N, C, D, H, W) → y (N, C, …)"""

    axes: ClassVar[int] = 3


@describes("layer", abstract=True)
class AvgPooling(Pooling):
    """The mean of each window. Its divisor counts the padding too, unless count_include_pad=False;
    what hangs over the padded input (ceil_mode) is never counted.
    """

    count_include_pad: bool = True


@describes("layer")
class AvgPool1d(AvgPooling):
    """y[n,c,q] = Σ over v < V of x[n,c,s·q+v−padding] / count          x (N, C, W) → y (N, C, Q), Q as MaxPool1d"""

    axes: ClassVar[int] = 1


@describes("layer")
class AvgPool2d(AvgPooling):
    """y[n,c,p,q] = Σ over u < U, v < V of x[n,c,s·p+u−padding,s·q+v−padding] / count

    x (N, C, H, W) → y (N, C, P, Q), P and Q as MaxPool2d
    """

    axes: ClassVar[int] = 2


@describes("layer")
class AvgPool3d(AvgPooling):
    """AvgPool2d with a third axis in front: x (N, C, D, H, W) → y (N, C, …); no axis is shorter than its kernel"""

    axes: ClassVar[int] = 3

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        shapes = super().out_shapes(*x)
        if any(size < k for size, k in zip(x[0][1:], self.kernel, strict=True)):
            raise Misfit(
                f"at least {self.kernel} places, padding not counted, as torch",
                shape_text(x[0]),
                "a smaller kernel_size=",
            )
        return shapes


@describes("layer", abstract=True)
class AdaptivePooling(Layer):
    """output_size windows on each axis, whatever the input's size: window p holds ⌊p·H/P⌋ … ⌈(p+1)·H/P⌉ − 1"""

    output_size: Sizes = field(kw_only=False)

    axes: ClassVar[int] = 0

    def __post_init__(self) -> None:
        check_lengths(repr(self), self.axes, output_size=self.output_size)

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        check_rank(shape, self.axes)
        return ((shape[0], *per_axis(self.output_size, self.axes)),)


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


@describes("layer")
class AdaptiveMaxPool2d(AdaptivePooling):
    """y[n,c,p,q] = max of x over window p, q, the first of equal ones          x (N, C, H, W) → y (N, C, P, Q)"""

    axes: ClassVar[int] = 2


@describes("layer")
class GlobalAvgPool(Layer):
    """y[n,c] = mean of x[n,c,…] over every place          x (N, C, …) → y (N, C)"""

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        if len(shape) < 2:
            raise Misfit("(N, C, …) with places to average", shape_text(shape), "drop this layer")
        return ((shape[0],),)
