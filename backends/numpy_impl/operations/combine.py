"""Layers that join values: each input takes its share of dy."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Arrays, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Add, Concat, MatMul, Multiply, Subtract


def unbroadcast(dy: Array, shape: tuple[int, ...]) -> Array:
    """Σ dy over the axes that broadcasting repeated: a value used in many places gets the sum of their gradients."""
    if dy.shape == shape:
        return dy
    new = dy.ndim - len(shape)
    repeated = tuple(axis for axis, size in enumerate(dy.shape) if axis < new or size != shape[axis - new])
    summed: Array = dy.sum(repeated, keepdims=True)
    return summed.squeeze(tuple(range(new)))


@implements(Add)
def add(spec: Add, p: Tree, *x: Array, run: Run) -> tuple[Array, Backward]:
    """y = a + b + …        da = db = … = dy"""
    y = x[0] + x[1]
    for value in x[2:]:
        y = y + value

    def backward(dy: Array) -> tuple[Arrays, State]:
        return tuple(unbroadcast(dy, value.shape) for value in x), {}

    return y, backward


@implements(Subtract)
def subtract(spec: Subtract, p: Tree, a: Array, b: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = a − b        da = dy        db = −dy"""

    def backward(dy: Array) -> tuple[Arrays, State]:
        return (unbroadcast(dy, a.shape), unbroadcast(-dy, b.shape)), {}

    return a - b, backward


@implements(Multiply)
def multiply(spec: Multiply, p: Tree, *x: Array, run: Run) -> tuple[Array, Backward]:
    """y = a ⊙ b ⊙ …        da = dy ⊙ (product of the others)"""
    before = [x[0]]  # before[k] = x₀ ⊙ … ⊙ xₖ
    for value in x[1:]:
        before.append(before[-1] * value)

    def backward(dy: Array) -> tuple[Arrays, State]:
        grads: list[Array] = []
        for k in range(len(x) - 1, 0, -1):  # dy becomes dy ⊙ xₖ₊₁ ⊙ … on the way down
            grads.append(unbroadcast(dy * before[k - 1], x[k].shape))
            dy = unbroadcast(dy * x[k], before[k - 1].shape)
        return (dy, *reversed(grads)), {}

    return before[-1], backward


@implements(MatMul)
def matmul(spec: MatMul, p: Tree, a: Array, b: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = a b, matrix by matrix        da = dy bᵀ        db = aᵀ dy

    One matrix b for all of a (a weight) is one product over all rows of a, in both directions.
    """
    if b.ndim == 2 < a.ndim:
        rows = a.reshape(-1, a.shape[-1])

        def of_rows(dy: Array) -> tuple[Arrays, State]:
            d = dy.reshape(len(rows), -1)
            return ((d @ b.T).reshape(a.shape), rows.T @ d), {}

        return (rows @ b).reshape(*a.shape[:-1], b.shape[1]), of_rows

    def backward(dy: Array) -> tuple[Arrays, State]:
        da, db = dy @ b.swapaxes(-1, -2), a.swapaxes(-1, -2) @ dy
        return (unbroadcast(da, a.shape), unbroadcast(db, b.shape)), {}

    return a @ b, backward


@implements(Concat)
def concat(spec: Concat, p: Tree, *x: Array, run: Run) -> tuple[Array, Backward]:
    """y = values one after the other along dim        each gets its slice of dy"""
    ends = np.cumsum([value.shape[spec.dim] for value in x])[:-1]

    def backward(dy: Array) -> tuple[Arrays, State]:
        return tuple(np.split(dy, ends, axis=spec.dim)), {}

    return np.concatenate(x, axis=spec.dim), backward
