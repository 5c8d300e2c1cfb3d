"""The loss of an epoch, joined from its batches as an evaluation's is: each counts as much as its loss divides by."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import numpy as np

from isograd.core.base.types import Array, Arrays
from isograd.core.data.dataset import Dataset, batch_of
from isograd.core.engine.pairing import packed
from isograd.core.learning.losses import Losses


class Weighed:
    """A data set that remembers what its last batch weighs."""

    def __init__(self, data: Dataset, losses: Losses) -> None:
        self.data = data
        self.losses = losses
        trained = [loss for loss in losses if loss is not None]
        self.loss = trained[0] if len(trained) == 1 else None
        self.weight = 0.0

    def __len__(self) -> int:
        return len(self.data)

    def batch(self, indices: Array) -> tuple[Arrays, Arrays]:
        inputs, targets = batch_of(self.data, indices)
        try:
            self.weight = float(len(indices)) if self.loss is None else self._divisor(targets, len(indices))
        except (LookupError, TypeError, ValueError):  # targets that the learner will refuse
            self.weight = nan
        return inputs, targets

    def _divisor(self, targets: Arrays, rows: int) -> float:
        """What the one loss divides by."""
        (target,) = packed(self.losses, targets, rows)
        assert self.loss is not None
        return self.loss.divisor(target)


def joined(losses: Losses, values: Sequence[float], weights: Sequence[float]) -> float:
    """Σ D_b·L_b / Σ D_b of one loss, D_b the batch's own divisor (of a sum: Σ L_b)

    Several losses are known by their sum alone: batches count by their samples, or, where all are sums, alike.
    """
    if all(loss is None or loss.reduction == "sum" for loss in losses):
        return float(np.sum(values))
    counted = np.asarray(weights) != 0
    return (
        float(np.average(np.asarray(values)[counted], weights=np.asarray(weights)[counted])) if counted.any() else nan
    )
