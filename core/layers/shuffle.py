"""Layers that move values between channels, or between channels and places."""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar

from isograd.core.base.description import Count, describes
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit


@describes("layer")
class ChannelShuffle(Layer):
    """Channels of several groups in turn: y[c·groups + g] = x[g·C/groups + c]          (Zhang et al. 2018)

    x (N, C, …) → y alike, with one axis at least behind the channels; groups must divide C.
    """

    groups: Count = field(kw_only=False)

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        if len(shape) < 2:
            raise Misfit("(N, C, …)", shape_text(shape), "give every channel places, as torch asks for: Reshape")
        if shape[0] % self.groups:
            raise Misfit(
                f"channels that {self.groups} groups divide",
                f"{shape[0]} channels in {shape_text(shape)}",
                "another groups, or another number of channels in what feeds this layer",
            )
        return x


@describes("layer", abstract=True)
class Shuffling(Layer):
    """Of values (N, …, C, H, W), any axes between the batch and the channels."""

    any_axes: ClassVar[bool] = True

    def check_images(self, shape: Shape) -> None:
        """Raise Misfit for what has no channels of images."""
        if len(shape) < 3:
            raise Misfit("(N, …, C, H, W)", shape_text(shape), "feed it images, with a channel axis in front")


@describes("layer")
class PixelShuffle(Shuffling):
    """y[c, r·h + i, r·w + j] = x[r²·c + r·i + j, h, w], r = upscale_factor          (Shi et al. 2016)

    x (N, …, C·r², H, W) → y (N, …, C, r·H, r·W). TensorFlow's depth_to_space, and ONNX's in its mode DCR, read channel
    C·(r·i + j) + c instead.
    """

    upscale_factor: Count = field(kw_only=False)

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        self.check_images(shape)
        r = self.upscale_factor
        *front, channels, height, width = shape
        if channels % r**2:
            raise Misfit(
                f"channels that {r}² = {r**2} divides",
                f"{channels} channels in {shape_text(shape)}",
                "another upscale_factor, or another number of channels in what feeds this layer",
            )
        return ((*front, channels // r**2, height * r, width * r),)


@describes("layer")
class PixelUnshuffle(Shuffling):
    """y[r²·c + r·i + j, h, w] = x[c, r·h + i, r·w + j], r = downscale_factor: PixelShuffle's way back

    x (N, …, C, r·H, r·W) → y (N, …, C·r², H, W)
    """

    downscale_factor: Count = field(kw_only=False)

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        self.check_images(shape)
        r = self.downscale_factor
        *front, channels, height, width = shape
        if height % r or width % r:
            raise Misfit(
                f"a height and a width that {r} divides",
                f"{height} and {width} in {shape_text(shape)}",
                "another downscale_factor, or pad what feeds this layer",
            )
        return ((*front, channels * r**2, height // r, width // r),)
