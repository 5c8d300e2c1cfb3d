"""Formulas of the layers that change an image's size without weights."""

from __future__ import annotations

from math import floor
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Upsample, ZeroPad2d
from isograd.core.parity.formulas.table import formula
from isograd.core.parity.formulas.windows import each


def resampled(spec: Upsample, ops: Namespace, x: Any, axis: int, out: int, step: float) -> Any:
    """One axis: nearest y[i] = x[⌊i·r⌋]; bilinear y[i] = (1−λ)·x[j] + λ·x[j+1]"""
    size, front = x.shape[axis], (slice(None),) * axis
    if spec.mode == "nearest":
        return x[(*front, np.array([min(floor(i * step), size - 1) for i in range(out)]))]
    if spec.align_corners:
        at = [i * (size - 1) / (out - 1) if out > 1 else 0.0 for i in range(out)]
    else:
        at = [max((i + 0.5) * step - 0.5, 0.0) for i in range(out)]
    low = np.array([min(floor(v), size - 1) for v in at])
    share = ops.constant((np.array(at) - low).reshape(-1, *[1] * (x.ndim - 1 - axis)), x)
    return (1 - share) * x[(*front, low)] + share * x[(*front, np.minimum(low + 1, size - 1))]


@formula(Upsample)
def upsample(spec: Upsample, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Axis by axis; r = places/size, or 1/scale_factor"""
    (y,) = x
    sizes = tuple(y.shape[2:])
    if spec.size is not None:
        grid = [(out, size / out) for size, out in zip(sizes, each(spec.size, len(sizes)), strict=True)]
    else:
        factors = each(spec.scale_factor, len(sizes))
        grid = [(floor(size * factor), 1 / factor) for size, factor in zip(sizes, factors, strict=True)]
    for axis, (out, step) in enumerate(grid, 2):
        y = resampled(spec, ops, y, axis, out, step)
    return y


@formula(ZeroPad2d)
def zero_pad(spec: ZeroPad2d, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """x with zeros around it"""
    left, right, top, bottom = each(spec.padding, 4)
    return ops.pad(x[0], ((0, 0), (0, 0), (top, bottom), (left, right)))
