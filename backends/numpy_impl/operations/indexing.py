"""Layers that read and write places that are themselves values: a place that was read often gets the sum of its dy."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.operations.combine import unbroadcast
from isograd.backends.numpy_impl.operations.embedding import summed_rows
from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, MaybeArrays, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Gather, Index, IndexPut, IndexSelect, Scatter, ScatterAdd
from isograd.core.layers.indexing import Indexing, no_place


def check_places(where: object, index: Array, size: int, least: int = 0) -> None:
    """Raise DataError unless the numbers of an index are places of an axis of so many."""
    wrong = (index < least) | (index >= size)
    if wrong.any():
        raise no_place(repr(where), int(index[wrong][0]), size, least)


def corner(index: Array) -> tuple[slice, ...]:
    """The first places of every axis, as many as an index has."""
    return tuple(slice(0, size) for size in index.shape)


def reached(x: Array, index: Array, axis: int) -> Array:
    """What an index can name: on other axes than `axis` as many places of x as it has, as a view."""
    return x[(*corner(index)[:axis], slice(None), *corner(index)[axis + 1 :])]


def added_to(x: Array, index: Array, axis: int, values: Array) -> None:
    """x[…, index, …] += values, again and again where a place is named several times"""
    grid: list[Any] = list(np.ogrid[corner(index)])
    grid[axis] = index
    np.add.at(x, tuple(grid), values)


@implements(Gather)
def gather(spec: Gather, p: Tree, x: Array, index: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[i, j] = x[i, index[i, j]] for dim 1        dx[i, k] = Σ dy[i, j] over index[i, j] = k"""
    axis = spec.dim % x.ndim
    check_places(spec, index, x.shape[axis])

    def backward(dy: Array) -> tuple[MaybeArrays, State]:
        dx = np.zeros(x.shape, dy.dtype)
        added_to(dx, index, axis, dy)
        return (dx, None), {}

    return np.take_along_axis(reached(x, index, axis), index, axis), backward


@implements(IndexSelect)
def index_select(spec: IndexSelect, p: Tree, x: Array, index: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[k] = x[index[k]] on the axis        dx[i] = Σ dy[k] over index[k] = i"""
    axis = spec.dim % x.ndim
    check_places(spec, index, x.shape[axis])

    def backward(dy: Array) -> tuple[MaybeArrays, State]:
        front = np.moveaxis(dy, axis, 0)
        dx = summed_rows(index, front.reshape(len(index), -1), x.shape[axis])
        return (np.moveaxis(dx.reshape(x.shape[axis], *front.shape[1:]), 0, axis), None), {}

    return x.take(index, axis), backward


class Places:
    """The places that indices name on the axes `at` of a value: of all its values there, so many rows."""

    def __init__(self, spec: Indexing, shape: tuple[int, ...], indices: tuple[Array, ...]) -> None:
        self.shape, self.axes, self.first = shape, spec.axes_of(len(shape)), spec.place(len(shape))
        sizes = tuple(shape[axis] for axis in self.axes)
        for index, size in zip(indices, sizes, strict=True):
            check_places(spec, index, size, -size)
        key: list[Any] = [slice(None)] * len(shape)
        for axis, index in zip(self.axes, indices, strict=True):
            key[axis] = index
        self.key = (*key, ...)  # what it takes is an array, whatever is left
        wrapped = np.broadcast_arrays(*(index % max(size, 1) for index, size in zip(indices, sizes, strict=True)))
        self.rows = np.ravel_multi_index(wrapped, sizes)

    def added(self, values: Array) -> Array:
        """Values of what is named there, added up: a value of the whole shape, 0 elsewhere."""
        named = range(self.first, self.first + self.rows.ndim)
        front = np.moveaxis(values, named, range(self.rows.ndim))
        sizes = [self.shape[axis] for axis in self.axes]
        rest = front.shape[self.rows.ndim :]
        total = summed_rows(self.rows, front.reshape(self.rows.size, prod(rest)), prod(sizes))
        return np.moveaxis(total.reshape(*sizes, *rest), range(len(sizes)), self.axes)


@implements(Index)
def index(spec: Index, p: Tree, x: Array, *indices: Array, run: Run) -> tuple[Array, Backward]:
    """y[k] = x[index[k]]        dx[i] = Σ dy[k] over index[k] = i"""
    places = Places(spec, x.shape, indices)

    def backward(dy: Array) -> tuple[MaybeArrays, State]:
        return (places.added(dy), *(None for _ in indices)), {}

    return x[places.key], backward


@implements(IndexPut)
def index_put(spec: IndexPut, p: Tree, x: Array, value: Array, *indices: Array, run: Run) -> tuple[Array, Backward]:
    """y[index[k]] = value[k]        dx = dy, 0 where written        dvalue[k] = dy[index[k]]

    accumulate: y[index[k]] = x[index[k]] + Σ value[k]        dx = dy
    """
    places = Places(spec, x.shape, indices)
    if spec.accumulate:
        y = x + places.added(np.broadcast_to(value, x[places.key].shape))
    else:
        y = x.copy()
        y[places.key] = value

    def backward(dy: Array) -> tuple[MaybeArrays, State]:
        dx, dvalue = dy, dy[places.key]
        if not spec.accumulate:
            dx = dy.copy()
            dx[places.key] = 0
        return (dx, unbroadcast(dvalue, value.shape), *(None for _ in indices)), {}

    return y, backward


@implements(Scatter)
def scatter(spec: Scatter, p: Tree, x: Array, index: Array, source: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[i, index[i, j]] = source[i, j] for dim 1        dx = dy, 0 where written        dsource = dy[i, index[i, j]]"""
    axis = spec.dim % x.ndim
    check_places(spec, index, x.shape[axis])
    y = x.copy()
    np.put_along_axis(reached(y, index, axis), index, source[corner(index)], axis)

    def backward(dy: Array) -> tuple[MaybeArrays, State]:
        dx, dsource = dy.copy(), np.zeros(source.shape, dy.dtype)
        np.put_along_axis(reached(dx, index, axis), index, 0, axis)
        dsource[corner(index)] = np.take_along_axis(reached(dy, index, axis), index, axis)
        return (dx, None, dsource), {}

    return y, backward


@implements(ScatterAdd)
def scatter_add(
    spec: ScatterAdd, p: Tree, x: Array, index: Array, source: Array, *, run: Run
) -> tuple[Array, Backward]:
    """y[i, k] = x[i, k] + Σ source[i, j] over index[i, j] = k        dx = dy        dsource = dy[i, index[i, j]]"""
    axis = spec.dim % x.ndim
    check_places(spec, index, x.shape[axis])
    y = x.copy()
    added_to(y, index, axis, source[corner(index)])

    def backward(dy: Array) -> tuple[MaybeArrays, State]:
        dsource = np.zeros(source.shape, dy.dtype)
        dsource[corner(index)] = np.take_along_axis(reached(dy, index, axis), index, axis)
        return (dy, None, dsource), {}

    return y, backward
