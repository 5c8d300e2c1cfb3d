"""The formulas of dropout, with the mask that the run gives."""

from __future__ import annotations

from math import sqrt
from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array, Shape, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import (
    AlphaDropout,
    Dropout,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    FeatureAlphaDropout,
    StochasticDepth,
)
from isograd.core.parity.formulas.table import formula


@formula(Dropout)
def dropout(spec: Dropout, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """A u for every value"""
    return dropped(spec, ops, x[0], run, tuple(x[0].shape))


@formula(Dropout1d, Dropout2d, Dropout3d)
def dropout_channels(spec: Dropout, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """A u for every channel of every sample"""
    return dropped(spec, ops, x[0], run, (*x[0].shape[:2], *[1] * (x[0].ndim - 2)))


@formula(StochasticDepth)
def stochastic_depth(spec: StochasticDepth, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Training: y = x/(1 − p) where u ≥ p, else 0, a u for every sample or one for all. Evaluation: y = x"""
    (v,) = x
    if not run.training:
        return v
    ones = [1] * (v.ndim - 1)
    u = run.random((len(v), *ones)) if spec.mode == "row" else run.random((1, *ones), by_row=False)
    return thinned(ops, v, u, spec.p)


@formula(AlphaDropout)
def alpha_dropout(spec: AlphaDropout, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """A u for every value"""
    return saturated(ops, x[0], run, spec.p, tuple(x[0].shape))


@formula(FeatureAlphaDropout)
def feature_alpha_dropout(spec: FeatureAlphaDropout, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """A u for every channel of every sample"""
    return saturated(ops, x[0], run, spec.p, (*x[0].shape[:2], *[1] * (x[0].ndim - 2)))


def saturated(ops: Namespace, x: Any, run: Run, p: float, drawn: Shape) -> Any:
    """Training: (z − mean)/√variance, z = x where u ≥ p, else s; mean and variance of z for an x of mean 0, variance 1

    s = −λα, SELU far left: the mean is p s, the variance (1 − p)(1 + p s²). Evaluation: x
    """
    if not run.training:
        return x
    if p == 1:
        return 0 * x
    s = -1.0507009873554805 * 1.6732632423543772
    return (ops.where(run.random(drawn) >= p, x, s) - p * s) / sqrt((1 - p) * (1 + p * s * s))


def dropped(spec: Dropout, ops: Namespace, x: Any, run: Run, drawn: Shape) -> Any:
    """Training: y = x where u ≥ p, else 0; /(1 − p) for scale="training". Evaluation: y = x, or x·(1 − p)"""
    if not run.training:
        return x * (1 - spec.p) if spec.scale == "inference" else x
    u = run.random(drawn)
    return thinned(ops, x, u, spec.p) if spec.scale == "training" else ops.where(u >= spec.p, x, 0.0)


def thinned(ops: Namespace, x: Any, u: Array, p: float) -> Any:
    """x / (1 − p) where u ≥ p, else 0"""
    return ops.where(u >= p, x / (1 - p), 0.0) if p < 1 else 0 * x
