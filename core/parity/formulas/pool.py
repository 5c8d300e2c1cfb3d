"""Formulas of pooling: the largest or the mean of gathered windows."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array, Tree
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
from isograd.core.layers.pool import AdaptivePooling, Pooling
from isograd.core.parity.formulas.table import formula
from isograd.core.parity.formulas.windows import NOWHERE, combined, covered, each, flat, inside, pieces


def largest(ops: Namespace, x: Any, tables: list[Array]) -> Any:
    """(N, C, P, Q): the largest of each window's real places, the first of equal ones.

    What is no place stands for the window's last real one, after it: a later equal never wins.
    """
    places = combined(tables, x.shape[2:])
    real_first = np.take_along_axis(places, np.argsort(places == NOWHERE, axis=1, kind="stable"), axis=1)
    last = np.take_along_axis(real_first, (places != NOWHERE).sum(1, keepdims=True) - 1, axis=1)
    filled = np.where(real_first == NOWHERE, last, real_first)
    values = flat(ops, x)
    found = [ops.max(values[:, :, part], axis=-1) for part in pieces(x.shape[0] * x.shape[1], filled)]
    return shaped(ops, x, ops.concat(found, axis=2), tables)


def averaged(ops: Namespace, x: Any, tables: list[Array], counts: Array) -> Any:
    """(N, C, P, Q): Σ of each window's real places / its count"""
    values = flat(ops, x)
    total = sum(values[:, :, at] for at in combined(tables, x.shape[2:]).T)
    return shaped(ops, x, total / ops.constant(counts, x), tables)


def shaped(ops: Namespace, x: Any, y: Any, tables: list[Array]) -> Any:
    """(N, C, windows) as (N, C, P, Q)"""
    return ops.reshape(y, (*x.shape[:2], *(len(table) for table in tables)))


def windows(spec: Pooling, sizes: tuple[int, ...]) -> list[Array]:
    """The places that each window covers on each axis, in the padding and beyond it too.

    Windows begin `stride` apart and end within the padded axis; with ceil_mode one more may hang over its end,
    where it begins before the padding after.
    """
    axes = len(sizes)
    stride = spec.kernel_size if spec.stride is None else spec.stride
    named = (spec.kernel_size, stride, getattr(spec, "dilation", 1), spec.padding)
    tables = []
    for size, k, s, d, padding in zip(sizes, *(each(option, axes) for option in named), strict=True):
        end = size + padding - d * (k - 1)
        starts = np.arange(-padding, end + (s - 1 if spec.ceil_mode else 0), s)
        tables.append(covered(starts[starts < size] if spec.ceil_mode else starts, k, d))
    return tables


@formula(MaxPool1d, MaxPool2d, MaxPool3d)
def max_pool(spec: Pooling, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,c,q] = max of window q, its padding left out"""
    sizes = tuple(x[0].shape[2:])
    return largest(ops, x[0], [inside(table, size) for table, size in zip(windows(spec, sizes), sizes, strict=True)])


@formula(AvgPool1d, AvgPool2d, AvgPool3d)
def avg_pool(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,c,q] = Σ of window q / count: of its places in x, and where asked for in the padding; never beyond that"""
    sizes = tuple(x[0].shape[2:])
    tables, counts = windows(spec, sizes), np.ones(1)
    for table, size, padding in zip(tables, sizes, each(spec.padding, len(sizes)), strict=True):
        margin = padding if spec.count_include_pad else 0
        counts = np.multiply.outer(counts, ((table >= -margin) & (table < size + margin)).sum(1))
    real = [inside(table, size) for table, size in zip(tables, sizes, strict=True)]
    return averaged(ops, x[0], real, counts.ravel())


def adaptive(spec: AdaptivePooling, sizes: tuple[int, ...]) -> list[Array]:
    """Window q of an axis holds ⌊q·size/out⌋ … ⌈(q+1)·size/out⌉ − 1; shorter windows end NOWHERE."""
    tables = []
    for size, out in zip(sizes, each(spec.output_size, len(sizes)), strict=True):
        held = [list(range(q * size // out, ceil((q + 1) * size / out))) for q in range(out)]
        longest = max(map(len, held))
        tables.append(np.array([window + [NOWHERE] * (longest - len(window)) for window in held]))
    return tables


@formula(AdaptiveMaxPool2d)
def adaptive_max_pool(spec: AdaptiveMaxPool2d, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,c,q] = max of window q"""
    return largest(ops, x[0], adaptive(spec, tuple(x[0].shape[2:])))


@formula(AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d)
def adaptive_avg_pool(spec: AdaptivePooling, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,c,q] = mean of window q"""
    sizes = tuple(x[0].shape[2:])
    tables = adaptive(spec, sizes)
    return averaged(ops, x[0], tables, (combined(tables, sizes) != NOWHERE).sum(1))


@formula(GlobalAvgPool)
def global_avg_pool(spec: GlobalAvgPool, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,c] = mean over every place"""
    return ops.mean(x[0], axis=tuple(range(2, x[0].ndim)))
