"""Definitions of the layers for images: convolution, pooling, normalisation, resizing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import ceil, floor, fsum, prod, sqrt
from typing import Any

import numpy as np

from isograd.core import layers as core
from isograd.core.base.types import Array, Arrays, Shape, Tree
from isograd.core.engine.context import Run
from isograd.core.parity.definitions.table import Index, defines, defines_buffers


def _each(value: Any, axes: int) -> list[Any]:
    return list(value) if isinstance(value, tuple) else [value] * axes


def _margins(spec: Any) -> list[int]:
    """The padding before each axis."""
    if spec.padding == "valid":
        return [0] * spec.axes
    if spec.padding == "same":
        holes, sizes = _each(spec.dilation, spec.axes), _each(spec.kernel_size, spec.axes)
        return [d * (k - 1) // 2 for k, d in zip(sizes, holes, strict=True)]
    if spec.axes == 1 and isinstance(spec.padding, tuple) and len(spec.padding) == 2:
        return [spec.padding[0]]
    return [pad[0] if isinstance(pad, tuple) else pad for pad in _each(spec.padding, spec.axes)]


def _original(place: int, size: int, mode: str) -> int | None:
    """Where the value at a place of the padded axis comes from; None: it is 0."""
    if 0 <= place < size:
        return place
    match mode:
        case "reflect":
            return -place if place < 0 else 2 * (size - 1) - place
        case "replicate":
            return 0 if place < 0 else size - 1
        case "circular":
            return place % size
    return None


@defines(core.Conv1d, core.Conv2d, core.Conv3d)
def conv(spec: Any, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    (n, o, *window), w, k = i, p["weight"], spec.axes
    first = o // (spec.out_channels // spec.groups) * w.shape[1]  # of the channels of o's group
    terms = [float(p["bias"][o])] if spec.bias else []
    for c, *offset in np.ndindex(w.shape[1:]):
        rows = zip(_each(spec.stride, k), window, _each(spec.dilation, k), offset, _margins(spec), strict=True)
        places = [s * q + d * u - before for s, q, d, u, before in rows]
        sources = [_original(at, size, spec.padding_mode) for at, size in zip(places, x[0].shape[2:], strict=True)]
        if None not in sources:
            terms.append(float(w[(o, c, *offset)]) * float(x[0][(n, first + c, *sources)]))
    return fsum(terms)


@defines(core.ConvTranspose1d, core.ConvTranspose2d)
def conv_transpose(spec: Any, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    (n, o, *place), w, k = i, p["weight"], spec.axes
    group, within = divmod(o, w.shape[1])
    channels = x[0].shape[1] // spec.groups
    terms = [float(p["bias"][o])] if spec.bias else []
    options = (_each(spec.stride, k), _each(spec.dilation, k), _each(spec.padding, k))
    for c, *offset in product(range(group * channels, (group + 1) * channels), *map(range, w.shape[2:])):
        steps = [divmod(j + pad - d * u, s) for j, u, s, d, pad in zip(place, offset, *options, strict=True)]
        if all(rest == 0 and 0 <= q < size for (q, rest), size in zip(steps, x[0].shape[2:], strict=True)):
            terms.append(float(w[(c, within, *offset)]) * float(x[0][(n, c, *(q for q, _ in steps))]))
    return fsum(terms)


def _window(spec: Any, window: list[int]) -> Iterator[tuple[int, ...]]:
    """The places that a pooling window covers, those outside the image too."""
    k, sizes = spec.axes, _each(spec.kernel_size, spec.axes)
    steps = sizes if spec.stride is None else _each(spec.stride, k)
    holes = _each(getattr(spec, "dilation", 1), k)
    rows = zip(steps, window, holes, sizes, _each(spec.padding, k), strict=True)
    return product(*([s * q + d * u - pad for u in range(size)] for s, q, d, size, pad in rows))


def _inside(place: tuple[int, ...], shape: Shape, margins: list[int]) -> bool:
    return all(-m <= at < size + m for at, size, m in zip(place, shape, margins, strict=True))


@defines(core.MaxPool1d, core.MaxPool2d)
def max_pool(spec: Any, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    (n, c, *window), shape = i, x[0].shape[2:]
    return max(float(x[0][(n, c, *at)]) for at in _window(spec, window) if _inside(at, shape, [0] * len(shape)))


@defines(core.AvgPool1d, core.AvgPool2d)
def avg_pool(spec: Any, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    (n, c, *window), shape = i, x[0].shape[2:]
    real = [at for at in _window(spec, window) if _inside(at, shape, [0] * len(shape))]
    counted = [at for at in _window(spec, window) if _inside(at, shape, _each(spec.padding, len(shape)))]
    count = len(counted if spec.count_include_pad else real)
    return fsum(float(x[0][(n, c, *at)]) for at in real) / count


def _adaptive(spec: Any, x: Array, i: Index) -> list[float]:
    n, c, *window = i
    rows = list(zip(window, _each(spec.output_size, 2), x.shape[2:], strict=True))
    (top, bottom), (left, right) = ((q * size // out, ceil((q + 1) * size / out)) for q, out, size in rows)
    return [float(v) for v in x[n, c, top:bottom, left:right].ravel()]


@defines(core.AdaptiveAvgPool2d)
def adaptive_avg_pool(spec: Any, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    values = _adaptive(spec, x[0], i)
    return fsum(values) / len(values)


@defines(core.AdaptiveMaxPool2d)
def adaptive_max_pool(spec: Any, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    return max(_adaptive(spec, x[0], i))


@defines(core.GlobalAvgPool)
def global_avg_pool(spec: Any, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    values = x[0][i].ravel().tolist()
    return fsum(values) / len(values)


@defines(core.Upsample)
def upsample(spec: core.Upsample, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    n, c, *place = i
    sizes, k = x[0].shape[2:], x[0].ndim - 2
    outs = (
        _each(spec.size, k)
        if spec.size is not None
        else [floor(s * f) for s, f in zip(sizes, _each(spec.scale_factor, k), strict=True)]
    )
    steps = (
        [s / o for s, o in zip(sizes, outs, strict=True)]
        if spec.scale_factor is None
        else [1 / f for f in _each(spec.scale_factor, k)]
    )
    shares: list[list[tuple[int, float]]] = []  # on each axis, the places and what they weigh
    for q, size, out, r in zip(place, sizes, outs, steps, strict=True):
        if spec.mode == "nearest":
            shares.append([(min(floor(q * r), size - 1), 1.0)])
            continue
        at = (q * (size - 1) / (out - 1) if out > 1 else 0.0) if spec.align_corners else max((q + 0.5) * r - 0.5, 0.0)
        low = min(floor(at), size - 1)
        shares.append([(low, 1 - (at - low)), (min(low + 1, size - 1), at - low)])
    return fsum(
        prod(weight for _, weight in corner) * float(x[0][(n, c, *(at for at, _ in corner))])
        for corner in product(*shares)
    )


@defines(core.ZeroPad2d)
def zero_pad(spec: core.ZeroPad2d, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    n, c, row, column = i
    left, _, top, _ = _each(spec.padding, 4)
    at = (row - top, column - left)
    return float(x[0][(n, c, *at)]) if _inside(at, x[0].shape[2:], [0, 0]) else 0.0


@defines(core.Dropout2d)
def dropout2d(spec: core.Dropout2d, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    keep, value = 1 - spec.p, float(x[0][i])
    if not run.training:
        return value * keep if spec.scale == "inference" else value
    n, c, *_ = i
    if run.random((*x[0].shape[:2], 1, 1))[n, c, 0, 0] < spec.p:
        return 0.0
    return value if spec.scale == "inference" else value / keep


def _moments(values: Array) -> tuple[float, float, int]:
    """(mean, biased variance, count)"""
    numbers = values.ravel().tolist()
    mean = fsum(numbers) / len(numbers)
    return mean, fsum((v - mean) ** 2 for v in numbers) / len(numbers), len(numbers)


def _standardized(value: float, mean: float, variance: float, eps: float, p: Tree, at: Any) -> float:
    """weight · (value − mean)/√(variance + eps) + bias, where there are any"""
    z = (value - mean) / sqrt(variance + eps)
    z = z * float(p["weight"][at]) if "weight" in p else z
    return z + float(p["bias"][at]) if "bias" in p else z


def _remembers(spec: Any, run: Run) -> bool:
    return spec.track_running_stats and not run.training


@defines(core.BatchNorm1d, core.BatchNorm2d, core.InstanceNorm2d)
def batch_norm(spec: Any, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    n, c = i[:2]
    if _remembers(spec, run):
        mean, variance = float(p["running_mean"][c]), float(p["running_var"][c])
    else:
        mean, variance, _ = _moments(x[0][n, c] if isinstance(spec, core.InstanceNorm2d) else x[0][:, c])
    return _standardized(float(x[0][i]), mean, variance, spec.eps, p, c)


@defines_buffers(core.BatchNorm1d, core.BatchNorm2d)
def batch_norm_buffers(spec: Any, p: Tree, x: Arrays, name: str, i: Index, run: Run) -> float:
    seen = int(p["num_batches_tracked"]) + 1
    if name == "num_batches_tracked":
        return seen
    mean, variance, count = _moments(x[0][:, i[0]])
    new = mean if name == "running_mean" else variance * count / (count - 1)
    share = 1 / seen if spec.momentum is None else spec.momentum
    return (1 - share) * float(p[name][i]) + share * new


@defines_buffers(core.InstanceNorm2d)
def instance_norm_buffers(spec: Any, p: Tree, x: Arrays, name: str, i: Index, run: Run) -> float:
    if name == "num_batches_tracked":
        return int(p[name])
    each = [_moments(image[i[0]]) for image in x[0]]
    news = [mean if name == "running_mean" else variance * count / (count - 1) for mean, variance, count in each]
    share = float(spec.momentum)
    return (1 - share) * float(p[name][i]) + share * fsum(news) / len(news)


@defines(core.LayerNorm)
def layer_norm(spec: core.LayerNorm, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    first = len(i) - spec.axes
    mean, variance, _ = _moments(x[0][i[:first]])
    return _standardized(float(x[0][i]), mean, variance, spec.eps, p, i[first:])


@defines(core.GroupNorm)
def group_norm(spec: core.GroupNorm, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    n, c = i[:2]
    size = x[0].shape[1] // spec.num_groups
    mean, variance, _ = _moments(x[0][n, c // size * size : (c // size + 1) * size])
    return _standardized(float(x[0][i]), mean, variance, spec.eps, p, c)
