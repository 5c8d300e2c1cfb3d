"""Layers that move values: their gradient moves the other way."""

from __future__ import annotations

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Flatten, Identity, Reshape, Unflatten


@implements(Identity)
def identity(spec: Identity, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x        dx = dy"""

    def backward(dy: Array) -> tuple[Array, State]:
        return dy, {}

    return x, backward


@implements(Flatten)
def flatten(spec: Flatten, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x with axes start … end as one        dx = dy in x's shape"""
    start, end = spec.start_dim % max(x.ndim, 2), spec.end_dim % max(x.ndim, 2)

    def backward(dy: Array) -> tuple[Array, State]:
        return dy.reshape(x.shape), {}

    middle = 1
    for size in x.shape[start : end + 1]:
        middle *= size
    return x.reshape(*x.shape[:start], middle, *x.shape[end + 1 :]), backward


@implements(Reshape)
def reshape(spec: Reshape, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x as (N, *shape)        dx = dy in x's shape"""

    def backward(dy: Array) -> tuple[Array, State]:
        return dy.reshape(x.shape), {}

    return x.reshape(len(x), *spec.shape), backward


@implements(Unflatten)
def unflatten(spec: Unflatten, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x with one axis as several        dx = dy in x's shape"""
    (shape,) = spec.out_shapes(x.shape[1:])

    def backward(dy: Array) -> tuple[Array, State]:
        return dy.reshape(x.shape), {}

    return x.reshape(len(x), *shape), backward
