"""Metrics of predicted classes, as scikit-learn defines them: of the classes that targets or predictions name."""

from __future__ import annotations

from dataclasses import field
from math import nan
from typing import Literal

import numpy as np

from isograd.core.base.description import Count, Int, describes
from isograd.core.base.errors import DataError
from isograd.core.base.types import Array
from isograd.core.learning.classes import IGNORED, predicted, scored, single
from isograd.core.learning.metrics import Metric, share_of

Average = Literal["macro", "weighted", "micro", "binary"]


def confusion_matrix(
    prediction: Array, target: Array, *, dim: int = 1, classes: int | None = None, ignore_index: int = IGNORED
) -> Array:
    """counts[t, p] of samples of class t that are predicted as p, whole numbers (classes, classes)

    `prediction` (N, C, …) with classes along `dim`, or a single logit a sample; `target` class indices, one-hot or
    probabilities. `classes`: how many there are, by default as many as the prediction has scores (2 of one logit).
    Targets of `ignore_index` are left out.

    >>> confusion_matrix(np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 4.0]]), np.array([0, 0, 1])).tolist()
    [[1, 1], [0, 1]]
    """
    chosen, true = predicted(prediction, target, dim, ignore_index)
    count = (2 if single(prediction, dim) else prediction.shape[dim]) if classes is None else classes
    for name, found in (("target", true), ("prediction", chosen)):
        if found.size and not (found.min() >= 0 and found.max() < count):
            raise DataError(
                f"confusion_matrix({name})",
                wanted=f"classes 0…{count - 1}",
                got=f"{found.min()}…{found.max()}",
                fix=f"classes={found.max() + 1}" if found.min() >= 0 else f"ignore_index={found.min()}",
            )
    counts: Array = np.bincount(true * count + chosen, minlength=count * count).reshape(count, count)
    return counts


@describes("metric", abstract=True)
class PerClass(Metric):
    """A figure for each class, averaged over the classes that targets or predictions name

    `average`: "macro" the plain mean, "weighted" by the number of targets of each class, "micro" of all counts
    together, "binary" class 1's alone. What would be 0/0 counts as 0. What the loss leaves out, `ignore_index`, is left
    out here; NaN of nothing. The label of another average than "macro" has its name in front: "micro F1".
    """

    average: Average = "macro"
    dim: Int = 1
    ignore_index: Int = IGNORED

    title = ""
    greater_is_better = True

    @property
    def label(self) -> str:  # type: ignore[override]
        return averaged(self.average, self.title)

    def of_counts(self, hits: Array, named: Array, held: Array) -> Array:
        """The figure of each class: it was named and true `hits` times, named in all, held by targets."""
        raise NotImplementedError

    def value(self, prediction: Array, target: Array) -> float:
        chosen, true = predicted(prediction, target, self.dim, self.ignore_index)
        if not len(true):
            return nan
        names = np.union1d(chosen, true)
        hits = np.array([np.sum((chosen == c) & (true == c)) for c in names])
        named, held = (np.array([np.sum(values == c) for c in names]) for values in (chosen, true))
        if self.average == "micro":
            return float(self.of_counts(*(np.array([values.sum()]) for values in (hits, named, held)))[0])
        found = self.of_counts(hits, named, held)
        if self.average == "binary":
            return float(found[names == 1][0]) if (names == 1).any() else 0.0
        return float(np.average(found, weights=held if self.average == "weighted" else None))


@describes("metric")
class Precision(PerClass):
    """Of what is predicted as a class, the share that is of it: TP / (TP + FP)

    >>> Precision(average="binary").value(np.array([1.0, 2.0, -1.0]), np.array([1, 0, 1]))
    0.5
    """

    title = "precision"

    def of_counts(self, hits: Array, named: Array, held: Array) -> Array:
        return _share(hits, named)


@describes("metric")
class Recall(PerClass):
    """Of what is of a class, the share that is predicted as it: TP / (TP + FN)

    >>> Recall(average="binary").value(np.array([1.0, 2.0, -1.0, -2.0]), np.array([1, 0, 1, 1])) == 1 / 3
    True
    """

    title = "recall"

    def of_counts(self, hits: Array, named: Array, held: Array) -> Array:
        return _share(hits, held)


@describes("metric")
class F1(PerClass):
    """The harmonic mean of precision and recall: 2·TP / (2·TP + FP + FN)

    >>> F1(average="binary").value(np.array([1.0, 2.0, -1.0]), np.array([1, 0, 1]))
    0.5
    """

    title = "F1"

    def of_counts(self, hits: Array, named: Array, held: Array) -> Array:
        return _share(2 * hits, named + held)


def averaged(average: str, title: str) -> str:
    """The label of a figure that is averaged over classes.

    >>> averaged("macro", "F1"), averaged("micro", "F1")
    ('F1', 'micro F1')
    """
    return title if average == "macro" else f"{average} {title}"


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


@describes("metric")
class TopKAccuracy(Metric):
    """The share of targets among the k largest entries along `dim`; of equal entries the later class is larger

    A single logit is class 1's, against 0: class 1 where it is above. `ignore_index` as in Accuracy; NaN of nothing.

    >>> TopKAccuracy(2).value(np.array([[0.1, 0.5, 0.4], [0.7, 0.2, 0.1]]), np.array([2, 2]))
    0.5
    """

    k: Count = field(kw_only=False, default=5)
    dim: Int = 1
    ignore_index: Int = IGNORED

    greater_is_better = True

    @property
    def label(self) -> str:  # type: ignore[override]
        return f"top-{self.k} accuracy"

    def value(self, prediction: Array, target: Array) -> float:
        if single(prediction, self.dim):
            chosen, true = predicted(prediction, target, self.dim, self.ignore_index)
            return share_of((chosen == true) | (self.k > 1))
        scores, true = scored(prediction, target, self.dim, self.ignore_index)
        first = np.argsort(scores, axis=-1, kind="stable")[:, ::-1][:, : self.k]
        return share_of((first == true[:, None]).any(-1))


@describes("metric")
class AUC(Metric):
    """The area under the ROC curve: how often one of the class scores above one that is not, equal scores half

    Of a single logit or two classes: class 1's. Of more: each class against the rest, by softmax along `dim`, then the
    mean ("macro"), or weighted by how often each class is true. NaN where a class has no samples, or all of them, and
    where a score is NaN. `ignore_index` as in Accuracy.

    >>> AUC().value(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
    0.75
    """

    average: Literal["macro", "weighted"] = "macro"
    dim: Int = 1
    ignore_index: Int = IGNORED

    greater_is_better = True

    @property
    def label(self) -> str:  # type: ignore[override]
        return averaged(self.average, "AUC")

    def value(self, prediction: Array, target: Array) -> float:
        scores, true = scored(prediction, target, self.dim, self.ignore_index)
        if np.isnan(scores).any():
            return nan
        if scores.shape[1] == 2:
            return _area(np.subtract(scores[:, 1], scores[:, 0], dtype=np.float64), true == 1)
        scores = scores.astype(np.float64)
        p = np.exp(scores - scores.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        areas = [_area(p[:, c], true == c) for c in range(p.shape[1])]
        weights = np.bincount(true, minlength=p.shape[1]) if self.average == "weighted" else None
        return float(np.average(areas, weights=weights)) if len(true) else nan


def _area(scores: Array, positive: Array) -> float:
    """(Σ of the ranks of positives − P(P+1)/2) / (P·N), equal scores sharing the mean of their ranks"""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    ones, zeros = int(positive.sum()), int((~positive).sum())
    if not ones or not zeros:
        return nan
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))
