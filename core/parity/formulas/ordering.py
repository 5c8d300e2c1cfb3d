"""Formulas of order along an axis: an entry's place is the number of those that come before it."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Shape, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import ArgMax, ArgMin, ArgSort, MaxDim, MinDim, Sort, TopK
from isograd.core.parity.formulas.table import formula

WHOLE = np.dtype(np.int64)


def in_rows(ops: Namespace, x: Any, dim: int) -> Any:
    """(…, n, …) as rows (R, n)"""
    moved = ops.swapaxes(x, dim, -1)
    return ops.reshape(moved, (-1, moved.shape[-1]))


def out_of_rows(ops: Namespace, rows: Any, shape: Shape, dim: int, keepdim: bool = True) -> Any:
    """(R, k) back to where x of `shape` had n"""
    turned = list(shape)
    turned[dim], turned[-1] = turned[-1], turned[dim]
    y = ops.swapaxes(ops.reshape(rows, (*turned[:-1], rows.shape[-1])), -1, dim)
    return y if keepdim else ops.reshape(y, tuple(np.delete(tuple(y.shape), dim).tolist()))


def first_of(ops: Namespace, rows: Any, largest: bool) -> Any:
    """(R, 1): the first place where the largest or smallest stands"""
    still = ops.stop_gradient(rows if largest else -rows)
    places = ops.constant(np.arange(rows.shape[-1])[None], WHOLE)
    at = ops.where(still == ops.max(still, axis=-1, keepdims=True), -places, -rows.shape[-1])
    return -ops.max(at, axis=-1, keepdims=True)


def order_of(ops: Namespace, rows: Any, falling: bool) -> Any:
    """(R, n): where the entry stands that comes first, second, …; equal ones as they stand"""
    still = ops.stop_gradient(-rows if falling else rows)
    n = rows.shape[-1]
    places = ops.constant(np.arange(n), WHOLE)
    one, other = still[:, :, None], still[:, None, :]
    before = (other < one) | ((other == one) & (places[None, None, :] < places[None, :, None]))
    rank = ops.sum(before * 1, axis=-1)
    return ops.sum((rank[:, :, None] == places[None, None, :]) * places[None, :, None], axis=1)


def picked(ops: Namespace, rows: Any, indices: Any) -> Any:
    """(R, k): the entries that stand there"""
    return rows[ops.constant(np.arange(rows.shape[0])[:, None], WHOLE), indices]


@formula(MaxDim)
def max_dim(spec: MaxDim, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The largest, and where it stands"""
    return extreme(spec, ops, x[0], largest=True)


@formula(MinDim)
def min_dim(spec: MinDim, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The smallest, and where it stands"""
    return extreme(spec, ops, x[0], largest=False)


@formula(ArgMax)
def argmax(spec: ArgMax, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Where the largest stands"""
    return extreme(spec, ops, x[0], largest=True)[1]


@formula(ArgMin)
def argmin(spec: ArgMin, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Where the smallest stands"""
    return extreme(spec, ops, x[0], largest=False)[1]


def extreme(spec: MaxDim | MinDim | ArgMax | ArgMin, ops: Namespace, x: Any, *, largest: bool) -> tuple[Any, Any]:
    """(values, indices)"""
    rows = in_rows(ops, x, spec.dim)
    at = first_of(ops, rows, largest)
    values, indices = (
        out_of_rows(ops, found, x.shape, spec.dim, spec.keepdim) for found in (picked(ops, rows, at), at)
    )
    return values, indices


@formula(Sort)
def sort(spec: Sort, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The entries in order, and where they stood"""
    return first(ops, x[0], spec.dim, spec.descending, x[0].shape[spec.dim])


@formula(ArgSort)
def argsort(spec: ArgSort, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Where the entries stood"""
    return first(ops, x[0], spec.dim, spec.descending, x[0].shape[spec.dim])[1]


@formula(TopK)
def topk(spec: TopK, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The first k in order, and where they stood"""
    return first(ops, x[0], spec.dim, spec.largest, spec.k)


def first(ops: Namespace, x: Any, dim: int, falling: bool, k: int) -> tuple[Any, Any]:
    """(values, indices) of the first k"""
    rows = in_rows(ops, x, dim)
    order = order_of(ops, rows, falling)[:, :k]
    values, indices = (out_of_rows(ops, found, x.shape, dim) for found in (picked(ops, rows, order), order))
    return values, indices
