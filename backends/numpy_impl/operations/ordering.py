"""The largest and smallest along an axis, and all in order: dy goes back to where each entry stood."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.operations.pairs import no_gradient
from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Arrays, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import ArgMax, ArgMin, ArgSort, MaxDim, MinDim, Sort, TopK


def in_order(x: Array, dim: int, falling: bool) -> Array:
    """Where the entries stood, equal ones in the order in which they stand."""
    if not falling:
        rising: Array = x.argsort(dim, kind="stable")
        return rising
    backwards: Array = np.flip(x, dim).argsort(dim, kind="stable")  # equal ones turned round, and again below
    order: Array = x.shape[dim] - 1 - np.flip(backwards, dim)
    return order


def taken(x: Array, indices: Array, dim: int) -> tuple[Arrays, Backward]:
    """((values, indices), backward)        dx[indices] = dy, else 0"""

    def backward(dy: Array, _: Array) -> tuple[Array, State]:
        dx = np.zeros(x.shape, dy.dtype)
        np.put_along_axis(dx, indices, dy, dim)
        return dx, {}

    return (np.take_along_axis(x, indices, dim), indices), backward


@implements(MaxDim, MinDim)
def extreme(spec: MaxDim | MinDim, p: Tree, x: Array, *, run: Run) -> tuple[Arrays, Backward]:
    """y = the largest or smallest x[i]        dx[i] = dy, else 0"""
    choose = np.argmax if isinstance(spec, MaxDim) else np.argmin
    (values, indices), back = taken(x, choose(x, spec.dim, keepdims=True), spec.dim)
    if spec.keepdim:
        return (values, indices), back

    def backward(dy: Array, none: Array) -> tuple[Array, State]:
        found: tuple[Array, State] = back(np.expand_dims(dy, spec.dim), none)
        return found

    return (values.squeeze(spec.dim), indices.squeeze(spec.dim)), backward


@implements(ArgMax, ArgMin)
def arg_extreme(spec: ArgMax | ArgMin, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = where the largest or smallest stands"""
    choose = np.argmax if isinstance(spec, ArgMax) else np.argmin
    return np.asarray(choose(x, spec.dim, keepdims=spec.keepdim)), no_gradient


@implements(Sort)
def sort(spec: Sort, p: Tree, x: Array, *, run: Run) -> tuple[Arrays, Backward]:
    """y = x in order        dx where an entry stood = its dy"""
    return taken(x, in_order(x, spec.dim, spec.descending), spec.dim)


@implements(ArgSort)
def argsort(spec: ArgSort, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = where the entries stood"""
    return in_order(x, spec.dim, spec.descending), no_gradient


@implements(TopK)
def topk(spec: TopK, p: Tree, x: Array, *, run: Run) -> tuple[Arrays, Backward]:
    """y = the first k in order        dx where an entry stood = its dy, else 0"""
    every = in_order(x, spec.dim, spec.largest)
    return taken(x, every.take(range(spec.k), spec.dim), spec.dim)
