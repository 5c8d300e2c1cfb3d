"""The fully connected layer."""

from __future__ import annotations

from functools import cache

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Linear

LONG_ROW, FEW_OUTPUTS, SMALL_PRODUCT = 512, 128, 900_000  # where product's slices were measured to win


@cache
def slice_length(rows: int, out: int, fan_in: int) -> int:
    """How many rows `product` takes at a time: a few that divide them evenly where that wins, else all."""
    if fan_in < LONG_ROW or out > FEW_OUTPUTS:
        return rows
    return next((few for few in range(12, 3, -1) if rows % few == 0 and few * out * fan_in <= SMALL_PRODUCT), rows)


def product(x: Array, W: Array) -> Array:
    """x Wᵀ, in slices of a few rows where long rows meet few outputs: OpenBLAS multiplies such small pieces
    without packing them first (measured for 32…256 rows of 784: 0.5 to 0.9 of the time of the whole).
    """
    (n, fan_in), out = x.shape, len(W)
    return (x.reshape(-1, slice_length(n, out, fan_in), fan_in) @ W.T).reshape(n, out)


def affine(x: Array, W: Array, b: Array | None, *, needs_dx: bool = True) -> tuple[Array, Backward]:
    """x (…, in)   W (out, in)   y (…, out);   … is N, or N and time: rows, all alike

    y = x Wᵀ + b        dx = dy W        dW = dyᵀ x        db = Σ dy over rows
    """
    rows = x.reshape(-1, W.shape[1])
    y = product(rows, W)
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


@implements(Linear)
def linear(spec: Linear, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x Wᵀ + b, its gradients those of `affine`"""
    return affine(x, p["weight"], p["bias"] if spec.bias else None, needs_dx=run.needs_dx)
