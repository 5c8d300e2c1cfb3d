"""Losses: value and gradient share their intermediate values, so they cannot describe different functions.

    loss(spec, p, t) → (L, backward)        backward(dL) → dp

p is the prediction, t the target; dL is 1 for a scalar loss, an array for reduction="none".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

import numpy as np

from isograd.backends.numpy_impl.operations.special import sigmoid
from isograd.core.base.table import Table
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

LossBackward: TypeAlias = Callable[[Any], Any]

ClassRule: TypeAlias = Callable[[Any, Array, Array], tuple[Array, LossBackward]]

LOSSES = Table("numpy_impl/losses.py")


def reduced(spec: Loss, each: Array, count: Any = None) -> tuple[Array, Callable[[Any], Array]]:
    """(L, dL ↦ d each) for elementwise losses `each`: Σ each / count, Σ each, or each itself.

    `count` is the mean's divisor, by default the number of elements.
    """
    if spec.reduction == "none":
        return each, lambda dL: dL
    scale = each.dtype.type(1.0 if spec.reduction == "sum" else 1 / (each.size if count is None else count))
    return np.asarray(each.sum() * scale), lambda dL: dL * scale


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


@LOSSES.implements(SmoothL1Loss)
def smooth_l1(spec: SmoothL1Loss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σ h/D,   h = e²/2β where |e| < β, else |e| − β/2        dp = e/β or sign(e), by D        e = p − t"""
    e = p - t
    size, near = np.abs(e), np.abs(e) < spec.beta
    steep = np.where(near, e / (spec.beta or 1.0), np.sign(e))
    L, spread = reduced(spec, np.where(near, steep * e / 2, size - spec.beta / 2))

    def backward(dL: Any) -> Any:
        return steep * spread(dL)

    return L, backward


def class_weights(spec: ClassLoss, p: Array) -> Array:
    """One weight a class, in p's dtype, shaped to stand along axis 1 of p; a single 1 where all weigh the same."""
    weights = np.asarray(1.0 if spec.weight is None else spec.weight, p.dtype)
    return weights.reshape(-1, *[1] * (p.ndim - 2))


def chosen(spec: ClassLoss, p: Array, t: Array) -> Array:
    """[c = t[n, …]] as booleans of p's shape; a row of its own for every prediction, all False where ignored."""
    classes = np.arange(p.shape[1]).reshape(-1, *[1] * (p.ndim - 2))
    one_hot: Array = t[:, None] == classes
    return one_hot & (t != spec.ignore_index)[:, None] if 0 <= spec.ignore_index < p.shape[1] else one_hot


def terms(spec: ClassLoss, v: Array, logp: Array) -> Array:
    """−v·logp, where v is 0 nothing, whatever logp (0·−∞ counts as 0); summed over classes if asked for one by one"""
    each: Array = -v * np.where(v, logp, 0)
    return each.sum(1) if spec.reduction == "none" else each


def of_nothing(hot: Array, p: Array, *, whole_rows: bool) -> tuple[Array, LossBackward]:
    """L = 0/0        dp = 0 where a target is ignored, else 0/0: in its class, or in all classes of its place

    What a mean is whose divisor is 0: every target is ignored, or of a class without weight.
    """
    counted = np.broadcast_to(hot.any(1, keepdims=True), p.shape) if whole_rows else hot
    nan, zero = p.dtype.type(np.nan), p.dtype.type(0)
    return np.asarray(nan), lambda dL: np.where(counted, nan, zero)


def class_sums(x: Array) -> Array:
    """Σ over the classes of x (N, C, …), kept as an axis; BLAS adds up short rows several times faster than sum."""
    return x @ np.ones((x.shape[1], 1), x.dtype) if x.ndim == 2 else x.sum(1, keepdims=True)


def along_any_axis(loss: ClassRule) -> ClassRule:
    """A loss over classes along axis 1, for classes along `dim`: every prediction becomes a row of its own."""

    @wraps(loss)
    def wrapped(spec: ClassLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
        if spec.dim % p.ndim == 1:
            return loss(spec, p, t)
        moved = np.moveaxis(p, spec.dim, -1)
        labels = moved.shape[:-1]
        t = t.ravel() if t.shape == labels else np.moveaxis(t, spec.dim, -1).reshape(-1, moved.shape[-1])
        L, back = loss(spec, moved.reshape(-1, moved.shape[-1]), t)

        def backward(dL: Any) -> Any:
            rows = back(dL.ravel() if np.ndim(dL) else dL)
            return np.moveaxis(rows.reshape(moved.shape), -1, spec.dim)

        return L.reshape(labels) if L.ndim else L, backward

    return wrapped


@LOSSES.implements(NLLLoss)
@along_any_axis
def nll(spec: NLLLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = −Σ v·p / D        dp = −v / D        v[n, c] = w[c]·[c = tₙ],  D = Σ v"""
    hot = chosen(spec, p, t)
    v = hot * class_weights(spec, p)
    count = v.sum()
    if spec.reduction == "mean" and count == 0:
        return of_nothing(hot, p, whole_rows=False)
    L, spread = reduced(spec, terms(spec, v, p), count)

    def backward(dL: Any) -> Any:
        return -v * along_classes(spread(dL))

    return L, backward


@LOSSES.implements(CrossEntropyLoss)
@along_any_axis
def cross_entropy(spec: CrossEntropyLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = −Σ v·logp / D,   logp = p − log Σ eᵖ        dp = (softmax(p)·Σ_c v − v)/D

    v[n, c] is what each class should get, weighted: for labels w[c]·((1−ε)·[c = tₙ] + ε/C), nothing where
    ignored, D = Σₙ w[tₙ]; for probabilities w[c]·((1−ε)·t + ε/C), D the number of predictions.
    """
    logp = p - p.max(1, keepdims=True)  # L is shift-invariant; exp cannot overflow
    exp = np.exp(logp)
    total = class_sums(exp)
    logp -= np.log(total)
    plain = spec.weight is None and spec.label_smoothing == 0 and spec.reduction == "mean" and p.ndim == 2
    if plain and t.dtype.kind != "f" and np.count_nonzero(t == spec.ignore_index) == 0:
        return plain_cross_entropy(logp, exp / total, t)
    smooth, share = spec.label_smoothing, spec.label_smoothing / p.shape[1]
    if t.dtype.kind == "f":
        v, count = ((1 - smooth) * t + share) * class_weights(spec, p), p.size // p.shape[1]
    else:
        hot = chosen(spec, p, t)
        v = hot * class_weights(spec, p)
        count = np.count_nonzero(hot) if spec.weight is None else v.sum()
        if spec.reduction == "mean" and count == 0:
            return of_nothing(hot, p, whole_rows=True)
        if smooth:
            v = (1 - smooth) * v + share * class_weights(spec, p) * hot.any(1, keepdims=True)
    L, spread = reduced(spec, terms(spec, v, logp), count)

    def backward(dL: Any) -> Any:
        dp = exp / total
        dp *= class_sums(v)
        dp -= v
        dp *= along_classes(spread(dL))
        return dp

    return L, backward


def plain_cross_entropy(logp: Array, softmax: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = −meanₙ logp[n, tₙ]        dp = (softmax − onehot(t))/N

    The usual case by itself: labels (N,), all classes alike, every option at its default, nothing ignored.
    """
    rows, scale = np.arange(len(t)), logp.dtype.type(1 / len(t))

    def backward(dL: Any) -> Any:
        dp = softmax * (dL * scale)
        dp[rows, t] -= dL * scale
        return dp

    return np.asarray(-logp[rows, t].sum() * scale), backward


def along_classes(dL: Array) -> Array:
    """One figure for each prediction, repeated for its classes; a single figure as it is."""
    return dL[:, None] if np.ndim(dL) else dL


def figures(values: tuple[float, ...] | None, p: Array) -> Any:
    """One figure for each entry of p's last axis; 1 where none are given."""
    return 1 if values is None else np.asarray(values, p.dtype)


@LOSSES.implements(BCEWithLogitsLoss)
def bce_with_logits(spec: BCEWithLogitsLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σ w·(v·t·log(1 + e⁻ᵖ) + (1−t)·log(1 + eᵖ)) / D        dp = w·((1−t)·σ(p) − v·t·σ(−p)) / D

    log(1 + e⁻ᵖ) = max(−p, 0) + log(1 + e^−|p|), which cannot overflow; log(1 + eᵖ) = p + log(1 + e⁻ᵖ).
    """
    w, v = figures(spec.weight, p), figures(spec.pos_weight, p)
    softplus = np.maximum(-p, 0) + np.log1p(np.exp(-np.abs(p)))
    L, spread = reduced(spec, w * (v * t * softplus + (1 - t) * (p + softplus)))

    def backward(dL: Any) -> Any:
        s = sigmoid(p)
        return w * ((1 - t) * s - v * t * (1 - s)) * spread(dL)

    return L, backward
