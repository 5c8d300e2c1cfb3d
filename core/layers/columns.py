"""Images as columns of windows, and columns added back into images."""

from __future__ import annotations

from dataclasses import field
from math import prod

from isograd.core.base.description import describes
from isograd.core.base.errors import SpecError
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.windows import Axis, Margins, Sizes, check_fits, check_lengths, check_rank, per_axis, span


@describes("layer", abstract=True)
class Windows(Layer):
    """Windows of kernel_size places on the two axes of an image, which has `padding` places of 0 on every side."""

    kernel_size: Sizes = field(kw_only=False)
    dilation: Sizes = 1
    padding: Margins = 0
    stride: Sizes = 1

    def __post_init__(self) -> None:
        options = {name: getattr(self, name) for name in ("kernel_size", "dilation", "padding", "stride")}
        check_lengths(repr(self), 2, **options)

    def windows(self, sizes: Shape) -> tuple[Axis, ...]:
        """The windows on each axis of an image of these sizes."""
        options = (per_axis(v, 2) for v in (self.kernel_size, self.stride, self.dilation, self.padding))
        return tuple(
            Axis(size, k, s, d, pad, pad, (size + 2 * pad - span(k, d)) // s + 1)
            for size, k, s, d, pad in zip(sizes, *options, strict=True)
        )


@describes("layer")
class Im2col(Windows):
    """Column l of y holds what window l covers, channel by channel, as torch.nn.Unfold

    x (N, C, H, W) → y (N, C·k·k, L), L = P·Q windows, P = ⌊(H + 2·padding − dilation·(k − 1) − 1)/stride⌋ + 1
    """

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        check_rank(shape, 2)
        axes = self.windows(shape[1:])
        check_fits(shape, axes)
        return ((shape[0] * prod(a.kernel for a in axes), prod(a.out for a in axes)),)


@describes("layer")
class Col2im(Windows):
    """Columns added back to where Im2col takes them from: its transpose, as torch.nn.Fold

    x (N, C·k·k, L) → y (N, C, H, W), (H, W) = output_size; where windows overlap, their entries add up:
    Col2im(3, output_size=(8, 8))
    """

    output_size: Sizes

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(repr(self), 2, output_size=self.output_size)
        if min(a.out for a in self.axes) < 1:
            raise SpecError(
                repr(self), wanted="room for a window", got=f"{self.output_size}", fix="a larger output_size"
            )

    @property
    def axes(self) -> tuple[Axis, ...]:
        return self.windows(per_axis(self.output_size, 2))

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
