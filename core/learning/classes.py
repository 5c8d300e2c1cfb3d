"""Predictions and targets of classes, a row each: what every metric of classes begins with."""

from __future__ import annotations

import numpy as np

from isograd.core.base.types import Array

IGNORED = -100  # the class index that losses and metrics leave out, as torch's cross-entropy does


def single(prediction: Array, dim: int) -> bool:
    """Whether a sample has one logit: of class 1, against 0."""
    return prediction.ndim == 1 or prediction.shape[dim] == 1


def true_classes(prediction: Array, target: Array, dim: int) -> Array:
    """The class of each row: an index as it is, the largest of one-hot or probabilities, of one logit whether > 0.5."""
    if single(prediction, dim):
        known = (target > 0.5).ravel()
    else:
        known = (target.argmax(dim) if target.ndim == prediction.ndim else np.asarray(target)).ravel()
    return known.astype(np.int64)


def predicted(prediction: Array, target: Array, dim: int, ignore_index: int) -> tuple[Array, Array]:
    """(predicted classes, true classes), a row of each: the largest entry along `dim`; of a single logit, above 0."""
    alone = single(prediction, dim)
    chosen = (prediction > 0).astype(np.int64) if alone else prediction.argmax(dim)
    true = true_classes(prediction, target, dim)
    return counted(true, ignore_index, chosen.ravel(), true)


def scored(prediction: Array, target: Array, dim: int, ignore_index: int) -> tuple[Array, Array]:
    """(scores (rows, classes), true classes): a single logit stands beside a 0, that of class 0."""
    if single(prediction, dim):
        scores = np.stack([np.zeros(prediction.size, prediction.dtype), prediction.ravel()], axis=1)
    else:
        scores = np.moveaxis(prediction, dim, -1).reshape(-1, prediction.shape[dim])
    true = true_classes(prediction, target, dim)
    return counted(true, ignore_index, scores, true)


def counted(true: Array, ignore_index: int, rows: Array, classes: Array) -> tuple[Array, Array]:
    """The rows, and their classes, that are not ignored."""
    kept = true != ignore_index
    return (rows, classes) if kept.all() else (rows[kept], classes[kept])
