"""Losses that are negative logarithms of probabilities, entry by entry."""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.losses import LOSSES, LossBackward, figures, reduced
from isograd.core.base.types import Array
from isograd.core.learning.likelihoods import BCELoss, GaussianNLLLoss, KLDivLoss, PoissonNLLLoss

LEAST = -100.0  # what a logarithm of a probability is at least
SMALLEST = float(np.float32(1e-12))  # what p(1 − p) is at least where it divides: in float64 too, as in torch


@LOSSES.implements(BCELoss)
def bce(spec: BCELoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = −Σ w·(t·log p + (1−t)·log(1−p)) / D        dp = w·(p−t) / max(p(1−p), 1e-12) / D

    Both logarithms are −100 at least.
    """
    spec.check_predictions(bool((p < 0).any() or (p > 1).any()))
    w = figures(spec.weight, p)
    with np.errstate(divide="ignore"):  # log 0
        log_p, log_q = np.maximum(np.log(p), LEAST), np.maximum(np.log1p(-p), LEAST)
    L, spread = reduced(spec, -w * (t * log_p + (1 - t) * log_q))

    def backward(dL: Any) -> Any:
        return w * (p - t) / np.maximum(p * (1 - p), SMALLEST) * spread(dL)

    return L, backward


@LOSSES.implements(KLDivLoss)
def kl_div(spec: KLDivLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σ q·(log q − p) / D        dp = −q / D        q the target, or eᵗ where it is a logarithm; 0·log 0 is 0"""
    q = np.exp(t) if spec.log_target else t
    log_q = t if spec.log_target else np.log(np.where(q == 0, 1, q))
    L, spread = reduced(spec, q * log_q - q * p, len(p) if spec.reduction == "batchmean" else None)

    def backward(dL: Any) -> Any:
        return -q * spread(dL)

    return L, backward


@LOSSES.implements(PoissonNLLLoss)
def poisson_nll(spec: PoissonNLLLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σ (r − t·log r) / D,   r = eᵖ        dp = (eᵖ − t) / D
    of rates p:   L = Σ (p − t·log(p + ε)) / D        dp = (1 − t/(p + ε)) / D
    """
    if spec.log_input:
        rate = np.exp(p)
        each, slope = rate - t * p, rate - t
    else:
        each, slope = p - t * np.log(p + spec.eps), 1 - t / (p + spec.eps)
    if spec.full:
        each = each + stirling(t)
    L, spread = reduced(spec, each)

    def backward(dL: Any) -> Any:
        return slope * spread(dL)

    return L, backward


def stirling(t: Array) -> Array:
    """t·log t − t + log(2πt)/2 ≈ log t!, 0 where t ≤ 1"""
    known = np.maximum(t, 1)
    return np.where(t > 1, known * np.log(known) - known + np.log(2 * pi * known) / 2, 0).astype(t.dtype)


@LOSSES.implements(GaussianNLLLoss)
def gaussian_nll(spec: GaussianNLLLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σ ½(log v + e²/v) / D        dm = e/v / D        dv = ½(1 − e²/v)/v / D

    p = (m, v) along axis 1, e = m − t; v is ε at least, and dv passes to a smaller one as it is.
    """
    m, v = p[:, 0], np.maximum(p[:, 1], spec.eps)
    spec.check_variances(bool((p[:, 1] < 0).any()))
    e = m - t
    share = e * e / v
    L, spread = reduced(spec, (np.log(v) + share) / 2 + (log(2 * pi) / 2 if spec.full else 0))

    def backward(dL: Any) -> Any:
        scale = spread(dL)
        return np.stack([e / v * scale, (1 - share) / (2 * v) * scale], axis=1)

    return L, backward
