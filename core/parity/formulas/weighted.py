"""The formula of per-sample weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array
from isograd.core.learning.weighted import WeightedLoss
from isograd.core.parity.formulas.table import LOSS_FORMULAS, loss_formula


@loss_formula(WeightedLoss)
def weighted(spec: WeightedLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σₙ s[n]·each[n] / D,   D = Σ t[n, 1] times the values in a row"""
    inner, _, whole = spec.apart(tuple(p.shape[1:]), t)
    each = LOSS_FORMULAS[type(spec.of)](spec.of, ops, p, inner.astype(np.int64) if whole else inner)
    weighed = ops.constant(t[:, 0].reshape(-1, *[1] * (each.ndim - 1)), p) * each
    if spec.reduction == "none":
        return weighed
    count = {"mean": t[:, 1].sum() * np.prod(each.shape) / len(t), "batchmean": t[:, 1].sum(), "sum": 1.0}
    return ops.sum(weighed) / float(count[spec.reduction])
