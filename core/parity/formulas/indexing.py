"""Formulas of the layers that read and write places that are themselves values."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Gather, Index, IndexPut, IndexSelect, Scatter, ScatterAdd
from isograd.core.parity.formulas.axes import taken
from isograd.core.parity.formulas.table import formula


def grid_of(index: Any, dim: int) -> tuple[Array, ...]:
    """Where each entry of an index points to: its own place on every axis, on axis `dim` what it says"""
    places = list(np.indices(tuple(index.shape)))
    places[dim] = np.asarray(index)
    return tuple(places)


def key_of(spec: Index | IndexPut, x: Any, indices: tuple[Any, ...]) -> tuple[Any, ...]:
    """What stands for each axis of x between brackets"""
    key: list[Any] = [slice(None)] * x.ndim
    for dim, index in zip(spec.at, indices, strict=True):
        key[dim] = np.asarray(index)
    return tuple(key)


def numbered(x: Any) -> Array:
    """Every place of a value by its number in reading order"""
    return np.arange(prod(x.shape)).reshape(tuple(x.shape))


@formula(Gather)
def gather(spec: Gather, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[i, j] = x[i, index[i, j]] for dim 1"""
    value, index = x
    return value[grid_of(index, spec.dim)]


@formula(IndexSelect)
def index_select(spec: IndexSelect, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[k] = x[index[k]] on the axis"""
    return taken(x[0], spec.dim, np.asarray(x[1]))


@formula(Index)
def index(spec: Index, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x[…, i, …, j, …]"""
    value, *indices = x
    return value[key_of(spec, value, tuple(indices))]


def replaced(ops: Namespace, x: Any, places: Array, values: Any) -> Any:
    """x with the values at the numbered places: each place is read from x, or from the values behind it"""
    size = prod(x.shape)
    table = np.arange(size)
    table[places.ravel()] = size + np.arange(places.size)
    both = ops.concat([ops.reshape(x, (-1,)), ops.reshape(values, (-1,))])
    return ops.reshape(both[table], tuple(x.shape))


def piled(ops: Namespace, x: Any, places: Array, values: Any) -> Any:
    """x + the values at the numbered places: the first of each place, then the second, …; 0 where none is left"""
    size, y = prod(x.shape), ops.reshape(x, (-1,))
    padded = ops.pad(ops.reshape(values, (-1,)), ((0, 1),))
    waiting: dict[int, list[int]] = {}
    for k, place in enumerate(places.ravel().tolist()):
        waiting.setdefault(place, []).append(k)
    for turn in range(max(map(len, waiting.values()), default=0)):
        table = np.full(size, -1)
        for place, entries in waiting.items():
            table[place] = entries[turn] if turn < len(entries) else -1
        y = y + padded[table]
    return ops.reshape(y, tuple(x.shape))


@formula(IndexPut)
def index_put(spec: IndexPut, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The value at the named places, or added to what is there"""
    value, put, *indices = x
    places = numbered(value)[key_of(spec, value, tuple(indices))]
    write = piled if spec.accumulate else replaced
    return write(ops, value, places, ops.broadcast_to(put, places.shape))


@formula(Scatter)
def scatter(spec: Scatter, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[i, index[i, j]] = source[i, j] for dim 1"""
    value, index, source = x
    part = source[tuple(slice(0, size) for size in index.shape)]
    return replaced(ops, value, numbered(value)[grid_of(index, spec.dim)], part)


@formula(ScatterAdd)
def scatter_add(spec: ScatterAdd, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[i, index[i, j]] += source[i, j] for dim 1"""
    value, index, source = x
    part = source[tuple(slice(0, size) for size in index.shape)]
    return piled(ops, value, numbered(value)[grid_of(index, spec.dim)], part)
