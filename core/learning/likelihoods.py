"""Descriptions of losses that are negative logarithms of probabilities. `p` is the prediction, `t` the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from isograd.core.base.description import Floats, Int, Positive, describes
from isograd.core.base.errors import DataError, ShapeError
from isograd.core.base.types import Array, Shape, shape_text
from isograd.core.learning.losses import Loss, check_each, check_figures, check_probabilities, check_values


@describes("loss")
class BCELoss(Loss):
    """L = −mean w·(t·log p + (1−t)·log(1−p)), predictions and targets probabilities in [0, 1], of one shape

    Logarithms are −100 at least, and the derivative (p − t) / max(p·(1−p), 1e-12) is finite everywhere, as torch's;
    that by t is so here, and infinite in torch where p is 0 or 1. Keras moves p away from 0 and 1 instead. `weight`
    holds one figure for each entry of the last axis, or one for all.
    BCEWithLogitsLoss, behind no Sigmoid, is exact for predictions of any size.
    """

    weight: Floats | None = None

    def check(self, prediction: Shape, target: Array) -> None:
        super().check(prediction, target)
        check_figures(self, "weight", prediction[-1] if prediction else 1, alone=True)
        check_probabilities(self, target)

    def telling_nothing(self, prediction: Array) -> Array:
        return np.full_like(prediction, 0.5)

    def check_predictions(self, outside: bool) -> None:
        """Raise DataError where a prediction is `outside` of [0, 1]."""
        if outside:
            raise DataError(
                repr(self),
                wanted="predictions in [0, 1]",
                got="one outside",
                fix="end the model with Sigmoid(), or take BCEWithLogitsLoss()",
            )

    def differentiable(self, target: Array) -> bool:
        return target.dtype.kind == "f"


@describes("loss")
class KLDivLoss(Loss):
    """L = mean t·(log t − p), predictions log-probabilities, targets probabilities of the same shape

    log_target=True: targets are logarithms too, L = mean eᵗ·(t − p). The mean is over all elements;
    reduction="batchmean" divides by the batch size alone: that is the divergence of distributions along an axis. What
    is compared is the target with the prediction, KL(t ‖ p); Keras takes probabilities for both.
    """

    reduction: Literal["mean", "sum", "none", "batchmean"] = "mean"  # type: ignore[assignment]
    log_target: bool = False

    def check(self, prediction: Shape, target: Array) -> None:
        super().check(prediction, target)
        if not self.log_target:
            check_each(self, target, target < 0, "a probability of 0 or more", "log_target=True, or scale the targets")

    def divisor(self, target: Array) -> float:
        return float(len(target)) if self.reduction == "batchmean" else super().divisor(target)

    def differentiable(self, target: Array) -> bool:
        return target.dtype.kind == "f" and (self.log_target or bool((target > 0).all()))


@describes("loss")
class PoissonNLLLoss(Loss):
    """L = mean eᵖ − t·p, predictions logarithms of rates; with log_input=False rates: mean p − t·log(p + eps)

    full=True adds Stirling's log t! ≈ t·log t − t + log(2πt)/2 where t > 1. Keras' Poisson takes rates.
    """

    log_input: bool = True
    full: bool = False
    eps: Positive = 1e-8

    def telling_nothing(self, prediction: Array) -> Array:
        return super().telling_nothing(prediction) if self.log_input else np.ones_like(prediction)

    def differentiable(self, target: Array) -> bool:
        """Not with full=True: PyTorch's gradient of the Stirling terms is NaN at a target of 0."""
        return target.dtype.kind == "f" and not self.full


@describes("loss")
class GaussianNLLLoss(Loss):
    """L = mean ½·(log v + (m − t)²/v), of two predictions: means m and variances v ≥ 0, both in the targets' shape

    They stand side by side along axis 1, (N, 2, …), or are two outputs of the model in this order. Variances are eps
    at least; the derivative passes to a smaller one as if it were eps, as in torch. full=True adds ½·log 2π. Other
    than in torch a variance is given for every entry: expand one that stands for several.
    """

    predictions: ClassVar[int] = 2
    full: bool = False
    eps: Positive = 1e-6

    def target_shape(self, prediction: Shape, size: int) -> Shape:
        return prediction[1:]

    def check(self, prediction: Shape, target: Array) -> None:
        check_several(self, prediction)
        check_values(self, prediction[1:], prediction, target)

    def telling_nothing(self, prediction: Array) -> Array:
        nothing = np.zeros_like(prediction)
        nothing[:, 1] = 1
        return nothing

    def check_variances(self, negative: bool) -> None:
        """Raise DataError where a variance is `negative`."""
        if negative:
            raise DataError(
                repr(self),
                wanted="variances of 0 or more",
                got="a negative one",
                fix="ig.Softplus() before the second prediction",
            )

    def differentiable(self, target: Array) -> bool:
        return target.dtype.kind == "f"


def check_several(spec: Loss, prediction: Shape) -> None:
    """Raise ShapeError unless predictions stand side by side along axis 1."""
    if not prediction or prediction[0] != spec.predictions:
        raise ShapeError(
            repr(spec),
            wanted=f"predictions (N, {spec.predictions}, …), side by side, or {spec.predictions} outputs of one shape",
            got=f"predictions {shape_text(prediction)}",
            fix="ig.Model(inputs=…, outputs=(…, …)), an output for each",
        )


@describes("loss")
class CTCLoss(Loss):
    """L = meanₙ −log Σ over alignments Π p[n, time, class] / lengthₙ: connectionist temporal classification

    Predictions (N, T, C) are log-probabilities over classes; logits are normalised first, so that the derivative is
    the loss's own (torch does not normalise, and yet returns the derivative of normalised ones). Three arrays of
    targets: classes (N, S), of which row n has so many as its target length says, the input lengths (N,), 1…T, and
    the target lengths (N,), 0…S. Or one whole-number array (N, 2 + S) with both lengths before each row's classes.
    An alignment reads as the targets once repetitions are one and the class `blank` is left out.
    reduction "mean" divides each by its target length (1 at least), then by N; "none" and "sum" divide nothing.
    Targets that no alignment has room for have an infinite loss; zero_infinity=True: 0, without gradient.
    torch's predictions are (T, N, C); Keras counts blank from the end.
    """

    arrays: ClassVar[int] = 3
    labels: ClassVar[bool] = True
    blank: Int = 0
    zero_infinity: bool = False

    def packed(self, targets: Sequence[Array], rows: int) -> Array:
        classes, *lengths = targets
        if classes.ndim != 2 or any(v.shape != classes.shape[:1] for v in lengths):
            raise ShapeError(
                repr(self),
                wanted="targets (N, S), input lengths (N,), target lengths (N,)",
                got=", ".join(str(v.shape) for v in targets),
                fix="one length for each row; fill up shorter rows",
            )
        return np.column_stack([*lengths, classes])

    def target_shape(self, prediction: Shape, size: int) -> Shape:
        return (size,)

    def shares(self, target: Array) -> Array:
        return np.asarray(1 / np.maximum(target[:, 1], 1))

    def check(self, prediction: Shape, target: Array) -> None:
        if len(prediction) != 2 or not 0 <= self.blank < prediction[1]:
            raise ShapeError(
                repr(self),
                wanted=f"predictions (N, T, C) with C above blank={self.blank}",
                got=f"predictions {shape_text(prediction)}",
                fix="end the model with a Linear over classes, for every step",
            )
        if target.ndim != 2 or target.shape[1] < 2 or target.dtype.kind not in "iu":
            raise DataError(
                repr(self),
                wanted="whole numbers (N, 2 + S): input length, target length, classes",
                got=f"{target.dtype}{list(target.shape)}",
                fix="y=(targets, input_lengths, target_lengths)",
            )
        (steps, classes), room = prediction, target.shape[1] - 2
        for k, (name, least, most) in enumerate([("an input", 1, steps), ("a target", 0, room)]):
            outside = np.zeros(target.shape, bool)
            outside[:, k] = (target[:, k] < least) | (target[:, k] > most)
            check_each(self, target, outside, f"{name} length {least}…{most}", "mend the length")
        told = np.arange(target.shape[1]) - 2 < target[:, 1:2]
        told[:, :2] = False
        wrong = told & ((target < 0) | (target >= classes) | (target == self.blank))
        check_each(self, target, wrong, f"a class 0…{classes - 1} other than blank={self.blank}", "mend the label")

    def divisor(self, target: Array) -> float:
        return float(len(target))
