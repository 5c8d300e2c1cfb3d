"""Layers that change an image's size without weights."""

from __future__ import annotations

from math import floor
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import PlainValidator

from isograd.core.base.description import Positive, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.limits import NUMBER
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.windows import Sizes, check_lengths, check_rank, per_axis


def _check_factors(value: Any) -> Any:
    entries = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    numbers = all(isinstance(f, (int, float)) and not isinstance(f, bool) and 0 < f <= NUMBER for f in entries)
    if not entries or not numbers:
        raise ValueError("a positive number, or a tuple with one for each axis")
    return tuple(map(float, entries)) if isinstance(value, (list, tuple)) else float(value)


Factors: TypeAlias = Annotated[Positive | tuple[Positive, ...], PlainValidator(_check_factors)]
"""A positive factor for all axes, or one for each."""


Mode: TypeAlias = Literal["nearest", "nearest-exact", "area", "linear", "bilinear", "trilinear", "bicubic"]
AXES = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
"""Of the modes that weigh neighbours by their distance: how many axes x has."""


class Way(NamedTuple):
    """How places are resampled: the options of Upsample; `axes`, where it is not the mode that says how many."""

    mode: Mode
    align_corners: bool = False
    antialias: bool = False
    recompute_scale_factor: bool = False
    axes: int | None = None

    @property
    def weighs(self) -> bool:
        """Whether y is weighed from neighbours by their distance, so that it matters where corners fall."""
        return self.mode in AXES


@describes("layer", abstract=True)
class Resampling(Layer):
    """Each axis resampled to `size` places, or to ⌊scale_factor · places⌋; exactly one of the two is given."""

    size: Sizes | None = None
    scale_factor: Factors | None = None

    @property
    def way(self) -> Way:
        """How."""
        raise NotImplementedError

    def __post_init__(self) -> None:
        if (self.size is None) == (self.scale_factor is None):
            got = "neither" if self.size is None else "both"
            fix = f"{type(self).__name__}(scale_factor=2)"
            raise SpecError(repr(self), wanted="size= or scale_factor=", got=got, fix=fix)

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        axes = len(shape) - 1
        usual = self.way.axes or AXES.get(self.way.mode)
        check_rank(shape, usual or 3, least=usual or 1)
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
        self._check_gradient(shape, sizes)
        return ((shape[0], *sizes),)

    def _check_gradient(self, shape: Shape, sizes: Shape) -> None:
        """Refuse where the gradient of torch.nn.Upsample takes the factor for 1 or 2, and its output does not."""
        mode, align_corners, antialias, recomputed, _ = self.way
        axes = list(zip(shape[1:], sizes, per_axis(self.scale_factor, len(sizes)), strict=True))
        stay, double = ([out == times * n and f != times for n, out, f in axes] for times in (1, 2))
        if recomputed:
            return
        if mode == "nearest":
            wrong = len(sizes) != 2 and any(stay + double)
        elif antialias:
            wrong = not align_corners and any(stay)
        else:
            wrong = mode == "bicubic" and not align_corners and any(stay) and sizes == shape[1:]
        if wrong:
            raise Misfit(
                "sizes that do not stay or double by a scale_factor other than 1 or 2",
                f"{sizes} for {shape_text(shape)}, where torch.nn.Upsample has the gradient of another function",
                f"size={sizes}",
            )

    def steps(self, shape: Shape) -> tuple[float, ...]:
        """r on each axis: how far apart in x two neighbours of y are, 0 where align_corners makes a single one."""
        mode, align_corners, _, recomputed, _ = self.way
        outs = self.out_shapes(shape)[0][1:]
        if align_corners:
            return tuple((size - 1) / (out - 1) if out > 1 else 0.0 for size, out in zip(shape[1:], outs, strict=True))
        if self.size is not None or recomputed:
            return tuple(size / out for size, out in zip(shape[1:], outs, strict=True))
        factors, copied = per_axis(self.scale_factor, len(outs)), mode not in ("nearest-exact", "bicubic")
        return tuple(
            size / out if (copied and out == size) or (mode == "nearest" and out == 2 * size) else 1 / f
            for size, out, f in zip(shape[1:], outs, factors, strict=True)
        )


@describes("layer")
class Upsample(Resampling):
    """Each axis resampled to `size` places, or to ⌊scale_factor · places⌋; exactly one of the two is given.

    x (N, C, …) with one to three axes, H long, to y (N, C, …), P long; r = 1/scale_factor, or H/P for `size`.
    mode="nearest": y[i] = x[⌊i·r⌋]; "nearest-exact": y[i] = x[⌊(i + ½)·r⌋]
    "area": y[i] = the mean of x[⌊i·H/P⌋] … x[⌈(i+1)·H/P⌉ − 1]
    "linear", "bilinear", "trilinear" (one, two, three axes): y[i] = (1−λ)·x[j] + λ·x[j+1],
      j + λ = max((i + ½)·r − ½, 0)
    "bicubic" (two axes): y[i] = Σ x[j+k]·c(λ−k) over k = −1 … 2, j + λ = (i + ½)·r − ½, the ends' places repeated
      c(t) = (a+2)|t|³ − (a+3)t² + 1 up to |t| = 1, a|t|³ − 5at² + 8a|t| − 4a up to 2, a = −¾       (Keys 1981)
    align_corners=True: j + λ = i·r with r = (H−1)/(P−1), so that corners fall on corners.
    antialias=True ("bilinear", "bicubic"): y[i] = Σ x[j]·w(j) / Σ w, w(j) = c((j + ½ − (i + ½)·r) / max(r, 1)): filters
      that grow where the image shrinks; c(t) = 1 − |t| up to 1, or as above with a = −½ (the libraries' usual one).
    A scale_factor that leaves P = H counts as 1 (but for "nearest-exact" and "bicubic"), for "nearest" one that leaves
    P = 2H as 2: torch's convention. recompute_scale_factor=True: r = H/P, the factor that the sizes really differ by.
    """

    mode: Mode = "nearest"
    align_corners: bool = False
    recompute_scale_factor: bool = False
    antialias: bool = False

    @property
    def way(self) -> Way:
        return Way(self.mode, self.align_corners, self.antialias, self.recompute_scale_factor)

    def __post_init__(self) -> None:
        super().__post_init__()
        refused = {
            "align_corners": (self.align_corners and not self.way.weighs, 'mode="bilinear", or drop it'),
            "antialias": (
                self.antialias and self.mode not in ("bilinear", "bicubic"),
                'mode="bilinear" or "bicubic", or drop it',
            ),
        }
        for option, (wrong, fix) in refused.items():
            if wrong:
                raise SpecError(repr(self), wanted=f'{option}=False with mode="{self.mode}"', got="True", fix=fix)
        if self.recompute_scale_factor and self.size is not None:
            raise SpecError(
                repr(self),
                wanted="recompute_scale_factor=False with size=",
                got="True",
                fix="scale_factor=, or drop it",
            )


@describes("layer")
class UpsamplingNearest2d(Resampling):
    """Upsample of images with mode="nearest": y[i] = x[⌊i·r⌋] on both axes          x (N, C, H, W) → y (N, C, P, Q)"""

    @property
    def way(self) -> Way:
        return Way("nearest", axes=2)


@describes("layer")
class UpsamplingBilinear2d(Resampling):
    """Upsample with mode="bilinear" and align_corners=True, which Upsample has not by default

    x (N, C, H, W) → y (N, C, P, Q)
    """

    @property
    def way(self) -> Way:
        return Way("bilinear", align_corners=True)
