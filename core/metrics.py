"""Metrics: how good predictions are, in words a user asks for. Computed in NumPy for every backend."""

from __future__ import annotations

from math import sqrt

import numpy as np

from isograd.core.description import Description, Int, describes
from isograd.core.types import Array


@describes("metric", abstract=True)
class Metric(Description):
    """value(prediction, target) over a whole data set; `greater_is_better` says which way is up."""

    label = "metric"
    greater_is_better = False

    def value(self, prediction: Array, target: Array) -> float:
        raise NotImplementedError


@describes("metric")
class Accuracy(Metric):
    """The share of predictions whose largest entry (along `dim`, counting the batch) stands at the target's class.

    Targets are class indices (N, …), or one-hot or probabilities (N, C, …). A single logit per sample
    counts as class 1 where it is above 0.

    >>> Accuracy().value(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
    0.5
    """

    dim: Int = 1

    label = "accuracy"
    greater_is_better = True

    def value(self, prediction: Array, target: Array) -> float:
        if prediction.ndim == 1 or prediction.shape[self.dim] == 1:
            return float(np.mean((prediction > 0).ravel() == (target > 0.5).ravel()))
        classes = target.argmax(self.dim) if target.ndim == prediction.ndim else target
        return float(np.mean(prediction.argmax(self.dim) == classes))


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
