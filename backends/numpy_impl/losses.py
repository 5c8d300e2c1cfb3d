"""Losses: value and gradient share their intermediate values, so they cannot describe different functions.

    loss(spec, p, t) → (L, backward)        backward(dL) → dp

p is the prediction, t the target; dL is 1 for a scalar loss, an array for reduction="none".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from isograd.backends.numpy_impl.operations.special import sigmoid
from isograd.core.losses import BCEWithLogitsLoss, CrossEntropyLoss, HuberLoss, L1Loss, Loss, MSELoss, NLLLoss
from isograd.core.table import Table
from isograd.core.types import Array

LossBackward: TypeAlias = Callable[[Any], Any]

LOSSES = Table("numpy_impl/losses.py")


def reduced(spec: Loss, each: Array, count: Any = None) -> tuple[Array, Callable[[Any], Array]]:
    """(L, dL ↦ d each) for elementwise losses `each`: Σ each / count, Σ each, or each itself.

    `count` is the mean's divisor, by default the number of elements.
    """
    if spec.reduction == "none":
        return each, lambda dL: dL
    scale = 1.0 if spec.reduction == "sum" else 1 / (each.size if count is None else count)
    return np.asarray(each.sum() * each.dtype.type(scale)), lambda dL: dL * each.dtype.type(scale)


@LOSSES.implements(MSELoss)
def mse(spec: MSELoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σ e²/D        dp = 2e/D        e = p − t"""
    e = p - t
    L, spread = reduced(spec, e * e, len(p) if spec.reduction == "batchmean" else None)

    def backward(dL: Any) -> Any:
        return 2 * e * spread(dL)

    return L, backward


@LOSSES.implements(L1Loss)
def l1(spec: L1Loss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σ |e|/D        dp = sign(e)/D        e = p − t"""
    e = p - t
    L, spread = reduced(spec, np.abs(e))

    def backward(dL: Any) -> Any:
        return np.sign(e) * spread(dL)

    return L, backward


@LOSSES.implements(HuberLoss)
def huber(spec: HuberLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σ c·(e − c/2)/D        dp = c/D        e = p − t,  c = e clipped to ±delta

    c·(e − c/2) is e²/2 where |e| ≤ delta (c = e), delta·(|e| − delta/2) elsewhere (c = ±delta).
    """
    e = p - t
    c = np.clip(e, -spec.delta, spec.delta)
    L, spread = reduced(spec, c * (e - c / 2))

    def backward(dL: Any) -> Any:
        return c * spread(dL)

    return L, backward


def class_weights(spec: NLLLoss | CrossEntropyLoss, p: Array) -> Array:
    """One weight a class, (C,)"""
    return np.ones(p.shape[1], p.dtype) if spec.weight is None else np.asarray(spec.weight, p.dtype)


def picked(spec: NLLLoss | CrossEntropyLoss, p: Array, t: Array) -> tuple[Array, Array]:
    """(q, w): q[n, c, …] = [c = t[n, …]] with ignored targets all zero, w[n, …] = weight of the target's class."""
    valid = t != spec.ignore_index
    q = np.zeros(p.shape, p.dtype)
    np.put_along_axis(q, np.expand_dims(np.where(valid, t, 0), 1), np.expand_dims(valid, 1).astype(p.dtype), 1)
    return q, class_weights(spec, p)[np.where(valid, t, 0)] * valid


@LOSSES.implements(NLLLoss)
def nll(spec: NLLLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = −Σₙ w[tₙ] p[n, tₙ] / D        dp = −w[tₙ] [c = tₙ] / D        D = Σₙ w[tₙ]"""
    q, w = picked(spec, p, t)
    L, spread = reduced(spec, -w * (q * p).sum(1), w.sum())

    def backward(dL: Any) -> Any:
        return -q * np.expand_dims(w * spread(dL), 1)

    return L, backward


@LOSSES.implements(CrossEntropyLoss)
def cross_entropy(spec: CrossEntropyLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = −Σ v·logp / D,   logp = p − log Σ eᵖ        dp = (softmax(p)·Σ_c v − v)/D

    v[n, c] = w[c]·((1−ε)·q[n, c] + ε/C): what each class should get, weighted. For labels q is one-hot,
    the first part is weighted by w[tₙ] = w[c], ignored rows are zero and D = Σₙ w[tₙ]; for probabilities
    q = t and D counts the predictions.
    """
    logp = p - p.max(1, keepdims=True)  # L is shift-invariant; exp cannot overflow
    exp = np.exp(logp)
    total = exp.sum(1, keepdims=True)
    logp -= np.log(total)
    if t.dtype.kind == "f":
        q, rows, count = t, np.ones((), p.dtype), p.size // p.shape[1]
    else:
        q, w = picked(spec, p, t)
        rows, count = np.expand_dims(t != spec.ignore_index, 1).astype(p.dtype), w.sum()
    if spec.label_smoothing:
        q = (1 - spec.label_smoothing) * q + spec.label_smoothing / p.shape[1] * rows
    v = q if spec.weight is None else q * class_weights(spec, p).reshape(-1, *[1] * (p.ndim - 2))
    L, spread = reduced(spec, -(v * logp).sum(1), count)

    def backward(dL: Any) -> Any:
        softmax = exp / total
        return (softmax * v.sum(1, keepdims=True) - v) * np.expand_dims(spread(dL), 1 if np.ndim(dL) else ())

    return L, backward


@LOSSES.implements(BCEWithLogitsLoss)
def bce_with_logits(spec: BCEWithLogitsLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σ w·(v·t·log(1 + e⁻ᵖ) + (1−t)·log(1 + eᵖ)) / D        dp = w·((1−t)·σ(p) − v·t·σ(−p)) / D

    log(1 + e⁻ᵖ) = max(−p, 0) + log(1 + e^−|p|), which cannot overflow; log(1 + eᵖ) = p + log(1 + e⁻ᵖ).
    """
    w = 1 if spec.weight is None else np.asarray(spec.weight, p.dtype)
    v = 1 if spec.pos_weight is None else np.asarray(spec.pos_weight, p.dtype)
    softplus = np.maximum(-p, 0) + np.log1p(np.exp(-np.abs(p)))
    L, spread = reduced(spec, w * (v * t * softplus + (1 - t) * (p + softplus)))

    def backward(dL: Any) -> Any:
        s = sigmoid(p)
        return w * ((1 - t) * s - v * t * (1 - s)) * spread(dL)

    return L, backward
