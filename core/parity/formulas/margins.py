"""Formulas of losses that want scores or distances to be apart by a margin."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array
from isograd.core.learning.margins import (
    CosineEmbeddingLoss,
    HingeEmbeddingLoss,
    MarginRankingLoss,
    MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
    SoftMarginLoss,
    TripletMarginLoss,
)
from isograd.core.parity.formulas.losses import figures, reduced
from isograd.core.parity.formulas.table import loss_formula

TINY = float(np.float32(1e-12))  # PyTorch's constant, which has float32's digits in float64 too


def above(ops: Namespace, z: Any) -> Any:
    """max(0, z), whose derivative at 0 is 0"""
    return ops.where(z > 0, z, 0.0)


def log_one_and_exp(ops: Namespace, z: Any) -> Any:
    """log(1 + eᶻ)"""
    return ops.where(z > 0, z, 0.0) + ops.log1p(ops.exp(ops.where(z > 0, -z, z)))


@loss_formula(SoftMarginLoss)
def soft_margin(spec: SoftMarginLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σ log(1 + e^(−t·p)) / D"""
    return reduced(spec, ops, log_one_and_exp(ops, p * ops.constant(-t, p)), t.size)


@loss_formula(HingeEmbeddingLoss)
def hinge_embedding(spec: HingeEmbeddingLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σ (p where t = 1, max(0, margin − p) where t = −1) / D"""
    return reduced(spec, ops, ops.where(t == 1, p, above(ops, spec.margin - p)), t.size)


@loss_formula(MarginRankingLoss)
def margin_ranking(spec: MarginRankingLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σ max(0, −t·(a − b) + margin) / D"""
    return reduced(spec, ops, above(ops, spec.margin - ops.constant(t, p) * (p[:, 0] - p[:, 1])), t.size)


@loss_formula(CosineEmbeddingLoss)
def cosine_embedding(spec: CosineEmbeddingLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σ (1 − cos where t = 1, max(0, cos − margin) where t = −1) / D"""
    a, b = p[:, 0], p[:, 1]
    lengths = (ops.sum(a * a, axis=1) + TINY) * (ops.sum(b * b, axis=1) + TINY)
    cos = ops.sum(a * b, axis=1) / ops.sqrt(lengths)
    return reduced(spec, ops, ops.where(t == 1, 1 - cos, above(ops, cos - spec.margin)), t.size)


@loss_formula(TripletMarginLoss)
def triplet_margin(spec: TripletMarginLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σ max(0, margin + d(a, b) − d(a, c)) / D,   d(x, y) = (Σ |x − y + eps|ᵖ)^(1/p)"""

    def distance(x: Any, y: Any) -> Any:
        size = ops.abs(x - y + spec.eps)
        if np.isinf(spec.p):
            largest = ops.stop_gradient(ops.max(size, axis=-1, keepdims=True))
            return ops.sum(ops.where(size == largest, size, 0.0), axis=-1) / ops.sum(
                ops.where(size == largest, ops.ones_like(size), 0.0), axis=-1
            )
        total = ops.sum(ops.where(size > 0, ops.where(size > 0, size, 1.0) ** spec.p, 0.0), axis=-1)
        return ops.where(total > 0, ops.where(total > 0, total, 1.0) ** (1 / spec.p), 0.0)

    a, b, c = p[:, 0], p[:, 1], p[:, 2]
    far = distance(a, c)
    if spec.swap:
        far = ops.minimum(far, distance(b, c))
    each = above(ops, spec.margin + distance(a, b) - far)
    return reduced(spec, ops, each, int(np.prod(each.shape)))


@loss_formula(MultiMarginLoss)
def multi_margin(spec: MultiMarginLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σₙ Σ_{c ≠ t} w[t]·max(0, margin − x[t] + x[c])ᵖ / C / D"""
    classes = p.shape[1]
    hot = (t[:, None] == np.arange(classes)).astype(np.float64)
    own = ops.sum(p * ops.constant(hot, p), axis=1, keepdims=True)
    w = np.ones(classes) if spec.weight is None else np.array(spec.weight)
    each = ops.constant((1 - hot) * w[t][:, None], p) * above(ops, spec.margin - own + p) ** spec.p
    return reduced(spec, ops, ops.sum(each, axis=1) / classes, t.size)


@loss_formula(MultiLabelMarginLoss)
def multi_label_margin(spec: MultiLabelMarginLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σₙ Σ_{j in t} Σ_{i not in t} max(0, 1 − x[j] + x[i]) / C / D, target by target up to the first −1"""
    rows, classes = p.shape
    known = np.cumsum(t == -1, axis=1) == 0
    named = np.zeros((rows, classes), bool)
    for place in range(classes):
        named |= known[:, place : place + 1] & (t[:, place : place + 1] == np.arange(classes))
    total: Any = 0.0
    for place in range(classes):
        hot = known[:, place : place + 1] & (t[:, place : place + 1] == np.arange(classes))
        own = ops.sum(p * ops.constant(hot * 1.0, p), axis=1, keepdims=True)
        counted = ops.constant((known[:, place : place + 1] & ~named) * 1.0, p)
        total = total + ops.sum(counted * above(ops, 1 - own + p), axis=1)
    return reduced(spec, ops, total / classes, rows)


@loss_formula(MultiLabelSoftMarginLoss)
def multi_label_soft_margin(spec: MultiLabelSoftMarginLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σ mean_c w[c]·(t·log(1 + e⁻ᵖ) + (1 − t)·log(1 + eᵖ)) / D"""
    each = ops.constant(t, p) * log_one_and_exp(ops, -p) + ops.constant(1 - t, p) * log_one_and_exp(ops, p)
    rows = ops.mean(ops.constant(figures(spec.weight), p) * each, axis=-1)
    return reduced(spec, ops, rows, t.size // t.shape[-1])
