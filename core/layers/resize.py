"""Layers that change an image's size without weights."""

from __future__ import annotations

from dataclasses import field
from math import floor
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import PlainValidator

from isograd.core.base.description import Positive, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.limits import NUMBER
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.windows import Margins, Sizes, check_lengths, check_rank, per_axis


def _check_factors(value: Any) -> Any:
    entries = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    numbers = all(isinstance(f, (int, float)) and not isinstance(f, bool) and 0 < f <= NUMBER for f in entries)
    if not entries or not numbers:
        raise ValueError("a positive number, or a tuple with one for each axis")
    return tuple(map(float, entries)) if isinstance(value, (list, tuple)) else float(value)


Factors: TypeAlias = Annotated[Positive | tuple[Positive, ...], PlainValidator(_check_factors)]
"""A positive factor for all axes, or one for each."""


@describes("layer")
class Upsample(Layer):
    """Each axis resampled to `size` places, or to ⌊scale_factor · places⌋; exactly one of the two is given.

    mode="nearest": y[i] = x[⌊i·r⌋],   r = 1/scale_factor, or H/P for `size`. x (N, C, …) with one to three axes
    mode="bilinear": y[i] = (1−λ)·x[j] + λ·x[j+1] on both axes of x (N, C, H, W), j + λ = max((i + ½)·r − ½, 0), clamped
    at the last place; align_corners=True: j + λ = i·(H−1)/(P−1), so that corners fall on corners.
    """

    size: Sizes | None = None
    scale_factor: Factors | None = None
    mode: Literal["nearest", "bilinear"] = "nearest"
    align_corners: bool = False

    def __post_init__(self) -> None:
        if (self.size is None) == (self.scale_factor is None):
            got = "neither" if self.size is None else "both"
            raise SpecError(repr(self), wanted="size= or scale_factor=", got=got, fix="Upsample(scale_factor=2)")
        if self.align_corners and self.mode == "nearest":
            raise SpecError(
                repr(self),
                wanted='align_corners=False with mode="nearest"',
                got="True",
                fix='mode="bilinear", or drop it',
            )

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        axes = len(shape) - 1
        check_rank(shape, 2 if self.mode == "bilinear" else 3, least=2 if self.mode == "bilinear" else 1)
        check_lengths(repr(self), axes, size=self.size, scale_factor=self.scale_factor)
        if self.size is not None:
            return ((shape[0], *per_axis(self.size, axes)),)
        sizes = tuple(floor(size * f) for size, f in zip(shape[1:], per_axis(self.scale_factor, axes), strict=True))
        if min(sizes) < 1:
            raise Misfit(
                "an output of at least one place on each axis",
                f"{sizes} for {shape_text(shape)}",
                "a larger scale_factor=",
            )
        return ((shape[0], *sizes),)

    def steps(self, shape: Shape) -> tuple[float, ...]:
        """r on each axis: how far apart in x two neighbours of y are."""
        axes = len(shape) - 1
        if self.scale_factor is not None:
            return tuple(1 / f for f in per_axis(self.scale_factor, axes))
        return tuple(size / out for size, out in zip(shape[1:], per_axis(self.size, axes), strict=True))


@describes("layer")
class ZeroPad2d(Layer):
    """Zeros around an image: `padding` is a number for all sides, or (left, right, top, bottom)

    x (N, C, H, W) → y (N, C, top + H + bottom, left + W + right)
    """

    padding: Margins = field(kw_only=False)

    def __post_init__(self) -> None:
        if isinstance(self.padding, tuple) and len(self.padding) != 4:
            raise SpecError(
                repr(self),
                wanted="a number, or (left, right, top, bottom)",
                got=f"{self.padding}",
                fix="give four numbers",
            )

    @property
    def sides(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """((top, bottom), (left, right))"""
        left, right, top, bottom = per_axis(self.padding, 4)
        return (top, bottom), (left, right)

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        check_rank(shape, 2)
        (top, bottom), (left, right) = self.sides
        return ((shape[0], top + shape[1] + bottom, left + shape[2] + right),)
