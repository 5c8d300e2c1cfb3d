"""Metrics: how good predictions are, in words a user asks for. Computed in NumPy for every backend."""

from __future__ import annotations

from math import log, nan, sqrt

import numpy as np

from isograd.core.base.description import Description, Int, describes
from isograd.core.base.types import Array
from isograd.core.learning.classes import IGNORED, predicted


@describes("metric", abstract=True)
class Metric(Description):
    """value(prediction, target) over a whole data set; `greater_is_better` says which way is up."""

    label = "metric"
    greater_is_better = False

    def value(self, prediction: Array, target: Array) -> float:
        raise NotImplementedError


def share_of(right: Array) -> float:
    """How large a share of them is True; NaN of none."""
    return float(np.mean(right)) if right.size else nan


@describes("metric")
class Accuracy(Metric):
    """The share of predictions whose largest entry (along `dim`, counting the batch) stands at the target's class.

    Targets are class indices (N, …), or one-hot or probabilities (N, C, …). A single logit per sample
    counts as class 1 where it is above 0. What the loss leaves out, `ignore_index`, is left out here; NaN of nothing.

    >>> Accuracy().value(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
    0.5
    """

    dim: Int = 1
    ignore_index: Int = IGNORED

    label = "accuracy"
    greater_is_better = True

    def value(self, prediction: Array, target: Array) -> float:
        return share_of(np.equal(*predicted(prediction, target, self.dim, self.ignore_index)))


@describes("metric")
class Nats(Metric):
    """mean −log p(target), p = softmax of the prediction along `dim`: what one symbol costs, in natural units

    Targets are class indices (N, …). Whatever the batches, every target weighs the same; `ignore_index` none. NaN of
    nothing.

    >>> Nats().value(np.zeros((2, 4)), np.array([0, 3])) == log(4)
    True
    """

    dim: Int = 1
    ignore_index: Int = IGNORED

    label = "nats per symbol"

    def value(self, prediction: Array, target: Array) -> float:
        total, count = 0.0, 0
        for p, t in zip(prediction, target, strict=True):  # sample by sample: no second copy of all predictions
            scores = np.moveaxis(p.astype(np.float64), self.dim - 1 if self.dim > 0 else self.dim, -1)
            scores -= scores.max(-1, keepdims=True)
            kept = np.asarray(t) != self.ignore_index
            places = np.where(kept, t, 0)[..., None]
            logp = np.take_along_axis(scores, places, -1)[..., 0] - np.log(np.exp(scores).sum(-1))
            total -= float(logp.sum(where=kept))
            count += int(kept.sum())
        return total / count if count else nan


@describes("metric")
class Bits(Nats):
    """mean −log₂ p(target): `Nats` in bits

    >>> Bits().value(np.zeros((2, 4)), np.array([0, 3]))
    2.0
    """

    label = "bits per symbol"

    def value(self, prediction: Array, target: Array) -> float:
        return super().value(prediction, target) / log(2)


@describes("metric")
class MAE(Metric):
    """mean |p − t|

    >>> MAE().value(np.array([1.0, 4.0]), np.array([2.0, 2.0]))
    1.5
    """

    label = "MAE"

    def value(self, prediction: Array, target: Array) -> float:
        return float(np.mean(np.abs(_error(prediction, target))))


@describes("metric")
class MSE(Metric):
    """mean (p − t)²

    >>> MSE().value(np.array([1.0, 4.0]), np.array([2.0, 1.0]))
    5.0
    """

    label = "MSE"

    def value(self, prediction: Array, target: Array) -> float:
        return float(np.mean(_error(prediction, target) ** 2))


@describes("metric")
class RMSE(Metric):
    """√ mean (p − t)²

    >>> RMSE().value(np.array([1.0, 4.0]), np.array([2.0, 1.0])) == 5**0.5
    True
    """

    label = "RMSE"

    def value(self, prediction: Array, target: Array) -> float:
        return sqrt(np.mean(_error(prediction, target) ** 2))


@describes("metric")
class R2(Metric):
    """1 − Σ (p − t)² / Σ (t − t̄)², each output column by itself, then averaged; NaN where t is constant

    >>> R2().value(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]))
    1.0
    """

    label = "R²"
    greater_is_better = True

    def value(self, prediction: Array, target: Array) -> float:
        residual = np.sum(_error(prediction, target) ** 2, axis=0)
        spread = np.sum((target.astype(np.float64) - target.mean(0)) ** 2, axis=0)
        return float(np.mean(1 - np.divide(residual, spread, out=np.full_like(residual, np.nan), where=spread > 0)))


def _error(prediction: Array, target: Array) -> Array:
    return prediction.astype(np.float64).reshape(target.shape) - target
