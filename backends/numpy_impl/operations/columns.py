"""Images as columns of windows, and back: each is the other's transpose."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Fold, Unfold
from isograd.core.layers.windows import Axis

Axes = tuple[Axis, ...]


def zeros(n: int, channels: int, axes: Axes, like: Array) -> Array:
    """Images within their padding, of zeros."""
    return np.zeros((n, channels, *(a.before + a.size + a.after for a in axes)), like.dtype)


def image(axes: Axes) -> tuple[Any, ...]:
    """The image in the midst of its padding."""
    return (..., *(slice(a.before, a.before + a.size) for a in axes))


def read(axes: Axes, *offset: int) -> tuple[Any, ...]:
    """The places that the windows' entry of this offset reads in a padded image: stride·p + dilation·offset."""
    starts = (a.dilation * u for a, u in zip(axes, offset, strict=True))
    return (..., *(slice(k, k + a.stride * (a.out - 1) + 1, a.stride) for a, k in zip(axes, starts, strict=True)))


def columns(x: Array, axes: Axes) -> Array:
    """cols[n, (c, u, v), (p, q)] = xp[n, c, s·p + d·u, s·q + d·v], xp = x within zeros"""
    n, channels = x.shape[:2]
    xp = zeros(n, channels, axes, x)
    xp[image(axes)] = x
    kernel, out = tuple(a.kernel for a in axes), tuple(a.out for a in axes)
    cols = np.empty((n, channels, *kernel, *out), x.dtype)
    for u, v in product(*map(range, kernel)):
        cols[:, :, u, v] = xp[read(axes, u, v)]
    return cols.reshape(n, channels * prod(kernel), prod(out))


def added_back(cols: Array, axes: Axes) -> Array:
    """x[n, c, i, j] = Σ cols[n, (c, u, v), (p, q)] over s·p + d·u = i, s·q + d·v = j, less the padding"""
    kernel, out = tuple(a.kernel for a in axes), tuple(a.out for a in axes)
    n, channels = len(cols), cols.shape[1] // prod(kernel)
    split = cols.reshape(n, channels, *kernel, *out)
    xp = zeros(n, channels, axes, cols)
    for u, v in product(*map(range, kernel)):
        xp[read(axes, u, v)] += split[:, :, u, v]
    x: Array = xp[image(axes)]
    return x


@implements(Unfold)
def unfold(spec: Unfold, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = cols(x)        dx = colsᵀ(dy)"""
    axes = spec.axes(x.shape[2:])

    def backward(dy: Array) -> tuple[Array, State]:
        return added_back(dy, axes), {}

    return columns(x, axes), backward


@implements(Fold)
def fold(spec: Fold, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = colsᵀ(x)        dx = cols(dy)"""
    axes = spec.axes

    def backward(dy: Array) -> tuple[Array, State]:
        return columns(dy, axes), {}

    return added_back(x, axes), backward
