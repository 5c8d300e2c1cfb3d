"""Gradients of losses' targets, where these are floating: what a teacher gets of whom it teaches.

rule(spec, p, t) → (dL ↦ dt)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from isograd.backends.numpy_impl.likelihoods import LEAST
from isograd.backends.numpy_impl.losses import LOSSES, figures
from isograd.backends.numpy_impl.margins import softplus
from isograd.core.base.table import Table
from isograd.core.base.types import Array
from isograd.core.learning.likelihoods import BCELoss, GaussianNLLLoss, KLDivLoss, PoissonNLLLoss
from isograd.core.learning.losses import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    L1Loss,
    Loss,
    MSELoss,
    SmoothL1Loss,
)
from isograd.core.learning.margins import MarginRankingLoss, MultiLabelSoftMarginLoss

TargetBackward: TypeAlias = Callable[[Any], Array]

TARGETS = Table("numpy_impl/targets.py")


def spread(spec: Loss, t: Array, dL: Any) -> Any:
    """d of each entry, or row, that the loss adds up: dL, or dL/D of a mean"""
    return dL if spec.reduction in ("none", "sum") else dL / t.dtype.type(spec.divisor(t))


@TARGETS.implements(MSELoss, L1Loss, HuberLoss, SmoothL1Loss)
def of_differences(spec: Loss, p: Array, t: Array) -> TargetBackward:
    """dt = −dp: a function of p − t"""
    _, backward = LOSSES[type(spec)](spec, p, t)
    return lambda dL: -backward(dL)


@TARGETS.implements(GaussianNLLLoss)
def of_gaussian_nll(spec: GaussianNLLLoss, p: Array, t: Array) -> TargetBackward:
    """dt = −dm"""
    _, backward = LOSSES[GaussianNLLLoss](spec, p, t)
    return lambda dL: -backward(dL)[:, 0]


@TARGETS.implements(PoissonNLLLoss)
def of_poisson_nll(spec: PoissonNLLLoss, p: Array, t: Array) -> TargetBackward:
    """dt = −log r / D,   r the rate eᵖ, or p + ε"""
    slope = -p if spec.log_input else -np.log(p + p.dtype.type(spec.eps))
    return lambda dL: slope * spread(spec, t, dL)


@TARGETS.implements(MarginRankingLoss)
def of_margin_ranking(spec: MarginRankingLoss, p: Array, t: Array) -> TargetBackward:
    """dt = −(a − b)·[margin − t·(a − b) > 0] / D"""
    apart = p[:, 0] - p[:, 1]
    slope = -apart * np.heaviside(spec.margin - t * apart, p.dtype.type(0))
    return lambda dL: slope * spread(spec, t, dL)


@TARGETS.implements(CrossEntropyLoss)
def of_cross_entropy(spec: CrossEntropyLoss, p: Array, t: Array) -> TargetBackward:
    """dt = −w[c]·(1−ε)·logp / D,   t probabilities"""
    axis = spec.dim % p.ndim
    shifted = p - p.max(axis, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))
    w = np.asarray(figures(spec.weight, p), p.dtype).reshape(-1, *[1] * (p.ndim - 1 - axis))
    slope = -w * p.dtype.type(1 - spec.label_smoothing) * logp

    def backward(dL: Any) -> Array:
        scale = spread(spec, t, dL)
        return np.asarray(slope * (np.expand_dims(scale, axis) if np.ndim(scale) else scale))

    return backward


@TARGETS.implements(BCEWithLogitsLoss)
def of_bce_with_logits(spec: BCEWithLogitsLoss, p: Array, t: Array) -> TargetBackward:
    """dt = w·(v·log(1 + e⁻ᵖ) − log(1 + eᵖ)) / D"""
    w, v = figures(spec.weight, p), figures(spec.pos_weight, p)
    return lambda dL: w * (v * softplus(-p) - softplus(p)) * spread(spec, t, dL)


@TARGETS.implements(BCELoss)
def of_bce(spec: BCELoss, p: Array, t: Array) -> TargetBackward:
    """dt = w·(log(1−p) − log p) / D, both −100 at least"""
    with np.errstate(divide="ignore"):  # log 0
        slope = np.maximum(np.log1p(-p), LEAST) - np.maximum(np.log(p), LEAST)
    return lambda dL: figures(spec.weight, p) * slope * spread(spec, t, dL)


@TARGETS.implements(KLDivLoss)
def of_kl_div(spec: KLDivLoss, p: Array, t: Array) -> TargetBackward:
    """dt = (log t + 1 − p) / D, of logarithms eᵗ·(t + 1 − p) / D"""
    slope = np.exp(t) * (t + 1 - p) if spec.log_target else np.log(t) + 1 - p
    return lambda dL: slope * spread(spec, t, dL)


@TARGETS.implements(MultiLabelSoftMarginLoss)
def of_multi_label_soft_margin(spec: MultiLabelSoftMarginLoss, p: Array, t: Array) -> TargetBackward:
    """dt = −w[c]·p / C / D"""
    slope = -figures(spec.weight, p) * p / p.dtype.type(p.shape[-1])
    return lambda dL: np.asarray(slope * np.expand_dims(spread(spec, t, dL), -1))
