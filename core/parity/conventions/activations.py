"""Nonlinearities and dropout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import (
    GELU,
    GLU,
    AlphaDropout,
    Dropout,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    FeatureAlphaDropout,
    Hardsigmoid,
    LeakyReLU,
    LogSoftmax,
    Softmax,
    Softmin,
    StochasticDepth,
)
from isograd.core.parity.conventions.table import Variant, convention, with_options
from isograd.core.parity.formulas import FORMULAS
from isograd.core.parity.formulas.activations import between

SCALED = (Dropout, Dropout1d, Dropout2d, Dropout3d)
DROPPING = (*SCALED, AlphaDropout, FeatureAlphaDropout, StochasticDepth)


@convention("exact or approximate GELU", GELU, by="GPT-2, BERT and Keras with approximate=True; CLIP")
def gelu(spec: GELU) -> Iterator[Variant]:
    """x Φ(x), its approximation by tanh, or x σ(1.702 x)"""

    def quick(spec: GELU, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        return x[0] * ops.sigmoid(1.702 * x[0])

    yield from with_options(spec, approximate="none" if spec.approximate == "tanh" else "tanh")
    yield Variant("it is approximated by x σ(1.702 x)", quick)


@convention("axis of a softmax", Softmax, LogSoftmax, Softmin, by="Keras, JAX: the last axis")
def axis(spec: Any) -> Iterator[Variant]:
    """Another axis; the batch's last of all"""
    for dim in (-1, 1, 2, 0):
        yield from with_options(spec, dim=dim, by_rows=dim != 0)


@convention("slope of a leaky ReLU", LeakyReLU, by="TensorFlow (0.2), Keras (0.3), code that writes 0.1")
def slope(spec: LeakyReLU) -> Iterator[Variant]:
    """Other libraries' default"""
    for value in (0.01, 0.2, 0.3, 0.1):
        yield from with_options(spec, negative_slope=value)


@convention("slope of a hard sigmoid", Hardsigmoid, by="Keras, Theano: 0.2 x + 0.5")
def hard_sigmoid(spec: Hardsigmoid) -> Iterator[Variant]:
    """min(max(0.2 x + 0.5, 0), 1)"""

    def formula(spec: Hardsigmoid, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        return between(ops, 0.2 * x[0] + 0.5, 0.0, 1.0)

    yield Variant("it is min(max(0.2 x + 0.5, 0), 1)", formula)


@convention("half that opens a GLU", GLU, by="code that writes σ(a) · b")
def halves(spec: GLU) -> Iterator[Variant]:
    """σ(a) · b"""

    def formula(spec: GLU, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        front, half = (slice(None),) * (spec.dim % x[0].ndim), x[0].shape[spec.dim] // 2
        return ops.sigmoid(x[0][(*front, slice(0, half))]) * x[0][(*front, slice(half, None))]

    yield Variant("its first half opens the second", formula)


@convention("where dropout scales", *SCALED, by="Srivastava et al. 2014, the book (Weidman 2019): in evaluation")
def scale(spec: Dropout) -> Iterator[Variant]:
    """1/(1 − p) in training, or 1 − p in evaluation"""
    yield from with_options(spec, scale="inference" if spec.scale == "training" else "training")


@convention("meaning of dropout's p", *DROPPING, by="TensorFlow 1, the book (Weidman 2019): keep_prob")
def kept(spec: Any) -> Iterator[Variant]:
    """p is the probability to keep."""
    yield from with_options(spec, "its p is the probability to keep", p=1 - spec.p)


@convention("dropout in evaluation", *DROPPING, by="Monte Carlo dropout, code that forgets model.eval()")
def always(spec: Any) -> Iterator[Variant]:
    """Evaluation drops as training does."""

    def dropping(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        return FORMULAS[type(spec)](spec, ops, p, x, replace(run, training=True))

    yield Variant("it drops in evaluation", dropping)


@convention("what stochastic depth drops", StochasticDepth, by="torchvision's mode")
def depth(spec: StochasticDepth) -> Iterator[Variant]:
    """A number for each sample, or one for all"""
    yield from with_options(spec, mode="batch" if spec.mode == "row" else "row", by_rows=False)
