"""Formulas of pooling: the largest or the mean of gathered windows."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import (
    AdaptiveAvgPool2d,
    AdaptiveMaxPool2d,
    AvgPool1d,
    AvgPool2d,
    GlobalAvgPool,
    MaxPool1d,
    MaxPool2d,
)
from isograd.core.layers.pool import AdaptivePooling, Pooling
from isograd.core.layers.windows import Axis, per_axis
from isograd.core.parity.formulas.table import formula
from isograd.core.parity.formulas.windows import NOWHERE, combined, gathered, sources


def largest(ops: Namespace, x: Any, places: Array) -> Any:
    """(N, C, windows): the largest of each window's real places, the first of equal ones.

    What is no place stands for the window's last real one, after it: a later equal never wins.
    """
    real = [[place for place in window if place != NOWHERE] for window in places]
    filled = [window + window[-1:] * (places.shape[1] - len(window)) for window in real]
    return ops.max(gathered(ops, x, np.array(filled)), axis=-1)


def averaged(ops: Namespace, x: Any, places: Array, counts: Array) -> Any:
    """(N, C, windows): Σ of each window's real places / its count"""
    return ops.sum(gathered(ops, x, places), axis=-1) / ops.constant(counts, x)


def shaped(spec: Any, ops: Namespace, x: Any, y: Any) -> Any:
    """(N, C, windows) as (N, C, P, Q)"""
    return ops.reshape(y, (len(x), *spec.out_shapes(tuple(x.shape[1:]))[0]))


@formula(MaxPool1d, MaxPool2d)
def max_pool(spec: Pooling, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,c,q] = max of window q, its padding left out"""
    shape = tuple(x[0].shape[1:])
    places = combined([sources(axis) for axis in spec.windows(shape)], shape[1:])
    return shaped(spec, ops, x[0], largest(ops, x[0], places))


def counted(axis: Axis, with_padding: bool) -> Array:
    """How many places of each window along an axis its mean is taken over."""
    places = axis.stride * np.arange(axis.out)[:, None] + np.arange(axis.kernel)
    first, end = (0, axis.before + axis.size + axis.after) if with_padding else (axis.before, axis.before + axis.size)
    counts: Array = ((places >= first) & (places < end)).sum(1)
    return counts


@formula(AvgPool1d, AvgPool2d)
def avg_pool(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,c,q] = Σ of window q / count"""
    shape = tuple(x[0].shape[1:])
    counts = np.ones(1)
    for axis in spec.windows(shape):
        counts = np.multiply.outer(counts, counted(axis, spec.count_include_pad))
    places = combined([sources(axis) for axis in spec.windows(shape)], shape[1:])
    return shaped(spec, ops, x[0], averaged(ops, x[0], places, counts.ravel()))


def adaptive_places(spec: AdaptivePooling, sizes: Sequence[int]) -> Array:
    """Window q of an axis holds ⌊q·size/out⌋ … ⌈(q+1)·size/out⌉ − 1; shorter windows end NOWHERE."""
    tables = []
    for size, out in zip(sizes, per_axis(spec.output_size, 2), strict=True):
        windows = [list(range(q * size // out, ceil((q + 1) * size / out))) for q in range(out)]
        longest = max(map(len, windows))
        tables.append(np.array([window + [NOWHERE] * (longest - len(window)) for window in windows]))
    return combined(tables, tuple(sizes))


@formula(AdaptiveMaxPool2d)
def adaptive_max_pool(spec: AdaptiveMaxPool2d, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,c,q] = max of window q"""
    return shaped(spec, ops, x[0], largest(ops, x[0], adaptive_places(spec, x[0].shape[2:])))


@formula(AdaptiveAvgPool2d)
def adaptive_avg_pool(spec: AdaptiveAvgPool2d, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,c,q] = mean of window q"""
    places = adaptive_places(spec, x[0].shape[2:])
    return shaped(spec, ops, x[0], averaged(ops, x[0], places, (places != NOWHERE).sum(1)))


@formula(GlobalAvgPool)
def global_avg_pool(spec: GlobalAvgPool, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,c] = mean over every place"""
    return ops.mean(x[0], axis=tuple(range(2, x[0].ndim)))
