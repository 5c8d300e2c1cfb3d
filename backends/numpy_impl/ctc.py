"""Connectionist temporal classification: a sum over all alignments, step by step from both ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.losses import LOSSES, LossBackward, reduced
from isograd.core.base.types import Array
from isograd.core.learning.likelihoods import CTCLoss


@dataclass(frozen=True)
class Alignments:
    """What alignments of each row may read: its classes with blanks between them and around, 2S + 1 places.

    From a place an alignment stays, goes on by one, or, where `skips` says so of the place that it comes to, by two.
    """

    times: Array  # (N,) how many steps count
    classes: Array  # (N, 2S + 1)
    skips: Array  # (N, 2S + 1)
    ends: Array  # (N, 2S + 1) whether an alignment may end there

    @classmethod
    def of(cls, spec: CTCLoss, t: Array) -> Alignments:
        times, lengths, words = t[:, 0], t[:, 1:2], t[:, 2:]
        classes = np.full((len(t), 2 * words.shape[1] + 1), spec.blank)
        classes[:, 1::2] = np.where(np.arange(words.shape[1]) < lengths, words, spec.blank)
        skips = np.zeros(classes.shape, bool)
        skips[:, 2:] = (classes[:, 2:] != spec.blank) & (classes[:, 2:] != classes[:, :-2])
        places = np.arange(classes.shape[1])
        return cls(times, classes, skips, (places == 2 * lengths) | (places == 2 * lengths - 1))


def moved(x: Array, by: int) -> Array:
    """x (N, places) with every entry `by` places further on; what comes in is −∞."""
    kept = np.full_like(x, -np.inf)
    if by > 0:
        kept[:, by:] = x[:, :-by]
    else:
        kept[:, :by] = x[:, -by:]
    return kept


def forward_sums(a: Alignments, logp: Array) -> Array:
    """α[time, n, place] = log Σ over beginnings that stand there of the product of their probabilities"""
    alpha = np.full((logp.shape[1], *a.classes.shape), -np.inf, logp.dtype)
    alpha[0, :, :2] = logp[:, 0, :2]
    for k in range(1, len(alpha)):
        before = alpha[k - 1]
        skipped = np.where(a.skips, moved(before, 2), -np.inf)
        alpha[k] = np.logaddexp(np.logaddexp(before, moved(before, 1)), skipped) + logp[:, k]
    return alpha


def backward_sums(a: Alignments, logp: Array) -> Array:
    """β[time, n, place] = log Σ over what may follow, the step itself left out"""
    beta = np.full((logp.shape[1], *a.classes.shape), -np.inf, logp.dtype)
    skips = np.roll(a.skips, -2, axis=1)  # of the place two further on
    for k in reversed(range(len(beta))):
        beta[k][(a.times == k + 1)[:, None] & a.ends] = 0
        if k + 1 < len(beta):
            after = beta[k + 1] + logp[:, k + 1]
            skipped = np.where(skips, moved(after, -2), -np.inf)
            going = np.logaddexp(np.logaddexp(after, moved(after, -1)), skipped)
            beta[k] = np.where((a.times > k + 1)[:, None], going, beta[k])
    return beta


@LOSSES.implements(CTCLoss)
def ctc(spec: CTCLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = −Σₙ log Σ_places e^(α + β) / D at any step        dp = (softmax(p) − Σ_{places of a class} γ) / D

    γ = e^(α + β + L) is the share of alignments that stand at a place at a step; steps behind the input length have
    no gradient. D is N·length with reduction="mean".
    """
    a, rows = Alignments.of(spec, t), np.arange(len(p))
    shifted = p - p.max(-1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    of_places = np.take_along_axis(logp, np.broadcast_to(a.classes[:, None], (*p.shape[:2], a.classes.shape[1])), 2)
    with np.errstate(invalid="ignore"):  # −∞ − (−∞), of what cannot be aligned
        alpha = forward_sums(a, of_places)
        nll = -np.logaddexp.reduce(np.where(a.ends, alpha[a.times - 1, rows], -np.inf), axis=1)
    lost = np.isinf(nll) & spec.zero_infinity
    lengths = np.maximum(t[:, 1], 1).astype(p.dtype) if spec.reduction == "mean" else p.dtype.type(1)
    L, spread = reduced(spec, np.where(lost, 0, nll) / lengths)

    def backward(dL: Any) -> Any:
        with np.errstate(invalid="ignore"):
            shares = np.exp(alpha + backward_sums(a, of_places) + nll[:, None])
        dp = np.exp(logp)
        for place in range(shares.shape[2]):
            dp[rows, :, a.classes[:, place]] -= shares[:, :, place].T
        dp[(np.arange(p.shape[1]) >= a.times[:, None]) | lost[:, None]] = 0
        dp[np.isinf(nll) & ~lost] = np.nan  # nothing leads there: no direction is better
        dp *= np.broadcast_to(spread(dL) / lengths, len(p))[:, None, None]
        return dp

    return L, backward
