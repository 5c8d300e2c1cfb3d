"""Losses that want scores or distances to be apart by a margin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.losses import LOSSES, LossBackward, along_classes, figures, reduced
from isograd.backends.numpy_impl.operations.special import sigmoid
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
    told,
)

TINY = float(np.float32(1e-12))  # is added to a squared length: in float64 too, as in torch


@LOSSES.implements(SoftMarginLoss)
def soft_margin(spec: SoftMarginLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σ log(1 + e^(−t·p)) / D        dp = −t·σ(−t·p) / D"""
    z = -t * p
    L, spread = reduced(spec, softplus(z))

    def backward(dL: Any) -> Any:
        return -t * sigmoid(z) * spread(dL)

    return L, backward


def softplus(z: Array) -> Array:
    """log(1 + eᶻ), which cannot overflow"""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


@LOSSES.implements(HingeEmbeddingLoss)
def hinge_embedding(spec: HingeEmbeddingLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σ (p where t = 1, max(0, z) elsewhere) / D,   z = margin − p        dp = (1 where t = 1, −[z > 0]) / D"""
    z = spec.margin - p
    L, spread = reduced(spec, np.where(t == 1, p, np.maximum(z, 0)))

    def backward(dL: Any) -> Any:
        return np.where(t == 1, 1, np.where(z > 0, -1, 0)).astype(p.dtype) * spread(dL)

    return L, backward


@LOSSES.implements(MarginRankingLoss)
def margin_ranking(spec: MarginRankingLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σ max(0, z) / D,   z = margin − t·(a − b)        da = −t·[z > 0] / D = −db        p = (a, b) along axis 1"""
    z = spec.margin - t * (p[:, 0] - p[:, 1])
    L, spread = reduced(spec, np.maximum(z, 0))

    def backward(dL: Any) -> Any:
        da = -t * (z > 0) * spread(dL)
        return np.stack([da, -da], axis=1)

    return L, backward


@LOSSES.implements(CosineEmbeddingLoss)
def cosine_embedding(spec: CosineEmbeddingLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σ (1 − c where t = 1, max(0, c − margin) elsewhere) / D,   c = a·b / √(α β),  α = a·a + ε,  β = b·b + ε
    dc = (−1 where t = 1, [c > margin]) / D        da = dc·(b/√(α β) − c·a/α)        db = dc·(a/√(α β) − c·b/β)
    """
    a, b = p[:, 0], p[:, 1]
    alpha, beta = (a * a).sum(1) + TINY, (b * b).sum(1) + TINY
    r = 1 / np.sqrt(alpha * beta)
    c = (a * b).sum(1) * r
    L, spread = reduced(spec, np.where(t == 1, 1 - c, np.maximum(c - spec.margin, 0)))

    def backward(dL: Any) -> Any:
        dc = np.where(t == 1, -1, np.where(c > spec.margin, 1, 0)).astype(p.dtype) * spread(dL)
        da = (dc * r)[:, None] * b - (dc * c / alpha)[:, None] * a
        db = (dc * r)[:, None] * a - (dc * c / beta)[:, None] * b
        return np.stack([da, db], axis=1)

    return L, backward


def distance(spec: TripletMarginLoss, x: Array, y: Array) -> tuple[Array, Callable[[Array], Array]]:
    """d = ‖e‖ₚ,   e = x − y + eps        dx = dd·sign(e)·(|e|/d)^(p−1) = −dy, 0 where d = 0

    p = ∞: the entries that are the largest share dd alike.
    """
    e = x - y + x.dtype.type(spec.eps)
    size, p = np.abs(e), spec.p
    largest = size.max(-1, keepdims=True)
    if np.isinf(p):
        d, of = largest, size == largest
        slope = np.sign(e) * of / of.sum(-1, keepdims=True, dtype=e.dtype)
    else:
        unit = np.where(largest == 0, 1, largest)  # powers of shares of the largest cannot overflow
        d = unit * ((size / unit) ** p).sum(-1, keepdims=True) ** (1 / p)
        share = np.where(size == 0, 1, size / np.where(d == 0, 1, d))
        slope = np.sign(e) * share ** (p - 1)
    return d[..., 0], lambda dd: dd[..., None] * slope


@LOSSES.implements(TripletMarginLoss)
def triplet_margin(spec: TripletMarginLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σ max(0, z) / D,   z = margin + d(a, b) − n        dz = [z > 0] / D        p = (a, b, c) along axis 1

    n = d(a, c), or with swap the smaller of d(a, c) and d(b, c), which halve the gradient where they are equal.
    """
    a, b, c = p[:, 0], p[:, 1], p[:, 2]
    (near, back_near), (far, back_far), (other, back_other) = (
        distance(spec, *pair) for pair in ((a, b), (a, c), (b, c))
    )
    share = (1 + np.sign(other - far)) / 2 if spec.swap else np.ones_like(far)
    z = spec.margin + near - (np.minimum(far, other) if spec.swap else far)
    L, spread = reduced(spec, np.maximum(z, 0))

    def backward(dL: Any) -> Any:
        dz: Array = (z > 0) * spread(dL)
        to_near, to_far, to_other = back_near(dz), back_far(-dz * share), back_other(-dz * (1 - share))
        return np.stack([to_near + to_far, to_other - to_near, -to_far - to_other], axis=1)

    return L, backward


@LOSSES.implements(MultiMarginLoss)
def multi_margin(spec: MultiMarginLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σₙ Σ_{c ≠ t} w[t]·max(0, z)ᵖ / C / D,   z[n, c] = margin − x[t] + x[c]
    dx[c] = w[t]·p·z^(p−1)·[z > 0] / C / D for c ≠ t        dx[t] = −Σ_{c ≠ t} dx[c]
    """
    rows, classes = np.arange(len(p)), p.shape[1]
    z = np.maximum(spec.margin - p[rows, t][:, None] + p, 0)
    z[rows, t] = 0
    w = (np.ones(len(p), p.dtype) if spec.weight is None else np.asarray(spec.weight, p.dtype)[t])[:, None] / classes
    L, spread = reduced(spec, (w * z**spec.p).sum(1))

    def backward(dL: Any) -> Any:
        dp = w * (z > 0 if spec.p == 1 else 2 * z) * along_classes(spread(dL))
        dp[rows, t] = -dp.sum(1)
        return dp

    return L, backward


@LOSSES.implements(MultiLabelMarginLoss)
def multi_label_margin(spec: MultiLabelMarginLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σₙ Σ_{j in t} Σ_{i not in t} max(0, z) / C / D,   z = 1 − x[j] + x[i]        dx[i] = [z > 0] / C / D = −dx[j]

    A class that t names twice counts twice.
    """
    counts = np.zeros(p.shape, p.dtype)
    rows, places = np.nonzero(told(t))
    np.add.at(counts, (rows, t[rows, places]), 1)
    z = np.maximum(1 - p[:, :, None] + p[:, None, :], 0)  # (n, j, i)
    weight = counts[:, :, None] * (counts == 0)[:, None, :] / p.dtype.type(p.shape[1])
    L, spread = reduced(spec, (weight * z).sum((1, 2)))

    def backward(dL: Any) -> Any:
        active = weight * (z > 0)
        return (active.sum(1) - active.sum(-1)) * along_classes(spread(dL))

    return L, backward


@LOSSES.implements(MultiLabelSoftMarginLoss)
def multi_label_soft_margin(spec: MultiLabelSoftMarginLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σ mean_c w[c]·(t·log(1 + e⁻ᵖ) + (1−t)·log(1 + eᵖ)) / D        dp = w[c]·(σ(p) − t) / C / D"""
    w = figures(spec.weight, p) / p.dtype.type(p.shape[-1])
    L, spread = reduced(spec, (w * (t * softplus(-p) + (1 - t) * softplus(p))).sum(-1))

    def backward(dL: Any) -> Any:
        return w * (sigmoid(p) - t) * np.expand_dims(spread(dL), -1)

    return L, backward
