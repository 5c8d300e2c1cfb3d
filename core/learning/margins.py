"""Descriptions of losses that want scores or distances apart by a margin. `p` is the prediction, `t` the target."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from isograd.core.base.description import Finite, Floats, NonNegative, describes
from isograd.core.base.errors import ShapeError
from isograd.core.base.types import Array, Shape, shape_text
from isograd.core.learning.likelihoods import check_several
from isograd.core.learning.losses import (
    Loss,
    check_each,
    check_figures,
    check_labels,
    check_probabilities,
    check_values,
)


def check_signs(spec: Loss, target: Array) -> None:
    """Raise DataError unless every target is 1 or −1."""
    check_each(spec, target, np.abs(target) != 1, "1 or −1", "targets * 2 - 1 where they are 0 and 1")


@describes("loss")
class SoftMarginLoss(Loss):
    """L = mean log(1 + e^(−t·p)), targets 1 or −1 in the prediction's shape

    Any other number scales the prediction, as in torch, whose own value is infinite where −t·p exceeds 88 in float32.
    """


@describes("loss")
class HingeEmbeddingLoss(Loss):
    """L = mean p where t = 1, max(0, margin − p) where t = −1; predictions distances, targets of the same shape

    The derivative at p = margin is 0. Keras' Hinge is another loss: max(0, 1 − t·p).
    """

    margin: Finite = 1.0

    def check(self, prediction: Shape, target: Array) -> None:
        super().check(prediction, target)
        check_signs(self, target)


@describes("loss")
class MarginRankingLoss(Loss):
    """L = mean max(0, −t·(a − b) + margin), of two predictions: scores a and b; t = 1: a is to be larger, −1: b

    They stand side by side along axis 1, (N, 2, …), or are two outputs of the model; targets (N, …). Where the
    maximum's two sides are equal the derivative is 0.
    """

    predictions: ClassVar[int] = 2
    margin: Finite = 0.0

    def target_shape(self, prediction: Shape, size: int) -> Shape:
        return prediction[1:]

    def check(self, prediction: Shape, target: Array) -> None:
        check_several(self, prediction)
        check_values(self, prediction[1:], prediction, target)

    def differentiable(self, target: Array) -> bool:
        return target.dtype.kind == "f"


@describes("loss")
class CosineEmbeddingLoss(Loss):
    """L = mean 1 − cos(a, b) where t = 1, max(0, cos(a, b) − margin) where t = −1, of two predictions a and b

    They stand side by side along axis 1, (N, 2, features), or are two outputs (N, features) of the model; targets (N,).
    cos = a·b / √((a·a + 1e-12)(b·b + 1e-12)), as torch's; Keras' CosineSimilarity is −cos, without targets' signs.
    """

    predictions: ClassVar[int] = 2
    margin: Finite = 0.0

    def target_shape(self, prediction: Shape, size: int) -> Shape:
        return ()

    def check(self, prediction: Shape, target: Array) -> None:
        check_several(self, prediction)
        if len(prediction) != 2:
            raise ShapeError(
                repr(self),
                wanted="predictions (N, 2, features)",
                got=f"predictions {shape_text(prediction)}",
                fix="Flatten() before each",
            )
        check_values(self, (), prediction, target)
        check_signs(self, target)


@describes("loss")
class TripletMarginLoss(Loss):
    """L = mean max(0, margin + d(a, b) − d(a, c)), of three predictions: anchor a, positive b, negative c

    d(x, y) = ‖x − y + eps‖ₚ along the last axis; swap=True: the smaller of d(a, c) and d(b, c) is taken off. They stand
    side by side along axis 1, (N, 3, …, features), or are three outputs of the model. There are no targets: y=(), or
    an array (N, 0). eps keeps the derivative finite where two are equal.
    """

    predictions: ClassVar[int] = 3
    arrays: ClassVar[int] = 0
    margin: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    p: Annotated[float, Field(gt=0)] = 2.0
    eps: NonNegative = 1e-6
    swap: bool = False

    def packed(self, targets: Sequence[Array], rows: int) -> Array:
        return np.zeros((rows, 0))

    def target_shape(self, prediction: Shape, size: int) -> Shape:
        return (0,)

    def check(self, prediction: Shape, target: Array) -> None:
        check_several(self, prediction)
        if len(prediction) < 2:
            raise ShapeError(
                repr(self),
                wanted="predictions (N, 3, …, features)",
                got=f"predictions {shape_text(prediction)}",
                fix="an output (N, features) for each of the three",
            )
        if target.shape[1:] != (0,):
            wanted, got = "no targets: y=(), or an array (N, 0)", f"targets {shape_text(target.shape[1:])}"
            raise ShapeError(repr(self), wanted=wanted, got=got, fix="leave them out")

    def divisor(self, target: Array) -> float:
        """The number of rows: of one model all have as many distances."""
        return float(len(target))


@describes("loss")
class MultiMarginLoss(Loss):
    """L = meanₙ Σ_{c ≠ tₙ} w[tₙ]·max(0, margin − x[n, tₙ] + x[n, c])ᵖ / C, predictions (N, C), targets classes (N,)

    `p` is 1 or 2. Where a maximum's two sides are equal the derivative is 0. weight: one figure for each class.
    """

    labels: ClassVar[bool] = True
    p: Literal[1, 2] = 1
    margin: Finite = 1.0
    weight: Floats | None = None

    def target_shape(self, prediction: Shape, size: int) -> Shape:
        return ()

    def check(self, prediction: Shape, target: Array) -> None:
        check_classes(self, prediction)
        check_figures(self, "weight", prediction[0])
        check_values(self, (), prediction, target)
        check_labels(self, target, prediction[0])


@describes("loss")
class MultiLabelMarginLoss(Loss):
    """L = meanₙ Σ_{j in tₙ} Σ_{i not in tₙ} max(0, 1 − x[n, j] + x[n, i]) / C, predictions (N, C)

    Targets (N, C) name the classes of each row, up to the first −1; what follows it does not count.
    Where a maximum's two sides are equal the derivative is 0.
    """

    labels: ClassVar[bool] = True

    def check(self, prediction: Shape, target: Array) -> None:
        check_classes(self, prediction)
        check_values(self, prediction, prediction, target)
        if target.dtype.kind not in "iu":
            check_labels(self, target, prediction[0])
        outside = ((target < -1) | (target >= prediction[0])) & told(target)
        check_each(self, target, outside, f"a class index 0…{prediction[0] - 1}, or −1", "mend the label")

    def divisor(self, target: Array) -> float:
        return float(len(target))


def told(target: Array) -> Array:
    """Whether an entry of MultiLabelMarginLoss's targets stands before the first −1 of its row."""
    before: Array = np.logical_and.accumulate(target != -1, axis=1)
    return before


@describes("loss")
class MultiLabelSoftMarginLoss(Loss):
    """L = mean over rows of mean_c −w[c]·(t·log σ(p) + (1−t)·log σ(−p)), targets in [0, 1] in the prediction's shape

    Classes stand along the last axis, whose mean is taken before the reduction: reduction="none" gives (N, …) without
    them. weight: one figure for each class, or one for all.
    """

    weight: Floats | None = None

    def check(self, prediction: Shape, target: Array) -> None:
        super().check(prediction, target)
        if not prediction:
            check_classes(self, prediction)
        check_figures(self, "weight", prediction[-1], alone=True)
        check_probabilities(self, target)

    def divisor(self, target: Array) -> float:
        return float(prod(target.shape[:-1]))

    def differentiable(self, target: Array) -> bool:
        return target.dtype.kind == "f"


def check_classes(spec: Loss, prediction: Shape) -> None:
    """Raise ShapeError unless predictions are (N, C)."""
    if len(prediction) != 1:
        raise ShapeError(
            repr(spec),
            wanted="predictions (N, classes)",
            got=f"predictions {shape_text(prediction)}",
            fix="end the model with Linear(classes)",
        )
