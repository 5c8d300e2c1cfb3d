"""Formulas of the layers that take values apart along an axis."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Select, SelectScatter, Slice, SliceScatter, Split, Stack, UnfoldDim
from isograd.core.parity.formulas.axes import taken
from isograd.core.parity.formulas.table import formula


def without(ops: Namespace, x: Any, axis: int) -> Any:
    """A value without an axis of one place"""
    shape, axis = tuple(x.shape), axis % x.ndim
    return ops.reshape(x, shape[:axis] + shape[axis + 1 :])


@formula(Slice)
def slice_(spec: Slice, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The places start, start + step, … before stop"""
    (value,) = x
    return taken(value, spec.dim, np.arange(value.shape[spec.dim])[spec.start : spec.stop : spec.step])


@formula(Select)
def select(spec: Select, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """One place, its axis left out"""
    (value,) = x
    return without(ops, taken(value, spec.dim, np.arange(value.shape[spec.dim])[[spec.index]]), spec.dim)


def written(ops: Namespace, x: Any, source: Any, axis: int, places: Array) -> Any:
    """x with the source in some places of an axis: each place is read from x, or from the source behind it"""
    size = x.shape[axis]
    table = np.arange(size)
    table[places] = size + np.arange(len(places))
    return taken(ops.concat([x, source], axis=axis), axis, table)


@formula(SliceScatter)
def slice_scatter(spec: SliceScatter, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The source in the places start, start + step, … before stop"""
    value, source = x
    return written(ops, value, source, spec.dim, np.arange(value.shape[spec.dim])[spec.start : spec.stop : spec.step])


@formula(SelectScatter)
def select_scatter(spec: SelectScatter, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The source in one place"""
    value, source = x
    shape = list(value.shape)
    shape[spec.dim] = 1
    places = np.arange(value.shape[spec.dim])[[spec.index]]
    return written(ops, value, ops.reshape(source, tuple(shape)), spec.dim, places)


@formula(Split)
def split(spec: Split, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Each part's places, counted in ones or in rows of the batch"""
    (value,) = x
    size = value.shape[spec.dim]
    shares = [int(str(part).removesuffix("N") or 1) for part in spec.sizes]
    unit = size // sum(shares) if size else 0
    ends = accumulate((share * unit for share in shares), initial=0)
    parts = (taken(value, spec.dim, np.arange(start, stop)) for start, stop in pairwise(ends))
    return tuple(without(ops, part, spec.dim) if spec.squeeze else part for part in parts)


@formula(Stack)
def stack(spec: Stack, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Side by side along a new axis"""
    return ops.stack(x, axis=spec.dim)


@formula(UnfoldDim)
def unfold_dim(spec: UnfoldDim, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[p, …, u] = x[step·p + u]"""
    (value,) = x
    axis = spec.dim % value.ndim
    starts = np.arange(0, value.shape[axis] - spec.size + 1, spec.step)
    windows = taken(value, axis, starts[:, None] + np.arange(spec.size))
    others = [k for k in range(value.ndim + 1) if k != axis + 1]
    return ops.permute_dims(windows, (*others, axis + 1))
