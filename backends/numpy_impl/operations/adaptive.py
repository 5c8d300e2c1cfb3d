"""Pooling over a grid of windows that adapts to the input's size, and over all places."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.operations.pool import largest
from isograd.backends.numpy_impl.operations.registry import implements
from isograd.backends.numpy_impl.operations.resample import adaptive_windows, averages, resample, resample_back
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
    GlobalAvgPool,
)
from isograd.core.layers.adaptive import AdaptiveMaxPooling, AdaptivePooling


@implements(AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d)
def adaptive_avg_pool(spec: AdaptivePooling, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = A x Bᵀ, image by image        dx = Aᵀ dy B        A[p,i] = [i in window p] / places in window p, B alike"""
    (sizes,) = spec.out_shapes(x.shape[1:])
    maps = [averages(size, out).astype(x.dtype) for size, out in zip(x.shape[2:], sizes[1:], strict=True)]

    def backward(dy: Array) -> tuple[Array, State]:
        return resample_back(dy, maps), {}

    return resample(x, maps), backward


@implements(AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d)
def adaptive_max_pool(spec: AdaptiveMaxPooling, p: Tree, x: Array, *, run: Run) -> tuple[Any, Backward]:
    """y[n,c,p,q] = max of x over window p, q        dx[n,c,i,j] = Σ dy[n,c,p,q] over the windows that i, j wins"""
    (sizes,) = spec.out_shapes(x.shape[1:])
    # Offset k of window p is place start + k; a shorter window repeats its last place, which changes no first maximum.
    places = []
    for size, out in zip(x.shape[2:], sizes[1:], strict=True):
        starts, stops = np.array(adaptive_windows(size, out)).T
        places.append([np.minimum(starts + k, stops - 1) for k in range((stops - starts).max())])
    flat = [np.asarray(np.ravel_multi_index(np.ix_(*at), x.shape[2:])) for at in product(*places)]
    return won(x, flat, return_indices=spec.return_indices)


def won(x: Array, flat: Sequence[Array], *, return_indices: bool) -> tuple[Any, Backward]:
    """The largest of each window, whose place k is flat[k] in its channel, and, where asked for, its place

    flat[k] (*out), or (n·c, *out) where each channel has windows of its own
    """
    images, rows = x.reshape(x.shape[0] * x.shape[1], -1), np.arange(x.shape[0] * x.shape[1])
    rows = rows.reshape(-1, *[1] * (x.ndim - 2))
    seen = [images[rows, where] for where in flat]
    y, index = largest(seen, np.zeros((), np.int64), nan=True)
    winners = np.take_along_axis(np.stack(np.broadcast_arrays(*flat, y)[:-1]), index[None], 0)[0]

    def backward(dy: Array, *_: Array) -> tuple[Array, State]:
        dx = np.zeros_like(images)
        np.add.at(dx, (rows, winners), dy.reshape(y.shape))
        return dx.reshape(x.shape), {}

    shape = (*x.shape[:2], *y.shape[1:])
    return (y.reshape(shape), winners.reshape(shape)) if return_indices else y.reshape(shape), backward


@implements(GlobalAvgPool)
def global_avg_pool(spec: GlobalAvgPool, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[n,c] = Σ x[n,c,…] / places        dx[n,c,…] = dy[n,c] / places"""
    axes = tuple(range(2, x.ndim))

    def backward(dy: Array) -> tuple[Array, State]:
        return np.broadcast_to(np.expand_dims(dy / prod(x.shape[2:]), axes), x.shape).copy(), {}

    return x.mean(axes), backward
