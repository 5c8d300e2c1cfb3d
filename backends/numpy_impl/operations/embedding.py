"""From whole numbers to vectors: rows of a table, and rows of the identity."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Embedding, OneHot
from isograd.core.layers.indexing import no_place


def summed_rows(numbers: Array, rows: Array, count: int) -> Array:
    """total[v] = Σ rows[k] over numbers[k] = v, v = 0 … count−1          M numbers, rows (M, F) → total (count, F)"""
    total = np.zeros((count, rows.shape[1]), rows.dtype)
    order = np.argsort(numbers, axis=None, kind="stable")  # equal numbers side by side: each run is one sum
    ordered = numbers.ravel()[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    total[ordered[starts]] = np.add.reduceat(rows[order], starts)
    return total


@implements(Embedding)
def embedding(spec: Embedding, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = W[x]        dW[v] = Σ dy over the places where x = v, 0 for the padding row"""
    W = p["weight"]
    if x.size and (x.min() < 0 or x.max() >= len(W)):  # numbers that the graph computes are checked nowhere else
        wrong = (x < 0) | (x >= len(W))
        raise no_place(repr(spec), int(x[wrong][0]), len(W), 0)

    def backward(dy: Array) -> tuple[None, State]:
        dW = summed_rows(x, dy.reshape(-1, W.shape[1]), len(W))
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
