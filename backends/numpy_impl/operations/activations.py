"""Nonlinearities. σ is the sigmoid, ⊙ the product entry by entry; s, e … are shared by both directions."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.backends.numpy_impl.operations.special import normal_cdf, sigmoid
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import (
    ELU,
    GELU,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
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


@implements(LeakyReLU)
def leaky_relu(spec: LeakyReLU, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x ⊙ m        dx = dy ⊙ m        m = 1 where x > 0, else negative_slope"""
    m = np.where(x > 0, x.dtype.type(1), x.dtype.type(spec.negative_slope))

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * m, {}

    return x * m, backward


@implements(ELU)
def elu(spec: ELU, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x where x > 0, else α(eˣ − 1)        dx = dy where x > 0, else dy ⊙ α eˣ"""
    linear, low = x > 0, np.minimum(x, 0)  # e^low cannot overflow

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * np.where(linear, 1, spec.alpha * np.exp(low)), {}

    return np.where(linear, x, spec.alpha * np.expm1(low)), backward


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


@implements(LogSoftmax)
def log_softmax(spec: LogSoftmax, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x − log Σ eˣ along dim        dx = dy − eʸ ⊙ Σ dy"""
    y = x - x.max(spec.dim, keepdims=True)
    y -= np.log(np.exp(y).sum(spec.dim, keepdims=True))

    def backward(dy: Array) -> tuple[Array, State]:
        return dy - np.exp(y) * dy.sum(spec.dim, keepdims=True), {}

    return y, backward
