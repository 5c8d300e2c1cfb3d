"""Formulas of the nonlinearities."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import (
    CELU,
    ELU,
    GELU,
    GLU,
    SELU,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    RReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softmin,
    Softplus,
    Tanh,
)
from isograd.core.parity.formulas.table import formula, terms_formula


@formula(Sigmoid)
def sigmoid(spec: Sigmoid, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = 1 / (1 + e⁻ˣ), exact far left as well, where it is eˣ"""
    return ops.sigmoid(x[0])


@formula(Tanh)
def tanh(spec: Tanh, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = sinh x / cosh x = −expm1(−2|x|) / (1 + e^(−2|x|)), with the sign of x"""
    size = ops.where(x[0] < 0, -x[0], x[0])
    y = -ops.expm1(-2 * size) / (1 + ops.exp(-2 * size))
    return ops.where(x[0] < 0, -y, y)


@formula(ReLU)
def relu(spec: ReLU, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = 0 for x ≤ 0, else x (NaN stays NaN)"""
    return ops.where(x[0] <= 0, 0.0, x[0])


@formula(ReLU6)
def relu6(spec: ReLU6, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = 0 for x ≤ 0, 6 for x ≥ 6, else x"""
    return between(ops, x[0], 0.0, 6.0)


@formula(Hardtanh)
def hardtanh(spec: Hardtanh, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = min_val for x ≤ min_val, max_val for x ≥ max_val, else x"""
    return between(ops, x[0], spec.min_val, spec.max_val)


def between(ops: Namespace, x: Any, low: float, high: float) -> Any:
    """low for x ≤ low, high for x ≥ high, where nothing moves; else x (NaN stays NaN)"""
    return ops.where(x <= low, low, ops.where(x >= high, high, x))


@formula(Hardsigmoid)
def hardsigmoid(spec: Hardsigmoid, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = 0 for x ≤ −3, 1 for x ≥ 3, else x/6 + 1/2"""
    return between(ops, x[0], -3.0, 3.0) / 6 + 0.5


@formula(Hardswish)
def hardswish(spec: Hardswish, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = 0 for x ≤ −3, x for x ≥ 3, else x (x + 3)/6"""
    (v,) = x
    return ops.where(v <= -3, 0.0, ops.where(v >= 3, v, v * (v + 3) / 6))


@formula(LeakyReLU)
def leaky_relu(spec: LeakyReLU, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x for x > 0, else negative_slope · x"""
    return ops.where(x[0] > 0, x[0], spec.negative_slope * x[0])


@formula(PReLU)
def prelu(spec: PReLU, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x for x > 0, else w · x, w one number or one for each channel"""
    w = p["weight"]
    slope = w[0] if spec.num_parameters == 1 else ops.reshape(w, (-1, *[1] * (x[0].ndim - 2)))
    return ops.where(x[0] > 0, x[0], slope * x[0])


@formula(ELU)
def elu(spec: ELU, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x for x > 0, else alpha · (eˣ − 1)"""
    return ops.where(x[0] > 0, x[0], spec.alpha * ops.expm1(ops.where(x[0] > 0, 0.0, x[0])))


@formula(CELU)
def celu(spec: CELU, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x for x > 0, else alpha · (e^(x/alpha) − 1)"""
    return ops.where(x[0] > 0, x[0], spec.alpha * ops.expm1(ops.where(x[0] > 0, 0.0, x[0]) / spec.alpha))


@formula(SELU)
def selu(spec: SELU, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = λ · (x for x > 0, else α · (eˣ − 1))"""
    alpha, scale = 1.67326324235437728481704, 1.05070098735548049341933
    return scale * ops.where(x[0] > 0, x[0], alpha * ops.expm1(ops.where(x[0] > 0, 0.0, x[0])))


@formula(RReLU)
def rrelu(spec: RReLU, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x for x > 0, else r · x; r = lower (1 − u) + upper u, u uniform in training, 1/2 in evaluation"""
    u = run.random(tuple(x[0].shape), "slopes") if run.training else 0.5
    return ops.where(x[0] > 0, x[0], ops.constant(spec.lower * (1 - u) + spec.upper * u, x[0]) * x[0])


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


@formula(Mish)
def mish(spec: Mish, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x · tanh(log(1 + eˣ)); beyond 20, where eˣ may overflow, the tanh is 1"""
    (v,) = x
    return ops.where(v > 20, v, v * ops.tanh(ops.log1p(ops.exp(ops.where(v > 20, 0.0, v)))))


@formula(GLU)
def glu(spec: GLU, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = a · σ(b), a the first half of x along dim, b the second"""
    (v,) = x
    front = (slice(None),) * (spec.dim % v.ndim)
    half = v.shape[spec.dim] // 2
    return v[(*front, slice(0, half))] * ops.sigmoid(v[(*front, slice(half, None))])


@formula(LogSigmoid)
def log_sigmoid(spec: LogSigmoid, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = −log(1 + e⁻ˣ), left of 0, where e⁻ˣ may overflow, x − log(1 + eˣ)"""
    low = x[0] < 0
    return ops.where(low, x[0], 0.0) - ops.log1p(ops.exp(ops.where(low, x[0], -x[0])))


@formula(Softplus)
def softplus(spec: Softplus, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = log(1 + e^(βx)) / β, and x itself above the threshold"""
    z = spec.beta * x[0]
    low = ops.where(z > spec.threshold, spec.threshold, z)  # beyond it, where eᶻ may overflow, nothing is read
    return ops.where(z > spec.threshold, x[0], ops.log1p(ops.exp(low)) / spec.beta)


@formula(Softmax)
def softmax(spec: Softmax, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = eᶻ / Σ eᶻ,   z = x − max x; the shift changes nothing, so it needs no gradient"""
    e = ops.exp(x[0] - ops.stop_gradient(ops.max(x[0], axis=spec.dim, keepdims=True)))
    return e / ops.sum(e, axis=spec.dim, keepdims=True)


@formula(Softmin)
def softmin(spec: Softmin, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = softmax(−x)"""
    return softmax(Softmax(dim=spec.dim), ops, p, (-x[0],), run)


@formula(LogSoftmax)
def log_softmax(spec: LogSoftmax, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = z − log Σ eᶻ,   z = x − max x"""
    return log_shares(ops, x[0], spec.dim)


def log_shares(ops: Namespace, x: Any, dim: int) -> Any:
    """log(eˣ / Σ eˣ) along `dim`"""
    z = x - ops.max(x, axis=dim, keepdims=True)
    return z - ops.log(ops.sum(ops.exp(z), axis=dim, keepdims=True))


@terms_formula(Tanh)
def tanh_terms(
    spec: Tanh, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run, dy: tuple[Any, ...]
) -> dict[str, Any]:
    """dx = dy − dy y²: of values far from 0 alone little is left; |dy| + |dy| y²"""
    return {"dx": ops.abs(dy[0]) * (1 + tanh(spec, ops, p, x, run) ** 2)}


@terms_formula(Softmax, Softmin)
def softmax_terms(
    spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run, dy: tuple[Any, ...]
) -> dict[str, Any]:
    """dx = ±y ⊙ (dy − Σ dy y): for a sure softmax nothing is left; y ⊙ |dy|"""
    y = (softmin if isinstance(spec, Softmin) else softmax)(spec, ops, p, x, run)
    return {"dx": y * ops.abs(dy[0])}


@terms_formula(LogSoftmax)
def log_softmax_terms(
    spec: LogSoftmax, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run, dy: tuple[Any, ...]
) -> dict[str, Any]:
    """dx = dy − eʸ Σ dy: |dy|"""
    return {"dx": ops.abs(dy[0])}
