"""Formulas of the layers that change an image's size without weights."""

from __future__ import annotations

from math import ceil, floor
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Upsample, UpsamplingBilinear2d, UpsamplingNearest2d
from isograd.core.parity.formulas.table import formula
from isograd.core.parity.formulas.windows import each

Shares = dict[int, float]
"""{place in x: its share of one place in y}"""


def held(spec: Upsample, place: int, size: int, out: int, step: float, dtype: np.dtype[np.floating]) -> Shares:
    """What y[place] holds of x; places are numbers of x's own dtype, nearest ones of float32, as in torch."""
    i: Any = (np.float32 if "nearest" in spec.mode else dtype.type)(place)
    if out == size and spec.mode not in ("nearest-exact", "bicubic"):
        return {place: 1.0}
    if spec.mode in ("nearest", "nearest-exact"):
        if spec.mode == "nearest" and out == 2 * size:
            return {place // 2: 1.0}
        return {min(floor((i + 0.5 * (spec.mode == "nearest-exact")) * np.float32(step)), size - 1): 1.0}
    if spec.mode == "area":
        window = range(place * size // out, ceil((place + 1) * size / out))
        return {j: 1 / len(window) for j in window}
    if spec.align_corners:
        step = (size - 1) / (out - 1) if out > 1 else 0.0
    r: Any = dtype.type(step)
    if spec.antialias:
        heights = {j: height(spec, (j + 0.5 - (i + 0.5) * r) / max(r, 1.0)) for j in range(size)}
        return {j: share / sum(heights.values()) for j, share in heights.items()}
    at = i * r if spec.align_corners else (i + 0.5) * r - 0.5
    at = at if spec.mode == "bicubic" else max(at, 0.0)
    shares: Shares = {}
    for j in range(floor(at) - 1, floor(at) + 3):
        inside = min(max(j, 0), size - 1)
        shares[inside] = shares.get(inside, 0.0) + height(spec, at - j)
    return shares


def height(spec: Upsample, t: float) -> float:
    """Of the filter at t: a triangle from −1 to 1, or Keys' cubic from −2 to 2"""
    t = abs(t)
    if spec.mode != "bicubic":
        return max(1 - t, 0.0)
    a = -0.5 if spec.antialias else -0.75
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a if t < 2 else 0.0


def resampled(spec: Upsample, ops: Namespace, x: Any, axis: int, out: int, step: float, run: Run) -> Any:
    """One axis: y[i] = Σ share · x[place]"""
    shares = [list(held(spec, i, x.shape[axis], out, step, run.dtype).items()) for i in range(out)]
    most = max(map(len, shares))
    table = np.array([entry + [(0, 0.0)] * (most - len(entry)) for entry in shares])
    front, behind = (slice(None),) * axis, [1] * (x.ndim - 1 - axis)
    return sum(
        ops.constant(table[:, k, 1].reshape(-1, *behind), x) * x[(*front, table[:, k, 0].astype(int))]
        for k in range(most)
    )


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
    if spec.recompute_scale_factor:
        grid = [(out, size / out) for size, (out, _) in zip(sizes, grid, strict=True)]
    for axis, (out, step) in enumerate(grid, 2):
        y = resampled(spec, ops, y, axis, out, step, run)
    return y


@formula(UpsamplingNearest2d)
def upsampling_nearest(spec: UpsamplingNearest2d, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The nearest place before"""
    return upsample(Upsample(size=spec.size, scale_factor=spec.scale_factor), ops, p, x, run)


@formula(UpsamplingBilinear2d)
def upsampling_bilinear(spec: UpsamplingBilinear2d, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Between four places, corners on corners"""
    whole = Upsample(size=spec.size, scale_factor=spec.scale_factor, mode="bilinear", align_corners=True)
    return upsample(whole, ops, p, x, run)
