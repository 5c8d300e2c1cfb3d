"""Formulas of pooling: the largest or the mean of gathered windows."""

from __future__ import annotations

from math import copysign, inf, isinf, prod
from typing import Any, NamedTuple

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array, Tree
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
from isograd.core.layers.pool import LPPooling, Pooling
from isograd.core.parity.formulas.table import formula
from isograd.core.parity.formulas.windows import NOWHERE, combined, covered, each, flat, inside, pieces

WHOLE = np.dtype(np.int64)


def largest(ops: Namespace, x: Any, tables: list[Array], located: bool = False) -> Any:
    """(N, C, P, Q): the largest of each window's real places, the first of equal ones; `located`: also its place."""
    found = extreme(ops, x, combined(tables, x.shape[2:]))
    made = tuple(shaped(ops, x, part, tables) for part in found)
    return made if located else made[0]


def extreme(ops: Namespace, x: Any, places: Array) -> tuple[Any, Any]:
    """(N, C, windows): the largest of each window's real places, and the first place where it stands

    What is no place stands for the window's last real one, after it: a later equal never wins.
    """
    real_first = np.take_along_axis(places, np.argsort(places == NOWHERE, axis=1, kind="stable"), axis=1)
    last = np.take_along_axis(real_first, (places != NOWHERE).sum(1, keepdims=True) - 1, axis=1)
    filled = np.where(real_first == NOWHERE, last, real_first)
    values = flat(ops, x)
    found, first = [], []
    for part in pieces(x.shape[0] * x.shape[1], filled):
        seen = values[:, :, part]
        found.append(ops.max(seen, axis=-1))
        wins = ops.stop_gradient(seen) == ops.max(ops.stop_gradient(seen), axis=-1, keepdims=True)
        first.append(-ops.max(ops.where(wins, ops.constant(-part, WHOLE), -(1 << 40)), axis=-1))
    return ops.concat(found, axis=2), ops.concat(first, axis=2)


def averaged(ops: Namespace, x: Any, tables: list[Array], counts: Array) -> Any:
    """(N, C, P, Q): Σ of each window's real places / its count"""
    values = flat(ops, x)
    total = sum(values[:, :, at] for at in combined(tables, x.shape[2:]).T)
    return shaped(ops, x, total / ops.constant(counts, x), tables)


def shaped(ops: Namespace, x: Any, y: Any, tables: list[Array]) -> Any:
    """(N, C, windows) as (N, C, P, Q)"""
    return ops.reshape(y, (*x.shape[:2], *(len(table) for table in tables)))


class Windows(NamedTuple):
    """The options that say where windows stand, of what has no others."""

    kernel_size: Any
    stride: Any
    ceil_mode: bool
    padding: int = 0


def windows(spec: Pooling | Windows, sizes: tuple[int, ...]) -> list[Array]:
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
def max_pool(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,c,q] = max of window q, its padding left out"""
    sizes = tuple(x[0].shape[2:])
    tables = [inside(table, size) for table, size in zip(windows(spec, sizes), sizes, strict=True)]
    return largest(ops, x[0], tables, spec.return_indices)


@formula(AvgPool1d, AvgPool2d, AvgPool3d)
def avg_pool(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,c,q] = Σ of window q / count: of its places in x, and where asked for in the padding; never beyond that"""
    sizes = tuple(x[0].shape[2:])
    tables, counts = windows(spec, sizes), np.ones(1)
    for table, size, padding in zip(tables, sizes, each(spec.padding, len(sizes)), strict=True):
        margin = padding if spec.count_include_pad else 0
        counts = np.multiply.outer(counts, ((table >= -margin) & (table < size + margin)).sum(1))
    real = [inside(table, size) for table, size in zip(tables, sizes, strict=True)]
    override = getattr(spec, "divisor_override", None)
    return averaged(ops, x[0], real, counts.ravel() if override is None else np.full(counts.size, override))


@formula(LPPool1d, LPPool2d, LPPool3d)
def lp_pool(spec: LPPooling, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The root of places/count · Σ of powers, its slope 0 where that is 0; the largest or smallest size for ±∞"""
    m, sizes = spec.norm_type, tuple(x[0].shape[2:])
    plain = windows(Windows(spec.kernel_size, spec.stride, spec.ceil_mode), sizes)
    tables = [inside(table, size) for table, size in zip(plain, sizes, strict=True)]
    if isinf(m):
        sign = copysign(1.0, m)
        return sign * largest(ops, sign * ops.abs(x[0]), tables)
    held = combined(tables, sizes) != NOWHERE
    sums = prod(each(spec.kernel_size, len(sizes))) * averaged(ops, x[0] ** m, tables, held.sum(1))
    nothing = ops.stop_gradient(sums) == 0
    roots = ops.where(nothing, ops.ones_like(sums), sums) ** (1 / m)
    return ops.where(nothing, 0.0 if m > 0 else inf, roots)
