"""Pooling over any number of axes: a window's places are strided views of x, one for each kernel offset."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import product
from math import prod
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.operations.convolve import blocks
from isograd.backends.numpy_impl.operations.registry import implements
from isograd.backends.numpy_impl.operations.resample import adaptive_windows, averages, resample, resample_back
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool2d,
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    GlobalAvgPool,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
)
from isograd.core.layers.pool import AdaptivePooling, AvgPooling, MaxPooling
from isograd.core.layers.windows import Axis


def padded_sizes(axes: Sequence[Axis]) -> tuple[int, ...]:
    """Room for the padding before and for every window, and no less than x itself needs."""
    return tuple(max(a.before + a.size, a.stride * (a.out - 1) + a.reach) for a in axes)


def interior(axes: Sequence[Axis]) -> tuple[Any, ...]:
    """Where x stands in its padded copy."""
    return (..., *(slice(a.before, a.before + a.size) for a in axes))


def padded(x: Array, axes: Sequence[Axis], fill: float) -> Array:
    """xp, or x itself where no window reaches beyond it"""
    sizes = padded_sizes(axes)
    if sizes == x.shape[2:]:
        return x
    xp = np.full((*x.shape[:2], *sizes), fill, x.dtype)
    xp[interior(axes)] = x
    return xp


def views(xp: Array, axes: Sequence[Axis]) -> list[Array]:
    """For each kernel offset u, in row-major order, the view xp[n, c, s·p + d·u, …] of shape (n, c, *out)."""
    along = [[slice(i, i + a.stride * (a.out - 1) + 1, a.stride) for i in range(0, a.reach, a.dilation)] for a in axes]
    return [xp[(slice(None), slice(None), *offset)] for offset in product(*along)]


def largest(places: Sequence[Array], first: Array, *, nan: bool = False) -> tuple[Array, Array]:
    """(y, index): each window's maximum and the number of the place that wins it.

    A place wins where it is larger than all before it; with `nan`, also where it is NaN. So the first of
    equal maxima wins, and the last NaN, as in torch.
    """
    y = places[0].copy()
    index = np.empty(y.shape, first.dtype)
    index[...] = first
    for k, place in enumerate(places[1:], 1):
        wins = place > y
        if nan:
            wins |= np.isnan(place)
        np.maximum(index, wins * first.dtype.type(k), out=index)
        np.maximum(y, place, out=y)
    return y, index


@implements(MaxPool1d, MaxPool2d, MaxPool3d)
def max_pool(spec: MaxPooling, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[n,c,p,q] = max over u, v of xp[n,c,s·p+d·u,s·q+d·v]        xp = x padded with −∞; 1 and 3 axes alike

    dxp[n,c,i,j] = Σ dy[n,c,p,q] over the windows p, q that i, j wins
    """
    axes = spec.windows(x.shape[1:])
    number = np.uint8 if prod(spec.kernel) <= 256 else np.int64
    blank = padded(np.zeros((1, 1, *x.shape[2:])), axes, -np.inf)  # where all is equal, the first real place wins
    _, first = largest(views(blank, axes), np.zeros((), number))
    y = np.empty((*x.shape[:2], *(a.out for a in axes)), x.dtype)
    index = np.empty(y.shape, first.dtype)
    for block in blocks(len(x), x[0].nbytes):
        places = views(padded(x[block], axes, -np.inf), axes)
        y[block], index[block] = largest(places, first)
        if np.isnan(y[block]).any():
            y[block], index[block] = largest(places, first, nan=True)

    def backward(dy: Array) -> tuple[Array, State]:
        dxp = np.zeros((*x.shape[:2], *padded_sizes(axes)), dy.dtype)
        apart = all(a.stride >= a.reach for a in axes)  # no place is in two windows
        for block in blocks(len(x), x[0].nbytes):
            for k, place in enumerate(views(dxp[block], axes)):
                if apart:
                    np.multiply(dy[block], index[block] == k, out=place)
                else:
                    place += dy[block] * (index[block] == k)
        return dxp[interior(axes)], {}

    return y, backward


def divisors(spec: AvgPooling, axes: Sequence[Axis]) -> Array:
    """How many places each window's mean is taken over, (*out)"""
    counts = []
    for a in axes:
        start = a.stride * np.arange(a.out) - a.before
        stop = np.minimum(start + a.kernel, a.size + a.after)
        if not spec.count_include_pad:
            start, stop = np.maximum(start, 0), np.minimum(stop, a.size)
        counts.append(stop - start)
    return np.asarray(reduce(np.multiply.outer, counts))


@implements(AvgPool1d, AvgPool2d, AvgPool3d)
def avg_pool(spec: AvgPooling, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[n,c,p,q] = Σ xp[n,c,s·p+u,s·q+v] / D[p,q]

    dxp[n,c,i,j] = Σ dy[n,c,p,q] / D[p,q] over the windows p, q that hold i, j
    """
    axes = spec.windows(x.shape[1:])
    D = divisors(spec, axes).astype(x.dtype)
    first, *others = views(padded(x, axes, 0), axes)
    y = first.copy()
    for place in others:
        y += place
    y /= D

    def backward(dy: Array) -> tuple[Array, State]:
        dxp = np.zeros((*x.shape[:2], *padded_sizes(axes)), dy.dtype)
        share = dy / D
        for place in views(dxp, axes):
            place += share
        return dxp[interior(axes)], {}

    return y, backward


@implements(AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d)
def adaptive_avg_pool(spec: AdaptivePooling, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = A x Bᵀ, image by image        dx = Aᵀ dy B        A[p,i] = [i in window p] / places in window p, B alike"""
    (sizes,) = spec.out_shapes(x.shape[1:])
    maps = [averages(size, out).astype(x.dtype) for size, out in zip(x.shape[2:], sizes[1:], strict=True)]

    def backward(dy: Array) -> tuple[Array, State]:
        return resample_back(dy, maps), {}

    return resample(x, maps), backward


@implements(AdaptiveMaxPool2d)
def adaptive_max_pool(spec: AdaptiveMaxPool2d, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[n,c,p,q] = max of x over window p, q        dx[n,c,i,j] = Σ dy[n,c,p,q] over the windows that i, j wins"""
    (sizes,) = spec.out_shapes(x.shape[1:])
    # Offset k of window p is place start + k; a shorter window repeats its last place, which changes no first maximum.
    places = []
    for size, out in zip(x.shape[2:], sizes[1:], strict=True):
        starts, stops = np.array(adaptive_windows(size, out)).T
        places.append([np.minimum(starts + k, stops - 1) for k in range((stops - starts).max())])
    flat = [i[:, None] * x.shape[3] + j for i, j in product(*places)]
    images = x.reshape(-1, x.shape[2] * x.shape[3])
    seen = [images[:, where] for where in flat]
    y, index = largest(seen, np.zeros((1, 1), np.int64), nan=True)
    winners = np.take_along_axis(np.stack(flat)[:, None], index[None], 0)[0]

    def backward(dy: Array) -> tuple[Array, State]:
        dx = np.zeros_like(images)
        np.add.at(dx, (np.arange(len(dx))[:, None, None], winners), dy.reshape(y.shape))
        return dx.reshape(x.shape), {}

    return y.reshape(len(x), *sizes), backward


@implements(GlobalAvgPool)
def global_avg_pool(spec: GlobalAvgPool, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[n,c] = Σ x[n,c,…] / places        dx[n,c,…] = dy[n,c] / places"""
    axes = tuple(range(2, x.ndim))

    def backward(dy: Array) -> tuple[Array, State]:
        return np.broadcast_to(np.expand_dims(dy / prod(x.shape[2:]), axes), x.shape).copy(), {}

    return x.mean(axes), backward
