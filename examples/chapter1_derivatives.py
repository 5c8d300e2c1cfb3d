"""The first chapter of the book (Weidman 2019), executable: every derivative is held against the numeric one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]
Function = Callable[[Array], Array]

H = 1e-5  # the error of a central difference falls with H², its rounding grows with 1/H: about 1e-10 is left
TOLERANCE = 1e-8


def derivative(f: Function, x: Array) -> Array:
    """f′(x) ≈ (f(x + h) − f(x − h)) / 2h, for f that acts on every entry by itself."""
    return (f(x + H) - f(x - H)) / (2 * H)


def gradient(f: Callable[[Array], Any], x: Array) -> Array:
    """∂f/∂x[i] for every entry of x, f a number: one entry nudged at a time."""
    g = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        nudge = np.zeros_like(x)
        nudge[i] = H
        g[i] = (f(x + nudge) - f(x - nudge)) / (2 * H)
    return g


def claim(text: str, stated: Array, numeric: Array) -> None:
    """Print what the chapter states, and fail where the numeric derivative does not agree."""
    error = float(np.abs(stated - numeric).max())
    print(f"{text:<66} largest error {error:.0e}")
    assert error < TOLERANCE, f"{text}: off by {error}"


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def main() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 7))
    s = sigmoid(x)
    dsigmoid = s * (1 - s)

    print("One function")
    claim("square:   d(x²)/dx = 2x", 2 * x, derivative(np.square, x))
    claim("sigmoid:  dσ/dx = σ(1 − σ)", dsigmoid, derivative(sigmoid, x))

    print("\nA chain of functions: multiply the derivatives, each at its own input")
    two = derivative(lambda v: np.square(sigmoid(v)), x)
    claim("two:      d square(σ(x))/dx = 2σ · σ′", 2 * s * dsigmoid, two)
    outer = sigmoid(s**2) * (1 - sigmoid(s**2))
    three = derivative(lambda v: sigmoid(np.square(sigmoid(v))), x)
    claim("three:    d σ(square(σ(x)))/dx = σ′(σ²) · 2σ · σ′", outer * 2 * s * dsigmoid, three)

    print("\nSeveral inputs: each has a partial derivative")
    total = sigmoid(x + y) * (1 - sigmoid(x + y))
    claim("sum:      ∂σ(x + y)/∂x = σ′(x + y)", total, derivative(lambda v: sigmoid(v + y), x))
    claim("          ∂σ(x + y)/∂y = σ′(x + y)", total, derivative(lambda v: sigmoid(x + v), y))
    claim("product:  ∂(xy)²/∂x = 2xy · y", 2 * x * y * y, derivative(lambda v: np.square(v * y), x))

    print("\nMatrices: L = Σ σ(X W)")
    X, W = rng.normal(size=(3, 4)), rng.normal(size=(4, 2))
    S = sigmoid(X @ W)
    dN = S * (1 - S)  # ∂L/∂(XW): the sum passes 1 to every entry
    claim("input:    ∂L/∂X = σ′(XW) Wᵀ", dN @ W.T, gradient(lambda v: sigmoid(v @ W).sum(), X))
    claim("weights:  ∂L/∂W = Xᵀ σ′(XW)", X.T @ dN, gradient(lambda v: sigmoid(X @ v).sum(), W))
    print("\nEvery claim holds.")


if __name__ == "__main__":
    main()
