"""Nonlinearities. σ is the sigmoid, ⊙ the product entry by entry; s, e … are shared by both directions."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.backends.numpy_impl.operations.special import normal_cdf, sigmoid
from isograd.core.base.types import Array, Backward, State, Tree
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


@implements(Sigmoid)
def sigmoid_layer(spec: Sigmoid, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = σ(x)        dx = dy ⊙ y ⊙ (1 − y)"""
    y = sigmoid(x)

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * y * (1 - y), {}

    return y, backward


@implements(Tanh)
def tanh(spec: Tanh, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = tanh x        dx = dy ⊙ (1 − y²)"""
    y = np.tanh(x)

    def backward(dy: Array) -> tuple[Array, State]:
        dx = y * y
        np.subtract(1, dx, out=dx)
        dx *= dy
        return dx, {}

    return y, backward


@implements(ReLU)
def relu(spec: ReLU, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = max(x, 0)        dx = dy ⊙ [x > 0]"""
    y = np.maximum(x, 0)

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * (y > 0), {}

    return y, backward


@implements(ReLU6)
def relu6(spec: ReLU6, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = min(max(x, 0), 6)        dx = dy ⊙ [0 < x < 6]"""
    return clipped(x, 0.0, 6.0)


@implements(Hardtanh)
def hardtanh(spec: Hardtanh, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = min(max(x, a), b)        dx = dy ⊙ [a < x < b]        a = min_val, b = max_val"""
    return clipped(x, spec.min_val, spec.max_val)


def clipped(x: Array, low: float, high: float) -> tuple[Array, Backward]:
    """y = min(max(x, low), high)        dx = dy ⊙ [low < x < high]"""

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * ((x > low) & (x < high)), {}

    return np.clip(x, low, high), backward


@implements(Hardsigmoid)
def hardsigmoid(spec: Hardsigmoid, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = min(max(x + 3, 0), 6) / 6        dx = dy/6 where −3 < x < 3, else 0"""

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * (np.abs(x) < 3) / 6, {}

    return np.clip(x + 3, 0, 6) / 6, backward


@implements(Hardswish)
def hardswish(spec: Hardswish, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x ⊙ min(max(x + 3, 0), 6) / 6        dx = dy ⊙ (2x + 3)/6 where −3 < x < 3, else dy ⊙ [x ≥ 3]"""

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * np.where(np.abs(x) < 3, (2 * x + 3) / 6, x >= 3), {}

    return x * np.clip(x + 3, 0, 6) / 6, backward


@implements(LeakyReLU)
def leaky_relu(spec: LeakyReLU, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x ⊙ m        dx = dy ⊙ m        m = 1 where x > 0, else negative_slope"""
    m = np.where(x > 0, x.dtype.type(1), x.dtype.type(spec.negative_slope))

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * m, {}

    return x * m, backward


@implements(PReLU)
def prelu(spec: PReLU, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x where x > 0, else w[c] x        dx = dy where x > 0, else dy w[c]        dw[c] = Σ dy ⊙ x where x ≤ 0

    With one w for all channels dw is summed over them too.
    """
    w = p["weight"]
    over = (0, *range(2, x.ndim)) if len(w) > 1 else None
    slope = np.where(x > 0, x.dtype.type(1), np.expand_dims(w, over) if over else w)

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * slope, {"weight": np.atleast_1d((dy * np.minimum(x, 0)).sum(over))}

    return x * slope, backward


@implements(ELU)
def elu(spec: ELU, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x where x > 0, else α(eˣ − 1)        dx = dy where x > 0, else dy ⊙ α eˣ"""
    linear, low = x > 0, np.minimum(x, 0)  # e^low cannot overflow

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * np.where(linear, 1, spec.alpha * np.exp(low)), {}

    return np.where(linear, x, spec.alpha * np.expm1(low)), backward


@implements(CELU)
def celu(spec: CELU, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x where x > 0, else α(e^(x/α) − 1)        dx = dy where x > 0, else dy ⊙ e^(x/α)"""
    low = np.minimum(x, 0) / spec.alpha  # e^low is 1 where x > 0

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * np.exp(low), {}

    return np.where(x > 0, x, spec.alpha * np.expm1(low)), backward


@implements(SELU)
def selu(spec: SELU, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = λx where x > 0, else λα(eˣ − 1)        dx = λ dy where x > 0, else dy ⊙ λα eˣ"""
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    linear, low = x > 0, np.minimum(x, 0)

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * np.where(linear, scale, scale * alpha * np.exp(low)), {}

    return np.where(linear, scale * x, scale * alpha * np.expm1(low)), backward


@implements(RReLU)
def rrelu(spec: RReLU, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x ⊙ m        dx = dy ⊙ m        m = 1 where x > 0, else r

    Training: r = a + (b − a) u,  u ~ U[0, 1) (n, …)        Evaluation: r = (a + b)/2        a = lower, b = upper
    """
    u = run.random(x.shape, "slopes") if run.training else 0.5
    m = np.where(x > 0, 1, spec.lower + (spec.upper - spec.lower) * u).astype(x.dtype)

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * m, {}

    return x * m, backward


@implements(GELU)
def gelu(spec: GELU, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x ⊙ Φ(x)        dx = dy ⊙ (Φ(x) + x ⊙ Φ′(x))

    approximate="none": Φ′(x) = e^(−x²/2)/√(2π).
    approximate="tanh": Φ(x) = (1 + T)/2, T = tanh(c(x + a x³)), Φ′(x) = (1 − T²) c (1 + 3a x²)/2, c = √(2/π).
    """
    if spec.approximate == "none":
        cdf = normal_cdf(x)
    else:
        a, c = 0.044715, sqrt(2 / pi)
        T = np.tanh(c * (x + a * x * x * x))
        cdf = (1 + T) / 2

    def backward(dy: Array) -> tuple[Array, State]:
        if spec.approximate == "none":
            density = np.exp(x * x / -2) / sqrt(2 * pi)
        else:
            density = (1 - T * T) * (c / 2 + 3 * a * c / 2 * (x * x))
        return dy * (cdf + x * density), {}

    return x * cdf, backward


@implements(SiLU)
def silu(spec: SiLU, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x ⊙ s        dx = dy ⊙ s ⊙ (1 + x ⊙ (1 − s))        s = σ(x)"""
    s = sigmoid(x)

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * s * (1 + x * (1 - s)), {}

    return x * s, backward


@implements(Mish)
def mish(spec: Mish, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x ⊙ t        dx = dy ⊙ (t + x ⊙ (1 − t²) ⊙ σ(x))        t = tanh(log(1 + eˣ))

    With s = σ(−x) = 1/(1 + eˣ), which cannot overflow: t = (1 − s²)/(1 + s²), 1 − t² = (2s/(1 + s²))².
    """
    upper, lower = sigmoid(x), sigmoid(-x)
    square = lower * lower
    t = upper * (1 + lower) / (1 + square)  # 1 − s² without cancelling

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * (t + x * upper * 4 * square / np.square(1 + square)), {}

    return x * t, backward


@implements(GLU)
def glu(spec: GLU, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = a ⊙ s, x = [a, b] along dim, s = σ(b)        da = dy ⊙ s        db = dy ⊙ a ⊙ s ⊙ (1 − s)"""
    a, b = np.split(x, 2, spec.dim)
    s = sigmoid(b)

    def backward(dy: Array) -> tuple[Array, State]:
        da = dy * s
        return np.concatenate([da, da * a * (1 - s)], spec.dim), {}

    return a * s, backward


@implements(LogSigmoid)
def log_sigmoid(spec: LogSigmoid, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = log σ(x) = min(x, 0) − log(1 + e^−|x|), which cannot overflow        dx = dy ⊙ σ(−x)"""

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * sigmoid(-x), {}

    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))), backward


@implements(Softplus)
def softplus(spec: Softplus, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """z = βx;   y = log(1 + eᶻ)/β for z ≤ threshold, else x        dx = dy ⊙ σ(z), else dy

    log(1 + eᶻ) = max(z, 0) + log(1 + e^−|z|), which cannot overflow.
    """
    z = spec.beta * x
    linear = z > spec.threshold
    y = (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))) / spec.beta

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * np.where(linear, 1, sigmoid(z)), {}

    return np.where(linear, x, y), backward


@implements(Softmax)
def softmax(spec: Softmax, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = eˣ / Σ eˣ along dim        dx = y ⊙ (dy − Σ dy ⊙ y)"""
    y = np.exp(x - x.max(spec.dim, keepdims=True))  # y is shift-invariant; exp cannot overflow
    y /= y.sum(spec.dim, keepdims=True)

    def backward(dy: Array) -> tuple[Array, State]:
        return y * (dy - (dy * y).sum(spec.dim, keepdims=True)), {}

    return y, backward


@implements(Softmin)
def softmin(spec: Softmin, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = e⁻ˣ / Σ e⁻ˣ along dim        dx = −y ⊙ (dy − Σ dy ⊙ y)"""
    y = np.exp(x.min(spec.dim, keepdims=True) - x)
    y /= y.sum(spec.dim, keepdims=True)

    def backward(dy: Array) -> tuple[Array, State]:
        return y * ((dy * y).sum(spec.dim, keepdims=True) - dy), {}

    return y, backward


@implements(LogSoftmax)
def log_softmax(spec: LogSoftmax, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x − log Σ eˣ along dim        dx = dy − eʸ ⊙ Σ dy"""
    y = x - x.max(spec.dim, keepdims=True)
    y -= np.log(np.exp(y).sum(spec.dim, keepdims=True))

    def backward(dy: Array) -> tuple[Array, State]:
        return dy - np.exp(y) * dy.sum(spec.dim, keepdims=True), {}

    return y, backward
