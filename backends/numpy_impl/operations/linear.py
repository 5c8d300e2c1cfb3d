"""The fully connected layer, and that of two inputs."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.context import NodeRun
from isograd.backends.numpy_impl.operations.products import rows_times
from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Arrays, Backward, State, Tree
from isograd.core.layers import Bilinear, Linear


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


@implements(Bilinear)
def bilinear(spec: Bilinear, p: Tree, a: Array, b: Array, *, run: NodeRun) -> tuple[Array, Backward]:
    """a (…, i)   b (…, j)   W (o, i, j)   y (…, o);   … is N, or N and time: rows, all alike

    y[o] = Σ a[i] W[o,i,j] b[j] + β[o]        da[i] = Σ dy[o] W[o,i,j] b[j]        db[j] = Σ a[i] W[o,i,j] dy[o]
    dW[o,i,j] = Σ dy[o] a[i] b[j]        dβ = Σ dy over rows
    """
    W, rows = p["weight"], a.reshape(-1, a.shape[-1])
    out, first, second = W.shape
    columns = b.reshape(-1, second)
    by_input = W.swapaxes(0, 1).reshape(first, out * second)  # (i, oj): one product for all outputs
    aW = (rows @ by_input).reshape(-1, out, second)
    y = np.einsum("noj,nj->no", aW, columns)
    if spec.bias:
        y += p["bias"]

    def backward(dy: Array) -> tuple[Arrays, State]:
        dy = dy.reshape(-1, out)
        dyb = (dy[:, :, None] * columns[:, None]).reshape(-1, out * second)
        dW = (rows.T @ dyb).reshape(first, out, second).swapaxes(0, 1)
        grads = {"weight": dW} | ({"bias": dy.sum(0)} if spec.bias else {})
        db = np.einsum("no,noj->nj", dy, aW)
        return ((dyb @ by_input.T).reshape(a.shape), db.reshape(b.shape)), grads

    return y.reshape(*a.shape[:-1], out), backward
