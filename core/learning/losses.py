"""Loss descriptions, named and reduced as in torch.nn. `p` is the prediction, `t` the target."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar, Literal

import numpy as np

from isograd.core.base.arraylike import is_text
from isograd.core.base.description import Description, Floats, Fraction, Int, NonNegative, Positive, describes
from isograd.core.base.errors import DataError, ShapeError, SpecError
from isograd.core.base.types import Array, Shape, shape_text

Reduction = Literal["mean", "sum", "none"]
ENCODED = "labels, classes = ig.encode_labels(targets)"


@describes("loss", abstract=True)
class Loss(Description):
    """A scalar (or, with reduction="none", elementwise) measure of how far predictions are from targets.

    One that compares several `predictions` with each other takes them side by side along axis 1, (N, 2, …), or as so
    many outputs of the model, all of one shape. It takes one array of targets, or as many as `packed` makes one of.
    """

    reduction: Reduction = "mean"
    predictions: ClassVar[int] = 1
    arrays: ClassVar[int] = 1  # of targets, that `packed` makes one of
    labels: ClassVar[bool] = False  # whether whole numbers in targets stay whole: classes, not values

    def packed(self, targets: Sequence[Array], rows: int) -> Array:
        """The one array of targets that stands for `arrays` of them, for so many rows."""
        (target,) = targets
        return target

    def packs(self, target: Array) -> bool:
        """Whether one array alone is what `packed` takes, not yet what it makes."""
        return False

    def differentiable(self, target: Array) -> bool:
        """Whether the loss has a derivative in these targets: floating ones, of most losses that take values."""
        return False

    def telling_nothing(self, prediction: Array) -> Array:
        """Predictions of the same shape that depend on nothing, where the loss is finite: zeros."""
        return np.zeros_like(prediction)

    def check(self, prediction: Shape, target: Array) -> None:
        """Raise where `target` (a batch) cannot be compared with predictions of this sample shape."""
        check_values(self, prediction, prediction, target)

    def target_shape(self, prediction: Shape, size: int) -> Shape:
        """The sample shape of targets of so many values, for predictions of this sample shape."""
        return prediction

    def shares(self, target: Array) -> Array:
        """By what a mean multiplies the values of each row before they are added up."""
        return np.ones(len(target))

    def counts(self, target: Array) -> Array:
        """What a mean divides by for each row, a value of it."""
        return np.ones(len(target))

    def divisor(self, target: Array) -> float:
        """D of L = Σ … / D over a batch of these targets, with reduction="mean"."""
        return float(target.size)


Losses = tuple[Loss | None, ...]
"""One loss for each output of a model; None where an output is not trained on. A loss of several predictions may stand
for so many outputs."""


def check_values(spec: Loss, wanted: Shape, prediction: Shape, target: Array) -> None:
    """Raise unless a batch of targets holds numbers, of the sample shape `wanted` for these predictions."""
    if target.shape[1:] != wanted:
        raise ShapeError(
            repr(spec),
            wanted=f"targets {shape_text(wanted)}",
            got=f"targets {shape_text(target.shape[1:])} for predictions {shape_text(prediction)}",
            fix="reshape the targets, or change the model's last layer",
        )
    if target.dtype.kind not in "fiu":
        fix = "convert them to floats"
        fix += f"; where they are classes, {ENCODED}" if is_text(target) else ""
        raise DataError(repr(spec), wanted="numeric targets", got=f"{target.dtype}", fix=fix)


def check_each(spec: Loss, target: Array, outside: Array, wanted: str, fix: str) -> None:
    """Raise DataError that names the first target `outside` of what is wanted, and its row."""
    if outside.any():
        first = tuple(int(i) for i in np.argwhere(outside)[0])
        where = f"{spec!r}: target {list(first)}"
        raise DataError(where, wanted=wanted, got=f"{target[first]}", fix=fix).of_row(first[0])


def check_figures(spec: Loss, name: str, count: int, *, alone: bool = False) -> None:
    """Raise SpecError unless the option `name` is None or has a figure for each entry of the last axis, or, where one
    `alone` may stand for all, one."""
    figures = getattr(spec, name)
    if figures is not None and len(figures) not in ((1, count) if alone else (count,)):
        wanted, fix = f"{name}= of {count} figures", "give one for each entry of the last axis"
        raise SpecError(repr(spec), wanted=wanted, got=f"{len(figures)}", fix=fix)


def check_labels(spec: Loss, target: Array, classes: int, ignored: int | None = None) -> None:
    """Raise DataError unless targets are whole numbers 0…classes−1, or `ignored`."""
    if target.dtype.kind not in "iu":
        fix = ENCODED if is_text(target) else "targets.astype('int64')"
        raise DataError(repr(spec), wanted="whole-number class indices", got=f"{target.dtype}", fix=fix)
    if all_within(target, classes):
        return
    outside = (target < 0) | (target >= classes)
    if ignored is not None:
        outside &= target != ignored
    wanted, fix = f"a class index 0…{classes - 1}", f"mend the label, or widen the last layer beyond {classes}"
    check_each(spec, target, outside, wanted, fix)


@describes("loss")
class MSELoss(Loss):
    """L = mean (p − t)², over all elements.

    reduction="batchmean" divides the sum by the batch size alone: the mean squared error of the book (Weidman 2019).
    """

    reduction: Literal["mean", "sum", "none", "batchmean"] = "mean"  # type: ignore[assignment]

    def divisor(self, target: Array) -> float:
        return float(len(target)) if self.reduction == "batchmean" else super().divisor(target)

    def differentiable(self, target: Array) -> bool:
        return target.dtype.kind == "f"


@describes("loss")
class L1Loss(Loss):
    """L = mean |p − t|; the derivative at p = t is 0"""

    def differentiable(self, target: Array) -> bool:
        return target.dtype.kind == "f"


@describes("loss")
class HuberLoss(Loss):
    """L = mean h(p − t),   h(e) = e²/2 for |e| ≤ delta, else delta·(|e| − delta/2)"""

    delta: Positive = 1.0

    def differentiable(self, target: Array) -> bool:
        return target.dtype.kind == "f"


@describes("loss")
class SmoothL1Loss(Loss):
    """L = mean h(p − t),   h(e) = e²/(2·beta) for |e| < beta, else |e| − beta/2

    beta=0 is L1Loss; for other ones it is HuberLoss(delta=beta) / beta. Keras has HuberLoss alone.
    """

    beta: NonNegative = 1.0

    def differentiable(self, target: Array) -> bool:
        return target.dtype.kind == "f"


@describes("loss", abstract=True)
class ClassLoss(Loss):
    """A loss over classes: predictions (N, C, …), targets class indices (N, …).

    `dim` is the axis of the classes, counting the batch: 1 as in torch.nn, −1 for predictions (N, T, C) at every
    step of a sequence, with targets (N, T).
    """

    weight: Floats | None = None
    ignore_index: Int = -100
    dim: Int = 1
    labels: ClassVar[bool] = True

    def check(self, prediction: Shape, target: Array) -> None:
        if not prediction:
            raise ShapeError(
                repr(self), wanted="predictions (N, classes, …)", got="(N,)", fix="end the model with Linear(classes)"
            )
        classes, *places = self.classes_first(prediction)
        if self.weight is not None and len(self.weight) != classes:
            raise SpecError(
                repr(self), wanted=f"{classes} class weights", got=f"{len(self.weight)}", fix="give one for each class"
            )
        if target.shape[1:] != tuple(places):
            raise ShapeError(
                repr(self),
                wanted=f"class indices {shape_text(tuple(places))}",
                got=f"targets {shape_text(target.shape[1:])} for predictions {shape_text(prediction)}",
                fix="dim=-1, as the classes stand last"
                if target.shape[1:] == prediction[:-1]
                else "give one whole number for each prediction",
            )
        check_labels(self, target, classes, self.ignore_index)

    def divisor(self, target: Array) -> float:
        counted = target[target != self.ignore_index]
        return float(counted.size if self.weight is None else np.take(self.weight, counted).sum())

    def target_shape(self, prediction: Shape, size: int) -> Shape:
        places = self.classes_first(prediction)[1:] if prediction else ()
        return places if size == prod(places) else prediction

    def counts(self, target: Array) -> Array:
        if target.dtype.kind == "f":
            return super().counts(target)
        weights = np.ones(1) if self.weight is None else np.asarray(self.weight)
        each = np.take(weights, target, mode="clip") * (target != self.ignore_index)
        return np.asarray(each.reshape(len(target), -1).mean(1))

    def classes_first(self, prediction: Shape) -> Shape:
        """The sample's shape with its axis of classes in front."""
        axis = self.dim - 1 if self.dim > 0 else self.dim + len(prediction)
        if not 0 <= axis < len(prediction):
            raise ShapeError(
                repr(self),
                wanted=f"dim in 1…{len(prediction)} or −{len(prediction)}…−1: axis 0 is the batch",
                got=f"dim={self.dim} for predictions {shape_text(prediction)}",
                fix="dim=1, or dim=-1 where the classes stand last",
            )
        return (prediction[axis], *prediction[:axis], *prediction[axis + 1 :])


FEW = 128


def all_within(labels: Array, classes: int) -> bool:
    """Whether every label is 0…classes−1. Asked before every step: a few labels are looked at faster one by one
    than by a NumPy reduction, whose code the step before has driven out of the caches. Many need one reduction, not
    two: 64-bit numbers read as unsigned are larger than any class where they are negative.

    >>> all_within(np.array([0, 2]), 3), all_within(np.array([0, -1]), 3)
    (True, False)
    >>> all_within(np.arange(-1, 200), 200), all_within(np.full(200, -100, np.int8), 200)
    (False, False)
    """
    if 0 < labels.size <= FEW:
        numbers = labels.ravel().tolist()
        return bool(min(numbers) >= 0 and max(numbers) < classes)
    if labels.dtype == np.int64:
        return bool(labels.view(np.uint64).max(initial=0) < classes)
    return bool(labels.min(initial=0) >= 0 and labels.max(initial=0) < classes)


@describes("loss")
class NLLLoss(ClassLoss):
    """L = Σₙ −w[tₙ] · p[n, tₙ] / Σₙ w[tₙ], predictions log-probabilities (N, C, …)

    Targets equal to ignore_index count neither above nor below. reduction="sum" leaves out the divisor.
    """


@describes("loss")
class CrossEntropyLoss(ClassLoss):
    """L = Σₙ −Σ_c w[c] · q[n, c] · log softmax(p)[n, c] / D, predictions logits (N, C, …)

    Class indices t: q = (1−ε)·[c = tₙ] + ε/C with ε = label_smoothing, D = Σₙ w[tₙ] (torch's weighted mean).
    Probabilities t (N, C, …): q = (1−ε)·t + ε/C, D = number of predictions; ignore_index does not apply.
    """

    label_smoothing: Fraction = 0.0

    def check(self, prediction: Shape, target: Array) -> None:
        labels = self.classes_first(prediction)[1:] if prediction else ()
        if target.dtype.kind != "f" or target.shape[1:] == labels:  # the latter: labels given as floats
            super().check(prediction, target)
            return
        Loss.check(self, prediction, target)
        ClassLoss.check(self, prediction, np.zeros((1, *labels), np.int64))

    def divisor(self, target: Array) -> float:
        return target.size / target.shape[self.dim] if target.dtype.kind == "f" else super().divisor(target)

    def differentiable(self, target: Array) -> bool:
        return target.dtype.kind == "f" and target.ndim > 1


@describes("loss")
class BCEWithLogitsLoss(Loss):
    """L = mean w · (−v·t·log σ(p) − (1−t)·log(1 − σ(p))), targets in [0, 1]

    `weight` and `pos_weight` (v) hold one figure for each entry of the last axis.
    """

    weight: Floats | None = None
    pos_weight: Floats | None = None

    def check(self, prediction: Shape, target: Array) -> None:
        super().check(prediction, target)
        for name in ("weight", "pos_weight"):
            check_figures(self, name, prediction[-1] if prediction else 1, alone=True)
        check_probabilities(self, target)

    def differentiable(self, target: Array) -> bool:
        return target.dtype.kind == "f"


def check_probabilities(spec: Loss, target: Array) -> None:
    """Raise DataError unless every target is in [0, 1]."""
    check_each(spec, target, (target < 0) | (target > 1), "a probability in [0, 1]", "scale the targets")
