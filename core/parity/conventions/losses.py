"""Losses: what a mean divides by, halves, label smoothing, weights of classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from isograd.core.base.arrays import NUMPY, Namespace
from isograd.core.base.errors import IsogradError
from isograd.core.base.types import Array
from isograd.core.learning.likelihoods import GaussianNLLLoss, KLDivLoss, PoissonNLLLoss
from isograd.core.learning.losses import CrossEntropyLoss, HuberLoss, Loss, MSELoss, NLLLoss, SmoothL1Loss
from isograd.core.parity.conventions.table import Variant, convention
from isograd.core.parity.formulas import LOSS_FORMULAS
from isograd.core.parity.formulas.activations import log_shares
from isograd.core.parity.formulas.losses import classes_first, shares, weighted, weights

LOSSES = tuple(LOSS_FORMULAS)


def as_loss(spec: Loss, said: str = "", **options: Any) -> Iterator[Variant]:
    """The loss with other options, where it takes them."""
    try:
        other = replace(spec, **options)
    except IsogradError:
        return
    if other != spec:
        told = said or ", ".join(f"{name}={value!r}" for name, value in options.items())
        yield Variant(told, lambda spec, ops, p, t: LOSS_FORMULAS[type(other)](other, ops, p, t))


def times(factor: Callable[[Array], float]) -> Callable[..., Any]:
    """The formula of the loss, times a number that follows from the targets"""
    return lambda spec, ops, p, t: factor(t) * LOSS_FORMULAS[type(spec)](spec, ops, p, t)


def over_rows(spec: Loss, ops: Namespace, p: Any, t: Array) -> Any:
    """Σ / N"""
    return LOSS_FORMULAS[type(spec)](replace(spec, reduction="sum"), ops, p, t) / len(p)


@convention("half of a squared error", MSELoss, by="textbooks, scikit-learn: ½(p − t)²")
def halved(spec: MSELoss) -> Iterator[Variant]:
    """½ (p − t)²"""
    yield Variant("it is half the squared error", times(lambda t: 0.5))


@convention("sum, mean or mean over the batch", *LOSSES, by="Keras, JAX, the book (Weidman 2019): Σ / N")
def reduction(spec: Loss) -> Iterator[Variant]:
    """Σ, Σ/D and Σ/N"""
    if spec.reduction == "none":
        return
    for other in ("sum", "mean", "batchmean"):
        yield from as_loss(spec, reduction=other)
    yield Variant("it is the sum divided by the batch size", over_rows)


def value(spec: Loss, arrays: Sequence[Array]) -> float:
    return float(LOSS_FORMULAS[type(spec)](spec, NUMPY, *arrays))


@convention("factor of a loss's gradient", *LOSSES, by="code whose gradient leaves the division to the optimizer")
def gradient(spec: Loss) -> Iterator[Variant]:
    """The value as described; its gradient that of the sum, which is as many times larger, or /N, or ·N"""

    def of_sum(what: str, arrays: Sequence[Array]) -> float:
        return value(replace(spec, reduction="sum"), arrays) / value(spec, arrays)

    if spec.reduction != "none":
        yield Variant("its gradient is that of the sum", share=of_sum)
    yield Variant("its gradient is divided by the batch size", share=lambda what, arrays: 1 / len(arrays[0]))
    yield Variant("its gradient is multiplied by the batch size", share=lambda what, arrays: float(len(arrays[0])))


@convention("Huber's loss or smooth L1", HuberLoss, SmoothL1Loss, by="Fast R-CNN: smooth L1 is Huber's loss / δ")
def huber(spec: Any) -> Iterator[Variant]:
    """Huber's loss is δ times smooth L1 with β = δ."""
    if isinstance(spec, HuberLoss):
        yield Variant("it is divided by delta", times(lambda t: 1 / spec.delta))
    else:
        yield Variant("it is multiplied by beta", times(lambda t: spec.beta))


@convention("form of label smoothing", CrossEntropyLoss, by="Szegedy et al. 2016 as often coded: ε/(C − 1) elsewhere")
def smoothing(spec: CrossEntropyLoss) -> Iterator[Variant]:
    """q = 1 − ε of the class, ε/(C − 1) of every other"""

    def formula(spec: CrossEntropyLoss, ops: Namespace, p: Any, t: Array) -> Any:
        p, t = classes_first(spec, ops, p, t)
        hot, counts = shares(spec, p.shape[1], t)
        each = weights(spec, p.shape[1]).reshape(-1, *[1] * (p.ndim - 2))
        smooth = spec.label_smoothing
        share = (1 - smooth) * hot + smooth / (p.shape[1] - 1) * (each * counts - hot)
        return weighted(spec, ops, log_shares(ops, p, 1), share, float(hot.sum()))

    if spec.label_smoothing:
        yield Variant("its label_smoothing goes to the other classes alone", formula)


@convention("mean of weighted classes", CrossEntropyLoss, NLLLoss, by="Keras, Flax: Σ / N, ignored ones counted")
def by_count(spec: Any) -> Iterator[Variant]:
    """D = how many places count, whatever the weights of their classes; or all places"""

    def divided(count: Callable[[Array], float]) -> Callable[..., Any]:
        def formula(spec: Any, ops: Namespace, p: Any, t: Array) -> Any:
            return LOSS_FORMULAS[type(spec)](replace(spec, reduction="sum"), ops, p, t) / count(t)

        return formula

    if spec.reduction == "mean":
        counted = divided(lambda t: float((t != spec.ignore_index).sum()))
        yield Variant("its mean divides by how many targets count, not by their weights", counted)
        yield Variant("its mean counts the targets that it ignores", divided(lambda t: float(t.size)))


@convention("axis of the classes", CrossEntropyLoss, NLLLoss, by="Keras, JAX: the last one")
def axis(spec: Any) -> Iterator[Variant]:
    """Seen where the last axis is as long"""
    yield from as_loss(spec, dim=-1)


@convention("what a likelihood leaves out", PoissonNLLLoss, GaussianNLLLoss, by="TensorFlow, textbooks: nothing")
def full(spec: Any) -> Iterator[Variant]:
    """The terms that depend on no prediction"""
    yield from as_loss(spec, full=not spec.full)


@convention("logarithm of a rate", PoissonNLLLoss, by="Keras: log_input=False")
def log_input(spec: PoissonNLLLoss) -> Iterator[Variant]:
    """Predictions are rates, or their logarithms."""
    yield from as_loss(spec, log_input=not spec.log_input)


@convention("logarithms as targets", KLDivLoss, by="code that gives logarithms on both sides")
def log_target(spec: KLDivLoss) -> Iterator[Variant]:
    """Targets are probabilities, or their logarithms."""
    yield from as_loss(spec, log_target=not spec.log_target)
