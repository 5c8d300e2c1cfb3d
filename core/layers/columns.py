"""Images as columns of windows, and columns added back into images."""

from __future__ import annotations

from dataclasses import field
from math import prod
from typing import Any

from isograd.core.base.description import describes
from isograd.core.base.errors import SpecError
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.windows import Axis, Margins, Sizes, check_fits, check_lengths, check_rank, per_axis, span


@describes("layer", abstract=True)
class Windows(Layer):
    """Windows on the two axes of an image that has `padding` places of 0 on every side."""

    dilation: Sizes = 1
    padding: Margins = 0
    stride: Sizes = 1

    def check_options(self, **sizes: Any) -> None:
        """Raise SpecError unless every option that is a tuple has one entry for each axis."""
        check_lengths(repr(self), 2, **sizes, dilation=self.dilation, padding=self.padding, stride=self.stride)

    def windows(self, kernel_size: Any, sizes: Shape) -> tuple[Axis, ...]:
        """The windows of kernel_size places on each axis of an image of these sizes."""
        options = (per_axis(v, 2) for v in (kernel_size, self.stride, self.dilation, self.padding))
        return tuple(
            Axis(size, k, s, d, pad, pad, (size + 2 * pad - span(k, d)) // s + 1)
            for size, k, s, d, pad in zip(sizes, *options, strict=True)
        )


@describes("layer")
class Unfold(Windows):
    """Column l of y holds what window l covers, channel by channel

    x (N, C, H, W) → y (N, C·k·k, L), L = P·Q windows in reading order
    P = ⌊(H + 2·padding − dilation·(k − 1) − 1)/stride⌋ + 1, Q alike
    """

    kernel_size: Sizes = field(kw_only=False)

    def __post_init__(self) -> None:
        self.check_options(kernel_size=self.kernel_size)

    def axes(self, sizes: Shape) -> tuple[Axis, ...]:
        """The windows on each axis of an image of these sizes."""
        return self.windows(self.kernel_size, sizes)

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        check_rank(shape, 2)
        axes = self.axes(shape[1:])
        check_fits(shape, axes)
        return ((shape[0] * prod(a.kernel for a in axes), prod(a.out for a in axes)),)


@describes("layer")
class Fold(Windows):
    """Columns added back to where Unfold takes them from: its transpose

    x (N, C·k·k, L) → y (N, C, H, W), (H, W) = output_size; where windows overlap, their entries add up
    """

    output_size: Sizes = field(kw_only=False)
    kernel_size: Sizes = field(kw_only=False)

    def __post_init__(self) -> None:
        self.check_options(output_size=self.output_size, kernel_size=self.kernel_size)
        if min(a.out for a in self.axes) < 1:
            raise SpecError(
                repr(self), wanted="room for a window", got=f"{self.output_size}", fix="a larger output_size"
            )

    @property
    def axes(self) -> tuple[Axis, ...]:
        return self.windows(self.kernel_size, per_axis(self.output_size, 2))

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        entries, places = prod(a.kernel for a in self.axes), prod(a.out for a in self.axes)
        if len(shape) != 2 or shape[0] % entries or shape[1] != places:
            raise Misfit(
                f"(N, C·{entries}, {places}): {entries} entries of {places} windows in every channel",
                shape_text(shape),
                "change output_size, or what feeds it",
            )
        return ((shape[0] // entries, *per_axis(self.output_size, 2)),)
