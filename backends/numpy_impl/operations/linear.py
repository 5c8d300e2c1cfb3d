"""The fully connected layer."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.context import NodeRun
from isograd.backends.numpy_impl.operations.products import rows_times
from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.layers import Linear


@implements(Linear)
def linear(spec: Linear, p: Tree, x: Array, *, run: NodeRun) -> tuple[Array, Backward]:
    """y = x Wᵀ + b        dx = dy W        dW = dyᵀ x        db = Σ dy"""
    return affine(x, p["weight"], p["bias"] if spec.bias else None, needs_dx=run.needs_dx)


def affine(x: Array, W: Array, b: Array | None, *, needs_dx: bool = True) -> tuple[Array, Backward]:
    """x (…, in)   W (out, in)   y (…, out);   … is N, or N and time: rows, all alike

    y = x Wᵀ + b        dx = dy W        dW = dyᵀ x        db = Σ dy over rows
    """
    rows = x.reshape(-1, W.shape[1])
    y = rows_times(rows, W)
    if b is not None:
        y += b

    def backward(dy: Array) -> tuple[Array | None, State]:
        dy = dy.reshape(-1, W.shape[0])
        grads = {"weight": dy.T @ rows}
        if b is not None:
            grads["bias"] = np.ones(len(dy), dy.dtype) @ dy  # BLAS adds up columns four times faster than sum(0)
        dx = (dy @ W).reshape(x.shape) if needs_dx else None
        return dx, grads

    return y.reshape(*x.shape[:-1], W.shape[0]), backward
