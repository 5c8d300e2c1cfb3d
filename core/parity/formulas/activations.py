"""Formulas of the nonlinearities."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import ELU, GELU, LeakyReLU, LogSoftmax, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from isograd.core.parity.formulas.table import formula, terms_formula


@formula(Sigmoid)
def sigmoid(spec: Sigmoid, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = 1 / (1 + e⁻ˣ), as (1 + tanh(x/2)) / 2"""
    return (1 + ops.tanh(x[0] / 2)) / 2


@formula(Tanh)
def tanh(spec: Tanh, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = sinh x / cosh x = −expm1(−2|x|) / (1 + e^(−2|x|)), with the sign of x"""
    far = ops.exp(-2 * ops.abs(x[0]))
    y = -ops.expm1(-2 * ops.abs(x[0])) / (1 + far)
    return ops.where(x[0] < 0, -y, y)


@formula(ReLU)
def relu(spec: ReLU, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = 0 for x ≤ 0, else x (NaN stays NaN)"""
    return ops.where(x[0] <= 0, 0.0, x[0])


@formula(LeakyReLU)
def leaky_relu(spec: LeakyReLU, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x for x > 0, else negative_slope · x"""
    return ops.where(x[0] > 0, x[0], spec.negative_slope * x[0])


@formula(ELU)
def elu(spec: ELU, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x for x > 0, else alpha · (eˣ − 1)"""
    linear = x[0] > 0
    return ops.where(linear, x[0], spec.alpha * ops.expm1(ops.where(linear, 0.0, x[0])))  # no overflow, and alpha at 0


@formula(GELU)
def gelu(spec: GELU, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x · Φ(x)"""
    (v,) = x
    if spec.approximate == "none":
        return v * (1 + ops.erf(v / sqrt(2))) / 2
    return v * (1 + ops.tanh(sqrt(2 / pi) * (v + 0.044715 * v**3))) / 2


@formula(SiLU)
def silu(spec: SiLU, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x · σ(x)"""
    return x[0] * ops.sigmoid(x[0])


@formula(Softplus)
def softplus(spec: Softplus, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = log(1 + e^(βx)) / β, and x itself above the threshold"""
    z = spec.beta * x[0]
    linear = z > spec.threshold
    return ops.where(linear, x[0], ops.log1p(ops.exp(ops.where(linear, 0.0, z))) / spec.beta)


@formula(Softmax)
def softmax(spec: Softmax, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = eᶻ / Σ eᶻ,   z = x − max x; the shift changes nothing, so it needs no gradient"""
    e = ops.exp(x[0] - ops.stop_gradient(ops.max(x[0], axis=spec.dim, keepdims=True)))
    return e / ops.sum(e, axis=spec.dim, keepdims=True)


@formula(LogSoftmax)
def log_softmax(spec: LogSoftmax, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = z − log Σ eᶻ,   z = x − max x"""
    return log_shares(ops, x[0], spec.dim)


def log_shares(ops: Namespace, x: Any, dim: int) -> Any:
    """log(eˣ / Σ eˣ) along `dim`"""
    z = x - ops.max(x, axis=dim, keepdims=True)
    return z - ops.log(ops.sum(ops.exp(z), axis=dim, keepdims=True))


@terms_formula(Softmax)
def softmax_terms(
    spec: Softmax, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run, dy: tuple[Any, ...]
) -> tuple[Any, ...]:
    """dx = y ⊙ (dy − Σ dy y): for a sure softmax nothing is left; y ⊙ |dy|"""
    return (softmax(spec, ops, p, x, run) * ops.abs(dy[0]),)


@terms_formula(LogSoftmax)
def log_softmax_terms(
    spec: LogSoftmax, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run, dy: tuple[Any, ...]
) -> tuple[Any, ...]:
    """dx = dy − eʸ Σ dy: |dy|"""
    return (ops.abs(dy[0]),)
