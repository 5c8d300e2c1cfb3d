"""Formulas of losses that are negative logarithms of probabilities."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array
from isograd.core.learning.likelihoods import BCELoss, CTCLoss, GaussianNLLLoss, KLDivLoss, PoissonNLLLoss
from isograd.core.parity.formulas.activations import log_shares
from isograd.core.parity.formulas.losses import figures, reduced
from isograd.core.parity.formulas.table import loss_formula


@loss_formula(BCELoss)
def bce(spec: BCELoss, ops: Namespace, p: Any, t: Array) -> Any:
    """−Σ w·(t·max(log p, −100) + (1−t)·max(log(1 − p), −100)) / D"""
    known = ops.constant(t, p) * ops.maximum(ops.log(p), -100.0)
    each = known + ops.constant(1 - t, p) * ops.maximum(ops.log(1 - p), -100.0)
    return reduced(spec, ops, -ops.constant(figures(spec.weight), p) * each, t.size)


@loss_formula(KLDivLoss)
def kl_div(spec: KLDivLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σ q·(log q − p) / D,   0·log 0 = 0"""
    q = np.exp(t) if spec.log_target else t
    own = q * (t if spec.log_target else np.log(np.where(t > 0, t, 1.0)))
    each = ops.constant(own, p) - ops.constant(q, p) * p
    return reduced(spec, ops, each, len(t) if spec.reduction == "batchmean" else t.size)


@loss_formula(PoissonNLLLoss)
def poisson_nll(spec: PoissonNLLLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σ (eᵖ − t·p) / D,   of rates Σ (p − t·log(p + ε)) / D"""
    count = ops.constant(t, p)
    each = ops.exp(p) - count * p if spec.log_input else p - count * ops.log(p + spec.eps)
    if spec.full:
        large = np.where(t > 1, t, 1.0)
        factorial = large * np.log(large) - large + 0.5 * np.log(2 * pi * large)
        each = each + ops.constant(np.where(t > 1, factorial, 0.0), p)
    return reduced(spec, ops, each, t.size)


@loss_formula(GaussianNLLLoss)
def gaussian_nll(spec: GaussianNLLLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σ ½(log v + (m − t)²/v) / D,   v lifted to ε by what is no function of it"""
    m, v = p[:, 0], p[:, 1]
    v = v + ops.stop_gradient(ops.maximum(v, spec.eps) - v)
    each = 0.5 * (ops.log(v) + (m - ops.constant(t, p)) ** 2 / v)
    return reduced(spec, ops, each + 0.5 * float(np.log(2 * pi)) if spec.full else each, t.size)


@loss_formula(CTCLoss)
def ctc(spec: CTCLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """−Σₙ log Σ over alignments Π softmax(p)[n, time, class] / D, as a product of matrices over time

    The sums over beginnings that stand at each place are divided by their total at every step, so that none vanishes.
    """
    times, lengths, words = t[:, 0], t[:, 1], t[:, 2:]
    steps, classes, places = p.shape[1], p.shape[2], 2 * words.shape[1] + 1
    reads = np.full((len(t), places), spec.blank)
    reads[:, 1::2] = np.where(np.arange(words.shape[1]) < lengths[:, None], words, spec.blank)
    going = np.zeros((len(t), places, places))  # from a place to a place
    for to in range(places):
        going[:, to, to] = 1
        going[:, max(to - 1, 0), to] = 1
        if to > 1:
            going[:, to - 2, to] = (reads[:, to] != spec.blank) & (reads[:, to] != reads[:, to - 2])
    there = (np.arange(places) == 2 * lengths[:, None]) | (np.arange(places) == 2 * lengths[:, None] - 1)
    chosen = (reads[:, None, :] == np.arange(classes)[:, None]).astype(np.float64)  # (n, class, place)
    share = ops.exp(log_shares(ops, p, 2)) @ ops.constant(chosen, p)  # (n, time, place)
    sums = share[:, 0:1] * ops.constant((np.arange(places) < 2).astype(np.float64), p)
    ended, scales = ops.zeros_like(p[:, 0, 0]), ops.zeros_like(p[:, 0, 0])
    for k in range(steps):
        if k:
            sums = (sums @ ops.constant(going, p)) * share[:, k : k + 1]
        total = ops.stop_gradient(ops.sum(sums, axis=2, keepdims=True))
        total = ops.where(total > 0, total, 1.0)
        sums = sums / total
        scales = scales + ops.log(total)[:, 0, 0] * ops.constant((k < times).astype(np.float64), p)
        ended = ended + ops.sum(sums[:, 0] * ops.constant(((times == k + 1)[:, None] & there) * 1.0, p), axis=1)
    aligned = ended > 0
    nll = ops.where(aligned, -ops.log(ops.where(aligned, ended, 1.0)) - scales, 0.0 if spec.zero_infinity else np.inf)
    if spec.reduction == "mean":
        nll = nll / ops.constant(np.maximum(lengths, 1).astype(np.float64), p)
    return reduced(spec, ops, nll, len(t))
