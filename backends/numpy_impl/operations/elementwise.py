"""Functions of every entry by itself: y = f(x), dx = dy ⊙ f′(x), a line for each f."""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi, sqrt
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.backends.numpy_impl.operations.special import erf
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Clamp, Unary

Slope = Callable[[Array, Array], Any]

UNARY: dict[str, tuple[Callable[[Array], Array], Slope | None]] = {
    "exp": (np.exp, lambda x, y: y),
    "exp2": (np.exp2, lambda x, y: log(2) * y),
    "expm1": (np.expm1, lambda x, y: y + 1),
    "log": (np.log, lambda x, y: 1 / x),
    "log2": (np.log2, lambda x, y: 1 / (log(2) * x)),
    "log10": (np.log10, lambda x, y: 1 / (log(10) * x)),
    "log1p": (np.log1p, lambda x, y: 1 / (1 + x)),
    "sqrt": (np.sqrt, lambda x, y: 1 / (2 * y)),
    "rsqrt": (lambda x: 1 / np.sqrt(x), lambda x, y: y * y * y / -2),
    "square": (np.square, lambda x, y: 2 * x),
    "reciprocal": (np.reciprocal, lambda x, y: -y * y),
    "abs": (np.abs, lambda x, y: np.sign(x)),
    "neg": (np.negative, lambda x, y: -1),
    "sign": (np.sign, None),
    "sin": (np.sin, lambda x, y: np.cos(x)),
    "cos": (np.cos, lambda x, y: -np.sin(x)),
    "tan": (np.tan, lambda x, y: 1 + y * y),
    "asin": (np.arcsin, lambda x, y: 1 / np.sqrt(1 - x * x)),
    "acos": (np.arccos, lambda x, y: -1 / np.sqrt(1 - x * x)),
    "atan": (np.arctan, lambda x, y: 1 / (1 + x * x)),
    "sinh": (np.sinh, lambda x, y: np.cosh(x)),
    "cosh": (np.cosh, lambda x, y: np.sinh(x)),
    "erf": (erf, lambda x, y: 2 / sqrt(pi) * np.exp(-x * x)),
    "floor": (np.floor, None),
    "ceil": (np.ceil, None),
    "round": (np.rint, None),
    "trunc": (np.trunc, None),
    "isnan": (np.isnan, None),
    "isinf": (np.isinf, None),
    "isfinite": (np.isfinite, None),
}
"""{f: (f, f′ of x and y = f(x); None: 0 everywhere)}"""


@implements(Unary)
def unary(spec: Unary, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = f(x)        dx = dy ⊙ f′(x)"""
    f, slope = UNARY[spec.function]
    y = f(x)

    def backward(dy: Array) -> tuple[Array, State]:
        return np.zeros_like(dy) if slope is None else dy * slope(x, y), {}

    return y, backward


@implements(Clamp)
def clamp(spec: Clamp, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = min(max(x, min), max)        dx = dy ⊙ [min < x < max]"""

    def backward(dy: Array) -> tuple[Array, State]:
        dx = dy
        for bound, inside in ((spec.min, np.greater), (spec.max, np.less)):
            if bound is not None:
                dx = dx * inside(x, bound)
        return dx, {}

    return np.clip(x, spec.min, spec.max), backward
