"""Formulas of the losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array
from isograd.core.learning.losses import (
    BCEWithLogitsLoss,
    ClassLoss,
    CrossEntropyLoss,
    HuberLoss,
    L1Loss,
    Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from isograd.core.parity.formulas.activations import log_shares
from isograd.core.parity.formulas.table import loss_formula


def reduced(spec: Loss, ops: Namespace, each: Any, count: float) -> Any:
    """Each by itself, their sum, or their sum / count"""
    if spec.reduction == "none":
        return each
    return ops.sum(each) if spec.reduction == "sum" else ops.sum(each) / count


@loss_formula(MSELoss)
def mse(spec: MSELoss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σ (p − t)² / D"""
    each = (p - ops.constant(t, p)) ** 2
    return reduced(spec, ops, each, len(t) if spec.reduction == "batchmean" else t.size)


@loss_formula(L1Loss)
def l1(spec: L1Loss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σ |p − t| / D"""
    return reduced(spec, ops, ops.abs(p - ops.constant(t, p)), t.size)


@loss_formula(HuberLoss)
def huber(spec: HuberLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σ h / D,   h = e²/2 where |e| ≤ δ, else δ·(|e| − δ/2)"""
    e = ops.abs(p - ops.constant(t, p))
    return reduced(spec, ops, ops.where(e <= spec.delta, e * e / 2, spec.delta * (e - spec.delta / 2)), t.size)


@loss_formula(SmoothL1Loss)
def smooth_l1(spec: SmoothL1Loss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σ h / D,   h = e²/2β where |e| < β, else |e| − β/2"""
    e = ops.abs(p - ops.constant(t, p))
    near = e * e / (2 * spec.beta) if spec.beta else e
    return reduced(spec, ops, ops.where(e < spec.beta, near, e - spec.beta / 2), t.size)


def shares(spec: ClassLoss, classes: int, t: Array) -> tuple[Array, Array]:
    """(w[c]·[c = tₙ], whether n counts), both with an axis of classes behind the batch's"""
    counts = (t != spec.ignore_index)[:, None]
    shape = (-1, *[1] * (t.ndim - 1))
    hot = (t[:, None] == np.arange(classes).reshape(shape)) & counts
    return hot * weights(spec, classes).reshape(shape), counts


def classes_first(spec: ClassLoss, ops: Namespace, p: Any, t: Array) -> tuple[Any, Array]:
    """(p, t) with the axis of classes at place 1; targets that are class indices have none"""
    others = [k for k in range(1, p.ndim) if k != spec.dim % p.ndim]
    axes = (0, spec.dim % p.ndim, *others)
    return ops.permute_dims(p, axes), t.transpose(axes) if t.dtype.kind == "f" else t


def weights(spec: Any, classes: int) -> Array:
    return np.ones(classes) if spec.weight is None else np.array(spec.weight)


def weighted(spec: ClassLoss, ops: Namespace, logp: Any, share: Array, count: float) -> Any:
    """−Σ share · logp / count; where the share is 0 nothing, whatever logp"""
    each = -ops.constant(share, logp) * ops.where(share != 0, logp, 0.0)
    return reduced(spec, ops, ops.sum(each, axis=1), count)


@loss_formula(NLLLoss)
def nll(spec: NLLLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """−Σ w[tₙ]·p[n,tₙ] / Σ w[tₙ]"""
    p, t = classes_first(spec, ops, p, t)
    share, _ = shares(spec, p.shape[1], t)
    return weighted(spec, ops, p, share, float(share.sum()))


@loss_formula(CrossEntropyLoss)
def cross_entropy(spec: CrossEntropyLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """−Σ w[c]·((1−ε)·q[n,c] + ε/C)·log softmax(p)[n,c] / D"""
    p, t = classes_first(spec, ops, p, t)
    classes, smooth = p.shape[1], spec.label_smoothing
    each = weights(spec, classes).reshape(-1, *[1] * (p.ndim - 2))
    if t.dtype.kind == "f":
        share, count = each * ((1 - smooth) * t + smooth / classes), t.size / classes
    else:
        hot, counts = shares(spec, classes, t)
        share, count = (1 - smooth) * hot + smooth / classes * each * counts, float(hot.sum())
    return weighted(spec, ops, log_shares(ops, p, 1), share, count)


def figures(values: tuple[float, ...] | None) -> Array:
    return np.ones(1) if values is None else np.array(values)


@loss_formula(BCEWithLogitsLoss)
def bce(spec: BCEWithLogitsLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σ w·(v·t·log(1 + e⁻ᵖ) + (1−t)·log(1 + eᵖ)) / D"""

    small = ops.log1p(ops.exp(ops.where(p < 0, p, -p)))
    below, above = ops.where(p < 0, -p, 0.0) + small, ops.where(p < 0, 0.0, p) + small
    each = ops.constant(figures(spec.pos_weight) * t, p) * below + ops.constant(1 - t, p) * above
    return reduced(spec, ops, ops.constant(figures(spec.weight), p) * each, t.size)
