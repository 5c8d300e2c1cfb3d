"""From whole numbers to vectors: rows of a table, and rows of the identity."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Embedding, OneHot


@implements(Embedding)
def embedding(spec: Embedding, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = W[x]        dW[v] = Σ dy over the places where x = v, 0 for the padding row"""
    W = p["weight"]

    def backward(dy: Array) -> tuple[None, State]:
        dW = np.zeros_like(W)
        order = np.argsort(x, axis=None, kind="stable")  # equal numbers side by side: each run is one sum
        numbers = x.ravel()[order]
        starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        dW[numbers[starts]] = np.add.reduceat(dy.reshape(-1, W.shape[1])[order], starts)
        if spec.padding_row is not None:
            dW[spec.padding_row] = 0
        return None, {"weight": dW}

    return W[x], backward


@implements(OneHot)
def one_hot(spec: OneHot, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[…, c] = [c = x]: what stands at x is counted, not computed with, so there is no dx"""

    def backward(dy: Array) -> tuple[None, State]:
        return None, {}

    return np.eye(spec.num_classes, dtype=run.dtype)[x], backward
