"""The predictions and targets of a loss's case."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

import numpy as np

from isograd.core.base.randomness import generator
from isograd.core.base.types import Array, Shape
from isograd.core.learning.losses import ClassLoss
from isograd.core.learning.weighted import WeightedLoss
from isograd.core.parity.cases.kinds import LossCase


def loss_arrays(case: LossCase) -> tuple[Array, Array]:
    """(predictions, targets) of a case."""
    rng = generator(0, "loss case", f"{type(case.loss).__name__}: {case.why}")
    p = np.asarray(case.scale * rng.normal(size=case.shape))
    match case.predictions:
        case "values":
            pass
        case "unit":
            p = rng.uniform(0.02, 0.98, size=case.shape)
        case "positive":
            p = np.exp(p)
        case "second positive":
            p[:, 1] = np.exp(p[:, 1])
        case _:
            assert_never(case.predictions)
    if case.among:
        p = rng.choice(case.among, size=case.shape)
    if not isinstance(case.loss, WeightedLoss):
        return _with_targets(rng, case, p)
    p, t = _with_targets(rng, replace(case, loss=case.loss.of), p)
    weights = rng.uniform(0.5, 2.0, size=len(p))
    weights[1::4] = 0
    arrays = case.loss.of.arrays
    apart = [t] if arrays == 1 else [t[:, 2:], t[:, 0], t[:, 1]] if arrays else []
    return p, case.loss.packed([*apart, weights], len(p))


def _with_targets(rng: np.random.Generator, case: LossCase, p: Array) -> tuple[Array, Array]:
    """Predictions, in one kind of case made for their targets, and these."""
    axis = case.loss.dim if isinstance(case.loss, ClassLoss) else 1
    rest = (*p.shape[:1], *p.shape[2:])  # without what stands side by side
    match case.targets:
        case "equal":
            return p, p.copy()
        case "values":
            return p, rng.normal(size=p.shape)
        case "one of several":
            return p, rng.normal(size=rest)
        case "unit":
            return p, rng.uniform(size=p.shape)
        case "counts":
            return p, rng.poisson(2.0, size=p.shape).astype(np.float64)
        case "signs":
            return p, signs(rng, p.shape)
        case "sign of several":
            return p, signs(rng, rest)
        case "sign a row":
            return p, signs(rng, p.shape[:1])
        case "none":
            return p, np.zeros((len(p), 0))
        case "probabilities" | "shares" | "logarithms":
            t = rng.uniform(0.1, 1.0, size=p.shape)
            t = t / t.sum(axis, keepdims=True)
            if case.targets == "shares":
                t.ravel()[::4] = 0
            return p, np.log(t) if case.targets == "logarithms" else t
        case "sets":
            return p, np.argsort(rng.random(p.shape), axis=1) - 1  # each row ends its list at a place of its own
        case "sequences" | "too long":
            return p, sequences(rng, p.shape, too_long=case.targets == "too long")
        case "labels" | "masked" | "ignored":
            classes = p.shape[axis]
            labels = rng.integers(0, classes, size=np.delete(p.shape, axis))
            if case.targets == "masked":
                p[np.arange(len(p)), (labels + 1) % classes] = -np.inf
            if case.targets == "ignored":
                assert isinstance(case.loss, ClassLoss)
                labels.ravel()[::3] = case.loss.ignore_index
            if isinstance(case.loss, ClassLoss) and np.all(labels == case.loss.ignore_index):
                labels.ravel()[:1] = max(case.loss.ignore_index + 1, 0) % classes  # of nothing there is no mean
            return p, labels
        case _:
            assert_never(case.targets)


def signs(rng: np.random.Generator, shape: Shape) -> Array:
    return np.where(rng.random(shape) < 0.5, -1.0, 1.0)


def sequences(rng: np.random.Generator, shape: Shape, *, too_long: bool) -> Array:
    """(input length, target length, classes other than 0) a row, two classes alike beside each other in the second; of
    too long ones the first has no room for its targets."""
    rows, steps, classes = shape
    room = steps // 2
    words = rng.integers(1, classes, (rows, room))
    words[1:2, 1:2] = words[1:2, :1]
    lengths = np.arange(rows)[::-1] % (room + 1)
    times = np.maximum(steps - np.arange(rows) % 2, 1)
    if too_long:
        lengths[0], times[0] = room, room - 1
    return np.column_stack([times, lengths, words])
