"""Convolutions and transposed convolutions over one, two and three axes."""

from __future__ import annotations

from dataclasses import field
from math import prod
from typing import Any, ClassVar, Literal

from pydantic import InstanceOf

from isograd.core.base.description import Count, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.initializers import Fans, Initializer, TorchDefault, Weight
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.windows import (
    AXIS_NAMES,
    Axis,
    Margins,
    Padding,
    Sizes,
    check_fits,
    check_lengths,
    check_rank,
    per_axis,
    span,
)


@describes("layer", abstract=True)
class Filters(Layer):
    """What convolutions and transposed convolutions share: out_channels filters of kernel_size.

    `groups` splits the channels into that many convolutions side by side (groups = channels: depthwise).
    """

    out_channels: Count = field(kw_only=False)
    kernel_size: Sizes = field(kw_only=False)
    stride: Sizes = 1
    dilation: Sizes = 1
    groups: Count = 1
    bias: bool = True
    weight_init: InstanceOf[Initializer] = TorchDefault()
    bias_init: InstanceOf[Initializer] = TorchDefault()

    axes: ClassVar[int] = 0

    @property
    def kernel(self) -> tuple[int, ...]:
        return per_axis(self.kernel_size, self.axes)

    def __post_init__(self) -> None:
        sizes: dict[str, Any] = {name: getattr(self, name) for name in ("kernel_size", "stride", "dilation")}
        check_lengths(repr(self), self.axes, **sizes)
        if self.out_channels % self.groups:
            raise SpecError(
                repr(self),
                wanted="out_channels that groups= divides",
                got=f"{self.out_channels} in {self.groups} groups",
                fix=f"groups={self.out_channels}, or out_channels a multiple of {self.groups}",
            )

    def windows(self, shape: Shape) -> tuple[Axis, ...]:
        """The windows on each axis for a sample of this shape."""
        raise NotImplementedError

    def _check_input(self, shape: Shape) -> None:
        check_rank(shape, self.axes)
        if shape[0] % self.groups:
            raise Misfit(
                f"channels that groups={self.groups} divides",
                f"{shape[0]} channels in {shape_text(shape)}",
                f"another groups=, or a multiple of {self.groups} channels in what feeds this layer",
            )

    def _weights(self, rows: int, columns: int) -> dict[str, Weight]:
        """weight (rows, columns, *kernel) and bias (out_channels,); fans as torch counts them."""
        size = prod(self.kernel)
        fans = Fans(columns * size, rows * size)
        made = {"weight": Weight((rows, columns, *self.kernel), self.weight_init, fans)}
        return made | ({"bias": Weight((self.out_channels,), self.bias_init, fans)} if self.bias else {})


@describes("layer", abstract=True)
class Convolution(Filters):
    """Zero padding of (before, after) places on each axis: a number, one for each axis, a pair for each axis;
    "valid" is 0, "same" (stride 1 only) keeps the size, its odd place after. `padding_mode` says what stands there:
    "zeros", "reflect" (d c b | a b c d | c b a), "replicate" (a a a | a b c d | d d d), "circular".
    """

    padding: Padding = 0
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.padding, str) and not (self.axes == 1 and _is_pair(self.padding)):
            check_lengths(repr(self), self.axes, padding=self.padding)
        if self.padding == "same" and any(step != 1 for step in per_axis(self.stride, self.axes)):
            raise SpecError(
                repr(self),
                wanted='stride=1 with padding="same"',
                got=f"stride={self.stride}",
                fix="give the padding as a number, such as kernel_size // 2",
            )

    @property
    def pads(self) -> tuple[tuple[int, int], ...]:
        """(before, after) on each axis."""
        if self.padding == "valid":
            return ((0, 0),) * self.axes
        if self.padding == "same":
            totals = [span(k, d) - 1 for k, d in zip(self.kernel, per_axis(self.dilation, self.axes), strict=True)]
            return tuple((total // 2, total - total // 2) for total in totals)
        if self.axes == 1 and _is_pair(self.padding):
            return (self.padding,)  # type: ignore[return-value]
        return tuple(p if isinstance(p, tuple) else (p, p) for p in per_axis(self.padding, self.axes))

    def windows(self, shape: Shape) -> tuple[Axis, ...]:
        steps, holes = per_axis(self.stride, self.axes), per_axis(self.dilation, self.axes)
        return tuple(
            Axis(size, k, s, d, before, after, (size + before + after - span(k, d)) // s + 1)
            for size, k, s, d, (before, after) in zip(shape[1:], self.kernel, steps, holes, self.pads, strict=True)
        )

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        self._check_input(shape)
        axes = self.windows(shape)
        self._check_mode(shape, axes)
        check_fits(shape, axes)
        return ((self.out_channels, *(axis.out for axis in axes)),)

    def _check_mode(self, shape: Shape, axes: tuple[Axis, ...]) -> None:
        """Reflection needs places to mirror, a circle is walked once at most."""
        slack = {"reflect": -1, "circular": 0}.get(self.padding_mode)
        for name, axis in zip(AXIS_NAMES[3 - self.axes :], axes, strict=True):
            if slack is not None and max(axis.before, axis.after) > axis.size + slack:
                raise Misfit(
                    f'padding of at most {axis.size + slack} with padding_mode="{self.padding_mode}"',
                    f"{max(axis.before, axis.after)} on {name} = {axis.size} in {shape_text(shape)}",
                    'less padding=, or padding_mode="zeros"',
                )

    def weights(self, *x: Shape) -> dict[str, Weight]:
        return self._weights(self.out_channels, x[0][0] // self.groups)


def _is_pair(padding: Any) -> bool:
    return isinstance(padding, tuple) and len(padding) == 2 and not any(isinstance(p, tuple) for p in padding)


@describes("layer")
class Conv1d(Convolution):
    """y[n,o,q] = b[o] + Σ w[o,c,v] · xp[n,c,s·q+d·v],   s = stride, d = dilation, xp = x padded

    x (N, C, W) → y (N, O, Q),   Q = ⌊(W + before + after − d·(V−1) − 1)/s⌋ + 1
    weight (O, C/groups, V), bias (O,). `padding` may also be one pair (before, after).
    """

    axes: ClassVar[int] = 1


@describes("layer")
class Conv2d(Convolution):
    """y[n,o,p,q] = b[o] + Σ w[o,c,u,v] · xp[n,c,s·p+d·u,s·q+d·v],   s = stride, d = dilation, xp = x padded

    x (N, C, H, W) → y (N, O, P, Q),   P = ⌊(H + before + after − d·(U−1) − 1)/s⌋ + 1, Q alike
    weight (O, C/groups, U, V), bias (O,)
    """

    axes: ClassVar[int] = 2


@describes("layer")
class Conv3d(Convolution):
    """Conv2d with a third axis in front: x (N, C, D, H, W) → y (N, O, …), weight (O, C/groups, T, U, V), bias (O,)"""

    axes: ClassVar[int] = 3


@describes("layer", abstract=True)
class TransposedConvolution(Filters):
    """`padding` takes places away from the output's sides, `output_padding` adds some after it."""

    padding: Margins = 0
    output_padding: Margins = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(repr(self), self.axes, padding=self.padding, output_padding=self.output_padding)
        steps, holes = per_axis(self.stride, self.axes), per_axis(self.dilation, self.axes)
        for extra, s, d in zip(per_axis(self.output_padding, self.axes), steps, holes, strict=True):
            if extra >= max(s, d):
                raise SpecError(
                    repr(self),
                    wanted="output_padding smaller than stride or dilation",
                    got=f"{extra}, with stride {s} and dilation {d}",
                    fix=f"output_padding={max(s, d) - 1} at most",
                )

    def windows(self, shape: Shape) -> tuple[Axis, ...]:
        """The windows of the convolution that leads from y back to x: its gradient is this layer."""
        options = (self.kernel_size, self.stride, self.dilation, self.padding, self.output_padding)
        rows = zip(shape[1:], *(per_axis(option, self.axes) for option in options), strict=True)
        return tuple(
            Axis((count - 1) * s - 2 * p + span(k, d) + extra, k, s, d, p, p, count)
            for count, k, s, d, p, extra in rows
        )

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        self._check_input(shape)
        sizes = tuple(axis.size for axis in self.windows(shape))
        if min(sizes) < 1:
            raise Misfit(
                "an output of at least one place on each axis",
                f"{sizes} for {shape_text(shape)}",
                "less padding=, a larger kernel_size=, or a larger input",
            )
        return ((self.out_channels, *sizes),)

    def weights(self, *x: Shape) -> dict[str, Weight]:
        return self._weights(x[0][0], self.out_channels // self.groups)


@describes("layer")
class ConvTranspose1d(TransposedConvolution):
    """y[n,o,j] = b[o] + Σ x[n,c,q] · w[c,o,v]   over s·q + d·v − padding = j: Conv1d's input gradient as a layer

    x (N, C, Q) → y (N, O, W),   W = (Q−1)·s − 2·padding + d·(V−1) + output_padding + 1
    weight (C, O/groups, V), bias (O,)
    """

    axes: ClassVar[int] = 1


@describes("layer")
class ConvTranspose2d(TransposedConvolution):
    """y[n,o,i,j] = b[o] + Σ x[n,c,p,q] · w[c,o,u,v]   over s·p + d·u − padding = i, s·q + d·v − padding = j

    x (N, C, P, Q) → y (N, O, H, W),   H = (P−1)·s − 2·padding + d·(U−1) + output_padding + 1, W alike
    weight (C, O/groups, U, V), bias (O,): Conv2d's input gradient as a layer
    """

    axes: ClassVar[int] = 2


@describes("layer")
class ConvTranspose3d(TransposedConvolution):
    """ConvTranspose2d with a third axis in front: x (N, C, P, Q, R) → y (N, O, D, H, W)

    weight (C, O/groups, T, U, V), bias (O,): Conv3d's input gradient as a layer
    """

    axes: ClassVar[int] = 3
