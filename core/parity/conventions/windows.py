"""Windows: padding of convolutions and pools, what a mean counts, where corners fall."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import (
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
    Upsample,
)
from isograd.core.layers.conv import Convolution, TransposedConvolution
from isograd.core.layers.pool import MaxPooling
from isograd.core.parity.conventions.table import Variant, convention, with_options
from isograd.core.parity.formulas import FORMULAS
from isograd.core.parity.formulas.windows import each, margins

CONVOLUTIONS = (Conv1d, Conv2d, Conv3d)
TRANSPOSED = (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)
MEANS = (AvgPool1d, AvgPool2d, AvgPool3d)
LARGEST = (MaxPool1d, MaxPool2d, MaxPool3d)


def padded_by(spec: Convolution, sides: list[tuple[int, int]]) -> Convolution:
    """The convolution with (before, after) on each axis."""
    return replace(spec, padding=sides[0] if len(sides) == 1 else tuple(sides))


@convention("side of an odd padding", *CONVOLUTIONS, by="Caffe, code that pads before: TensorFlow and torch after")
def side(spec: Convolution) -> Iterator[Variant]:
    """The odd place before, not after"""

    def formula(spec: Convolution, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        turned = [(after, before) for before, after in margins(spec, spec.axes)]
        return FORMULAS[type(spec)](padded_by(spec, turned), ops, p, x, run)

    yield Variant("its padding stands on the other side", formula)


@convention(
    "asymmetric same padding", *CONVOLUTIONS, by='TensorFlow, Keras, JAX: padding="SAME" of a strided convolution'
)
def same(spec: Convolution) -> Iterator[Variant]:
    """max((⌈n/s⌉ − 1)·s + d·(k − 1) + 1 − n, 0) places in all, the odd one after"""

    def formula(spec: Convolution, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        options = (each(option, spec.axes) for option in (spec.kernel_size, spec.stride, spec.dilation))
        sides = []
        for n, k, s, d in zip(x[0].shape[2:], *options, strict=True):
            total = max((ceil(n / s) - 1) * s + d * (k - 1) + 1 - n, 0)
            sides.append((total // 2, total - total // 2))
        return FORMULAS[type(spec)](padded_by(spec, sides), ops, p, x, run)

    if spec.padding != "same":
        yield Variant("its padding is TensorFlow's SAME, with more after than before", formula)


@convention("what stands in the padding", *CONVOLUTIONS, by="image libraries: reflect or replicate")
def mode(spec: Convolution) -> Iterator[Variant]:
    """zeros, reflect, replicate, circular"""
    for name in ("zeros", "reflect", "replicate", "circular"):
        yield from with_options(spec, padding_mode=name)


@convention("place of the output padding", *TRANSPOSED, by="TensorFlow's SAME, code that pads the output in front")
def extra(spec: TransposedConvolution) -> Iterator[Variant]:
    """output_padding before, not after"""

    def formula(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        whole = FORMULAS[type(spec)](replace(spec, padding=0, output_padding=0), ops, p, x, run)
        ends = zip(each(spec.padding, spec.axes), each(spec.output_padding, spec.axes), strict=True)
        cut = zip(whole.shape[2:], ends, strict=True)
        return whole[(slice(None), slice(None), *(slice(pad - more, size - pad) for size, (pad, more) in cut))]

    ends = zip(each(spec.padding, spec.axes), each(spec.output_padding, spec.axes), strict=True)
    if all(more <= pad for pad, more in ends) and any(each(spec.output_padding, spec.axes)):
        yield Variant("its output_padding stands before, not after", formula)


@convention("whether a mean counts padding", *MEANS, by="TensorFlow, Keras: count_include_pad=False")
def counting(spec: Any) -> Iterator[Variant]:
    """count_include_pad"""
    yield from with_options(spec, count_include_pad=not spec.count_include_pad)


@convention("what a largest value is looked for in", *LARGEST, by="code that pads with zeros before it pools")
def padding(spec: MaxPooling) -> Iterator[Variant]:
    """The padding holds 0, not −∞."""

    def formula(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        widths = [(pad, pad) for pad in each(spec.padding, spec.axes)]
        wider = ops.pad(x[0], [(0, 0), (0, 0), *widths])
        return FORMULAS[type(spec)](replace(spec, padding=0), ops, p, (wider,), run)

    if any(each(spec.padding, spec.axes)) and not spec.return_indices:
        yield Variant("its padding holds 0, not −∞", formula)


@convention("where corners fall", Upsample, by="TensorFlow 1, OpenCV: align_corners")
def corners(spec: Upsample) -> Iterator[Variant]:
    """align_corners"""
    yield from with_options(spec, align_corners=not spec.align_corners)


@convention("place of the nearest", Upsample, by="Pillow, scikit-image, Keras: nearest-exact")
def nearest(spec: Upsample) -> Iterator[Variant]:
    """Of a place's first point, or of its middle"""
    other = {"nearest": "nearest-exact", "nearest-exact": "nearest"}
    if spec.mode in other:
        yield from with_options(spec, mode=other[spec.mode])


@convention("smoothing before shrinking", Upsample, by="Pillow, JAX: antialias")
def antialias(spec: Upsample) -> Iterator[Variant]:
    """antialias"""
    yield from with_options(spec, antialias=not spec.antialias)


@convention("scale of a resized axis", Upsample, by="ONNX, torch before version 1.6: recomputed from the sizes")
def recomputed(spec: Upsample) -> Iterator[Variant]:
    """places/size, or 1/scale_factor"""
    yield from with_options(spec, recompute_scale_factor=not spec.recompute_scale_factor)
