"""Layers that take values apart along an axis: what a part's gradient does not reach gets 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Arrays, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Select, SelectScatter, Slice, SliceScatter, Split, Stack, UnfoldDim


def along(dim: int, key: Any, x: Array) -> tuple[Any, ...]:
    """An index of x that is `key` on axis `dim`, everything on the others; what it takes is an array in any case."""
    place = (*[slice(None)] * (dim % x.ndim), key, ...)
    return place


def taken(x: Array, place: tuple[Any, ...]) -> tuple[Array, Backward]:
    """y = x[place], a view        dx = dy there, else 0"""

    def backward(dy: Array) -> tuple[Array, State]:
        dx = np.zeros(x.shape, dy.dtype)
        dx[place] = dy
        return dx, {}

    return x[place], backward


def put(x: Array, source: Array, place: tuple[Any, ...]) -> tuple[Array, Backward]:
    """y = x, but y[place] = source        dx = dy, but 0 there        dsource = dy[place]"""
    y = x.copy()
    y[place] = source

    def backward(dy: Array) -> tuple[Arrays, State]:
        dx = dy.copy()
        dx[place] = 0
        return (dx, dy[place]), {}

    return y, backward


@implements(Slice)
def slice_(spec: Slice, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x[start:stop:step] on the axis        dx[start:stop:step] = dy"""
    return taken(x, along(spec.dim, spec.key, x))


@implements(Select)
def select(spec: Select, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x[index] on the axis        dx[index] = dy"""
    return taken(x, along(spec.dim, spec.index, x))


@implements(SliceScatter)
def slice_scatter(spec: SliceScatter, p: Tree, x: Array, source: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[start:stop:step] = source on the axis        dsource = dy[start:stop:step]"""
    return put(x, source, along(spec.dim, spec.key, x))


@implements(SelectScatter)
def select_scatter(spec: SelectScatter, p: Tree, x: Array, source: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[index] = source on the axis        dsource = dy[index]"""
    return put(x, source, along(spec.dim, spec.index, x))


@implements(Split)
def split(spec: Split, p: Tree, x: Array, *, run: Run) -> tuple[Any, Backward]:
    """y₀, y₁, … = the parts of x, views        dx = dy₀, dy₁, … one after the other"""
    axis = spec.dim % x.ndim
    unit = x.shape[axis] // max(sum(spec.shares), 1)  # 1, or for parts that are counted in rows of the batch N
    ends = np.cumsum(spec.shares)[:-1] * unit
    parts = tuple(np.split(x, ends, axis))

    def backward(*dy: Array) -> tuple[Array, State]:
        return (np.stack(dy, axis) if spec.squeeze else np.concatenate(dy, axis)), {}

    return tuple(part.squeeze(axis) for part in parts) if spec.squeeze else parts, backward


@implements(Stack)
def stack(spec: Stack, p: Tree, *x: Array, run: Run) -> tuple[Array, Backward]:
    """y = values side by side along a new axis        each gets its part of dy"""
    axis = spec.dim % (x[0].ndim + 1)

    def backward(dy: Array) -> tuple[Arrays, State]:
        return tuple(np.moveaxis(dy, axis, 0)), {}

    return np.stack(x, axis), backward


@implements(UnfoldDim)
def unfold_dim(spec: UnfoldDim, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[p, …, u] = x[step·p + u]        dx[i] = Σ dy[p, …, u] over step·p + u = i"""
    axis = spec.dim % x.ndim
    every = along(spec.dim, slice(None, None, spec.step), x)
    y = np.lib.stride_tricks.sliding_window_view(x, spec.size, axis)[every]  # a view

    def backward(dy: Array) -> tuple[Array, State]:
        dx = np.zeros(x.shape, dy.dtype)
        last = spec.step * (dy.shape[axis] - 1)
        for u in range(spec.size):  # windows may overlap, so their gradients add
            dx[along(spec.dim, slice(u, u + last + 1, spec.step), x)] += dy[..., u]
        return dx, {}

    return y, backward
