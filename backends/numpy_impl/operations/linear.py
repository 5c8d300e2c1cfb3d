"""The fully connected layer."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.layers import Linear
from isograd.core.run import Run
from isograd.core.types import Array, Backward, State, Tree


@implements(Linear)
def linear(spec: Linear, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """x (…, in)   W (out, in)   y (…, out);   … is N, or N and time: rows, all alike

    y = x Wᵀ + b        dx = dy W        dW = dyᵀ x        db = Σ dy over rows
    """
    W = p["weight"]
    rows = x.reshape(-1, W.shape[1])
    y = rows @ W.T
    if spec.bias:
        y += p["bias"]

    def backward(dy: Array) -> tuple[Array | None, State]:
        dy = dy.reshape(-1, W.shape[0])
        grads = {"weight": dy.T @ rows}
        if spec.bias:
            grads["bias"] = np.ones(len(dy), dy.dtype) @ dy  # BLAS adds up columns four times faster than sum(0)
        dx = (dy @ W).reshape(x.shape) if run.needs_dx else None
        return dx, grads

    return y.reshape(*x.shape[:-1], W.shape[0]), backward
