"""Per-sample weights: a loss of one value a row or entry, weighed row by row and then reduced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from math import prod
from typing import Any, Literal

import numpy as np

from isograd.core.base.description import describes
from isograd.core.base.errors import DataError, ShapeError, SpecError
from isograd.core.base.types import Array, Shape, shape_text
from isograd.core.learning.losses import ClassLoss, Loss, check_each

FRONT = 2  # columns in front of the flattened targets: of the numerator, and of the divisor


@describes("loss")
class WeightedLoss(Loss):
    """L = Σₙ s[n]·each[n] / D,   each the values of the loss `of`, whose reduction is "none", s[n] a sample's weight

    A weight of 2 is as good as the row twice, 0 as good as none: D of reduction="mean" is what the mean of `of` would
    divide by then: Σ s[n] times the values in a row, where these have class weights weighed with them, and without
    those that are ignored. "sum" divides nothing, "batchmean" by Σ s[n], "none" gives s[n]·each[n].
    Targets are those of `of` and after them the weights (N,), 0 or more: y=(targets, weights); where `of` has none,
    y=weights. Keras divides by N,
    not by the sum of the weights; scikit-learn by the sum.

    One array stands for both: (N, 2 + …), the flattened targets of `of` behind what weighs the row above and below.
    """

    of: Loss = field(kw_only=False)
    reduction: Literal["mean", "sum", "none", "batchmean"] = "mean"  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.of.reduction != "none" or isinstance(self.of, WeightedLoss):
            raise SpecError(
                "WeightedLoss(of)",
                wanted='a loss with reduction="none": its values are weighed one by one',
                got=repr(self.of),
                fix=f'ig.WeightedLoss(ig.{type(self.of).__name__}(reduction="none"))',
            )

    @property
    def predictions(self) -> int:  # type: ignore[override]
        return self.of.predictions

    @property
    def arrays(self) -> int:  # type: ignore[override]
        return self.of.arrays + 1

    def packs(self, target: Array) -> bool:
        return self.of.arrays == 0 and target.ndim == 1

    @property
    def fix(self) -> str:
        """What to give it."""
        return "y=(targets, weights)" if self.of.arrays else "y=weights"

    def packed(self, targets: Sequence[Array], rows: int) -> Array:
        target, weights = self.of.packed(targets[:-1], rows), targets[-1]
        if weights.shape != target.shape[:1]:
            raise ShapeError(
                repr(self),
                wanted=f"weights ({len(target)},), one for each row",
                got=f"{weights.shape}",
                fix=self.fix,
            )
        wrong = [v.dtype for v in (target, weights) if v.dtype.kind not in "fiu"]
        if wrong:
            raise DataError(repr(self), wanted="numbers", got=f"{wrong[0]}", fix=f"{self.fix}, of numbers")
        above, below = np.asarray(weights, np.float64), np.asarray(weights, np.float64)
        if self.reduction == "mean":
            above, below = above * self.of.shares(target), below * self.of.counts(target)
        return np.column_stack([above, below, target.reshape(len(target), prod(target.shape[1:]))])

    def apart(self, prediction: Shape, target: Any) -> tuple[Any, Any, bool]:
        """(targets of `of`, in an array of any library, whether they are whole numbers)"""
        shape = self.of.target_shape(prediction, target.shape[1] - FRONT)
        whole = self.of.labels and not (isinstance(self.of, ClassLoss) and shape == prediction)
        return target[:, FRONT:].reshape((target.shape[0], *shape)), shape, whole

    def check(self, prediction: Shape, target: Array) -> None:
        if target.ndim != 2 or target.shape[1] < FRONT or target.dtype.kind != "f":
            raise DataError(
                repr(self),
                wanted="targets and weights",
                got=f"{target.dtype}{list(target.shape)}",
                fix=self.fix,
            )
        shape = self.of.target_shape(prediction, target.shape[1] - FRONT)
        if prod(shape) != target.shape[1] - FRONT:
            raise ShapeError(
                repr(self),
                wanted=f"targets {shape_text(shape)} and weights (N,)",
                got=f"targets of {target.shape[1] - FRONT} values for predictions {shape_text(prediction)}",
                fix="reshape the targets, or change the model's last layer",
            )
        front = target[:, :FRONT]
        check_each(
            self, target, ~(np.isfinite(front) & (front >= 0)), "a finite weight of 0 or more", "mend the weight"
        )
        inner, _, whole = self.apart(prediction, target)
        self.of.check(prediction, inner.astype(np.int64) if whole else inner)

    def divisor(self, target: Array) -> float:
        return float(target[:, 1].sum())

    def telling_nothing(self, prediction: Array) -> Array:
        return self.of.telling_nothing(prediction)
