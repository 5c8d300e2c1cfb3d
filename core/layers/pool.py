"""Pooling: each channel's places summed up window by window."""

from __future__ import annotations

from dataclasses import field
from math import inf
from typing import Any, ClassVar

from isograd.core.base.description import Int, Real, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.forms import Form
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


def slid(sizes: Shape, kernel: Shape, steps: Shape, holes: Shape, pads: Shape, ceil_mode: bool) -> tuple[Axis, ...]:
    """The windows on each axis."""
    made = []
    for size, k, s, d, p in zip(sizes, kernel, steps, holes, pads, strict=True):
        free = size + 2 * p - span(k, d)
        count = free // s + 1
        if ceil_mode and free % s and count * s < size + p:
            count += 1
        made.append(Axis(size, k, s, d, p, p, count))
    return tuple(made)


def located(form: Form, asked: bool) -> tuple[Form, ...]:
    """The largest of each window and, where asked for, the place of each."""
    return (form, Form(form.axes, "integer")) if asked else (form,)


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
        pads = per_axis(self.padding, self.axes)
        return slid(shape[1:], self.kernel, steps, self.holes, pads, self.ceil_mode)

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        check_rank(shape, self.axes)
        axes = self.windows(shape)
        check_fits(shape, axes)
        return ((shape[0], *(axis.out for axis in axes)),)


@describes("layer", abstract=True)
class MaxPooling(Pooling):
    """The first of equal maxima (in row-major order) gets the whole gradient, as in torch; NaN beats every number.

    Padding holds −∞, so it is never chosen. return_indices=True: a second output, int64: where in its channel each
    maximum stands, counted in reading order over the axes behind the channels, padding left out: torch's flat indices,
    which ig.MaxUnpool1d, 2d and 3d take.
    """

    dilation: Sizes = 1
    return_indices: bool = False

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

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        (form,) = super().out_forms(*x)
        return located(form, self.return_indices)

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

    @property
    def divisor(self) -> int | None:
        """What every window's sum is divided by, whatever it holds; None where its places are counted."""
        return None


@describes("layer", abstract=True)
class AvgPoolingByDivisor(AvgPooling):
    """AvgPooling; every window's sum is divided by `divisor_override` instead, where it is given."""

    divisor_override: Int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.divisor_override == 0:
            raise SpecError(repr(self), wanted="a divisor that is not 0", got="divisor_override=0", fix="drop it")

    @property
    def divisor(self) -> int | None:
        return self.divisor_override


@describes("layer")
class AvgPool1d(AvgPooling):
    """y[n,c,q] = Σ over v < V of x[n,c,s·q+v−padding] / count          x (N, C, W) → y (N, C, Q), Q as MaxPool1d"""

    axes: ClassVar[int] = 1


@describes("layer")
class AvgPool2d(AvgPoolingByDivisor):
    """y[n,c,p,q] = Σ over u < U, v < V of x[n,c,s·p+u−padding,s·q+v−padding] / count

    x (N, C, H, W) → y (N, C, P, Q), P and Q as MaxPool2d
    """

    axes: ClassVar[int] = 2


@describes("layer")
class AvgPool3d(AvgPoolingByDivisor):
    """AvgPool2d with a third axis in front: x (N, C, D, H, W) → y (N, C, …); no axis is shorter than its kernel"""

    axes: ClassVar[int] = 3

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        check_long(x[0], self.kernel)
        return super().out_shapes(*x)


def check_long(shape: Shape, kernel: Shape) -> None:
    """Raise Misfit where a volume is shorter than its window, of which torch takes no mean."""
    if len(shape) == 4 and any(size < k for size, k in zip(shape[1:], kernel, strict=True)):
        raise Misfit(
            f"at least {kernel} places, padding not counted, as torch", shape_text(shape), "a smaller kernel_size="
        )


@describes("layer", abstract=True)
class LPPooling(Layer):
    """The power sum of each window: y = S^(1/p) where S = Σ xᵖ, p = norm_type; ∞: max |x|, −∞: min |x|.

    Where S is 0 the gradient is 0. Odd and broken p keep the sign of S, and its root of a negative one is NaN: all as
    in torch. A window that hangs over the end (ceil_mode) of K places with k in the input has S = K/k · Σ xᵖ, also as
    in torch.
    """

    norm_type: Real = field(kw_only=False)
    kernel_size: Sizes = field(kw_only=False)
    stride: Sizes | None = None
    ceil_mode: bool = False

    axes: ClassVar[int] = 0

    def __post_init__(self) -> None:
        if self.norm_type == 0:
            raise SpecError(repr(self), wanted="a norm_type that is not 0", got="0", fix="norm_type=2")
        check_lengths(repr(self), self.axes, kernel_size=self.kernel_size, stride=self.stride)

    @property
    def kernel(self) -> tuple[int, ...]:
        return per_axis(self.kernel_size, self.axes)

    def windows(self, shape: Shape) -> tuple[Axis, ...]:
        """The windows on each axis for a sample of this shape."""
        steps = self.kernel if self.stride is None else per_axis(self.stride, self.axes)
        return slid(shape[1:], self.kernel, steps, (1,) * self.axes, (0,) * self.axes, self.ceil_mode)

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        check_rank(shape, self.axes)
        axes = self.windows(shape)
        check_fits(shape, axes)
        return ((shape[0], *(axis.out for axis in axes)),)


@describes("layer")
class LPPool1d(LPPooling):
    """y[n,c,q] = (Σ over v < V of x[n,c,s·q+v]ᵖ)^(1/p)          x (N, C, W) → y (N, C, Q), Q as MaxPool1d"""

    axes: ClassVar[int] = 1


@describes("layer")
class LPPool2d(LPPooling):
    """y[n,c,p,q] = the power sum of window p, q          x (N, C, H, W) → y (N, C, P, Q), P and Q as MaxPool2d"""

    axes: ClassVar[int] = 2


@describes("layer")
class LPPool3d(LPPooling):
    """LPPool2d with a third axis in front: x (N, C, D, H, W) → y (N, C, …)"""

    axes: ClassVar[int] = 3

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        if self.norm_type not in (inf, -inf):
            check_long(x[0], self.kernel)
        return super().out_shapes(*x)
