"""Formulas of the layers that turn whole numbers into vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Embedding, EmbeddingBag, OneHot
from isograd.core.layers.embedding import Lookup
from isograd.core.parity.formulas.table import formula


def read(spec: Lookup, ops: Namespace, p: Tree, x: Any) -> Any:
    """W[x]; the padding row is read, but gets no gradient, and a row that is read c times 1/c of each, where asked"""
    y = p["weight"][x]
    if spec.scale_grad_by_freq:
        numbers = np.asarray(x)
        share = ops.constant(1 / np.bincount(numbers.ravel())[numbers], y)[..., None]
        y = ops.stop_gradient(y - y * share) + y * share
    if spec.padding_idx is None:
        return y
    return ops.where(x[..., None] == spec.padding_idx % len(p["weight"]), ops.stop_gradient(y), y)


@formula(Embedding)
def embedding(spec: Embedding, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = W[x]"""
    return read(spec, ops, p, x[0])


@formula(EmbeddingBag)
def embedding_bag(spec: EmbeddingBag, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Bag by bag what is no padding: the sum, weighed or not, the mean, or the largest"""
    numbers, rows = np.asarray(x[0]), read(spec, ops, p, x[0])
    held = numbers != numbers - 1 if spec.padding_idx is None else numbers != spec.padding_idx % len(p["weight"])
    counts = held.sum(1)[:, None]
    if spec.mode == "max":
        seen = ops.where(held[:, :, None], rows, -np.inf)
        return ops.where(counts == 0, 0 * rows[:, 0], ops.max(seen, axis=1))
    rows = rows if len(x) == 1 else rows * x[1][:, :, None]
    total = ops.sum(ops.where(held[:, :, None], rows, 0.0), axis=1)
    return total / ops.constant(np.maximum(counts, 1), rows) if spec.mode == "mean" else total


@formula(OneHot)
def one_hot(spec: OneHot, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = I[x], rows of the identity"""
    return ops.constant(np.eye(spec.num_classes), run.dtype)[x[0]]
