"""Pooling over any number of axes: a window's places are strided views of x, one for each kernel offset."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import product
from math import copysign, inf, prod
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.operations.convolve import blocks
from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import (
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    LPPool1d,
    LPPool2d,
    LPPool3d,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
)
from isograd.core.layers.pool import AvgPooling, LPPooling, MaxPooling
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
def max_pool(spec: MaxPooling, p: Tree, x: Array, *, run: Run) -> tuple[Any, Backward]:
    """y[n,c,p,q] = max over u, v of xp[n,c,s·p+d·u,s·q+d·v]        xp = x padded with −∞; 1 and 3 axes alike

    dxp[n,c,i,j] = Σ dy[n,c,p,q] over the windows p, q that i, j wins; with return_indices where in x that is, too
    """
    axes = spec.windows(x.shape[1:])
    y, index, backward = maxima(x, axes)
    return (y, where_in_x(index, axes)) if spec.return_indices else y, backward


def maxima(x: Array, axes: Sequence[Axis]) -> tuple[Array, Array, Backward]:
    """(y, the number in its window of the place that wins it, backward)"""
    number = np.uint8 if prod(a.kernel for a in axes) <= 256 else np.int64
    blank = padded(np.zeros((1, 1, *x.shape[2:])), axes, -np.inf)  # where all is equal, the first real place wins
    _, first = largest(views(blank, axes), np.zeros((), number))
    y = np.empty((*x.shape[:2], *(a.out for a in axes)), x.dtype)
    index = np.empty(y.shape, first.dtype)
    for block in blocks(len(x), x[0].nbytes):
        places = views(padded(x[block], axes, -np.inf), axes)
        y[block], index[block] = largest(places, first)
        if np.isnan(y[block]).any():
            y[block], index[block] = largest(places, first, nan=True)

    def backward(dy: Array, *_: Array) -> tuple[Array, State]:
        dxp = np.zeros((*x.shape[:2], *padded_sizes(axes)), dy.dtype)
        apart = all(a.stride >= a.reach for a in axes)  # no place is in two windows
        for block in blocks(len(x), x[0].nbytes):
            for k, place in enumerate(views(dxp[block], axes)):
                if apart:
                    np.multiply(dy[block], index[block] == k, out=place)
                else:
                    place += dy[block] * (index[block] == k)
        return dxp[interior(axes)], {}

    return y, index, backward


def where_in_x(index: Array, axes: Sequence[Axis]) -> Array:
    """i·W + j for the winner i, j of each window, whose number in the window is `index`; 1 and 3 axes alike"""
    flat = np.zeros(index.shape, np.int64)
    offsets = np.unravel_index(index, tuple(a.kernel for a in axes))
    for k, (a, u) in enumerate(zip(axes, offsets, strict=True)):
        starts = a.stride * np.arange(a.out) - a.before
        flat = flat * a.size + starts.reshape(-1, *[1] * (len(axes) - 1 - k)) + a.dilation * u
    return flat


def divisors(axes: Sequence[Axis], *, count_include_pad: bool) -> Array:
    """How many places each window's mean is taken over, (*out)"""
    counts = []
    for a in axes:
        start = a.stride * np.arange(a.out) - a.before
        stop = np.minimum(start + a.kernel, a.size + a.after)
        if not count_include_pad:
            start, stop = np.maximum(start, 0), np.minimum(stop, a.size)
        counts.append(stop - start)
    return np.asarray(reduce(np.multiply.outer, counts))


@implements(AvgPool1d, AvgPool2d, AvgPool3d)
def avg_pool(spec: AvgPooling, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[n,c,p,q] = Σ xp[n,c,s·p+u,s·q+v] / D[p,q]

    dxp[n,c,i,j] = Σ dy[n,c,p,q] / D[p,q] over the windows p, q that hold i, j
    """
    axes = spec.windows(x.shape[1:])
    D = divisors(axes, count_include_pad=spec.count_include_pad) if spec.divisor is None else np.array(spec.divisor)
    return means(x, axes, D.astype(x.dtype))


def means(x: Array, axes: Sequence[Axis], D: Array) -> tuple[Array, Backward]:
    """Each window's sum / D"""
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


@implements(LPPool1d, LPPool2d, LPPool3d)
def lp_pool(spec: LPPooling, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = S^(1/m),   S[n,c,p,q] = K · mean of xᵐ over window p, q,   m = norm_type, K = places of a window

    dx = Σ dy S^(1/m − 1) · K/D · xᵐ⁻¹ over the windows that hold i, j, 0 from those with S = 0
    m = ±∞: y = ±max ±|x|, dx = sign(x) times what max_pool gives
    """
    m, axes = spec.norm_type, spec.windows(x.shape[1:])
    if m in (inf, -inf):
        sign = copysign(1.0, m)
        sizes, _, to_sizes = maxima(sign * np.abs(x), axes)

        def back(dy: Array) -> tuple[Array, State]:
            return np.sign(x) * to_sizes(dy)[0], {}

        return sign * sizes, back
    K, D = prod(spec.kernel), divisors(axes, count_include_pad=False).astype(x.dtype)
    with np.errstate(divide="ignore", invalid="ignore"):  # ∞ of 0 and NaN of what is negative, as in torch
        mean, to_powers = means(x**m, axes, D)
        S = K * mean
        y: Array = S ** (1 / m)

    def backward(dy: Array) -> tuple[Array, State]:
        with np.errstate(divide="ignore", invalid="ignore"):
            dS = np.where(S == 0, 0, dy * S ** (1 / m - 1))
            return to_powers(K * dS)[0] * x ** (m - 1), {}

    return y, backward
