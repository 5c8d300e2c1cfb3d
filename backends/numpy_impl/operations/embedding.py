"""From whole numbers to vectors: rows of a table, and rows of the identity."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, MaybeArrays, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Embedding, EmbeddingBag, OneHot
from isograd.core.layers.embedding import Lookup
from isograd.core.layers.indexing import no_place


def summed_rows(numbers: Array, rows: Array, count: int) -> Array:
    """total[v] = Σ rows[k] over numbers[k] = v, v = 0 … count−1          M numbers, rows (M, F) → total (count, F)"""
    total = np.zeros((count, rows.shape[1]), rows.dtype)
    order = np.argsort(numbers, axis=None, kind="stable")  # equal numbers side by side: each run is one sum
    ordered = numbers.ravel()[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    total[ordered[starts]] = np.add.reduceat(rows[order], starts)
    return total


def check_rows(spec: Lookup, x: Array) -> None:
    """Numbers that the graph computes are checked nowhere else."""
    count = spec.num_embeddings
    if x.size and (x.min() < 0 or x.max() >= count):
        wrong = (x < 0) | (x >= count)
        raise no_place(repr(spec), int(x[wrong][0]), count, 0)


def table_gradient(spec: Lookup, x: Array, rows: Array) -> Array:
    """dW[v] = Σ rows[k] over x[k] = v, / how often v stands in x where asked for; 0 for the padding row"""
    dW = summed_rows(x, rows, spec.num_embeddings)
    if spec.scale_grad_by_freq:
        dW /= np.maximum(np.bincount(x.ravel(), minlength=len(dW)), 1)[:, None]
    if spec.padding_row is not None:
        dW[spec.padding_row] = 0
    return dW


@implements(Embedding)
def embedding(spec: Embedding, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = W[x]        dW[v] = Σ dy over the places where x = v, 0 for the padding row"""
    W = p["weight"]
    check_rows(spec, x)

    def backward(dy: Array) -> tuple[None, State]:
        return None, {"weight": table_gradient(spec, x, dy.reshape(-1, W.shape[1]))}

    return W[x], backward


@implements(EmbeddingBag)
def embedding_bag(spec: EmbeddingBag, p: Tree, x: Array, *weights: Array, run: Run) -> tuple[Array, Backward]:
    """y[n] = Σₗ s[n,l]·W[x[n,l]], s = 1, the weights, or 1/count; 0 for padding        1 input, or 2

    dW[v] = Σ s[n,l]·dy[n] over x[n,l] = v        ds[n,l] = dy[n] · W[x[n,l]]
    """
    W = p["weight"]
    check_rows(spec, x)
    held: Array = np.asarray(x != spec.padding_row)  # None is no number
    if spec.mode == "max":
        return largest_of_bags(spec, W, x, held)
    s = (weights[0] if weights else np.ones(x.shape, W.dtype)) * held
    if spec.mode == "mean":
        s = s / np.maximum(held.sum(1, keepdims=True), 1).astype(W.dtype)

    def backward(dy: Array) -> tuple[MaybeArrays | None, State]:
        rows = s[:, :, None] * dy[:, None]
        grads = {"weight": table_gradient(spec, x, rows.reshape(-1, W.shape[1]))}
        if not weights:
            return None, grads
        return (None, np.einsum("nlf,nf->nl", W[x], dy) * held), grads

    return np.einsum("nl,nlf->nf", s, W[x]), backward


def largest_of_bags(spec: EmbeddingBag, W: Array, x: Array, held: Array) -> tuple[Array, Backward]:
    """y[n,f] = maxₗ W[x[n,l],f], 0 where nothing is held        dW[v,f] = Σ dy[n,f] over the bags that row v wins"""
    seen = np.where(held[:, :, None], W[x], -np.inf)
    first, some = seen.argmax(1), held.any(1, keepdims=True)
    winners, features = np.take_along_axis(x, first, 1), np.arange(W.shape[1])

    def backward(dy: Array) -> tuple[None, State]:
        dW = np.zeros_like(W)
        np.add.at(dW, (winners, features), dy * some)
        return None, {"weight": dW}

    return W[winners, features] * some, backward


@implements(OneHot)
def one_hot(spec: OneHot, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[…, c] = [c = x]: what stands at x is counted, not computed with, so there is no dx"""

    def backward(dy: Array) -> tuple[None, State]:
        return None, {}

    return np.eye(spec.num_classes, dtype=run.dtype)[x], backward
