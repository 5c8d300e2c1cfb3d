"""Formulas of functions of every entry by itself."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, log
from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Clamp, Unary
from isograd.core.parity.formulas.table import formula


def sign(ops: Namespace, x: Any) -> Any:
    """−1, 0 or 1"""
    one = ops.ones_like(x)
    return ops.where(x > 0, one, ops.where(x < 0, -one, ops.zeros_like(x)))


def rounded(ops: Namespace, x: Any) -> Any:
    """The nearest whole number, of two the even one"""
    down = ops.floor(x)
    odd = down - 2 * ops.floor(down / 2) == 1
    up = (x - down > 0.5) | ((x - down == 0.5) & odd)
    return ops.where(up, down + 1, down)


UNARY: dict[str, Callable[[Namespace, Any], Any]] = {
    "exp": lambda ops, x: ops.exp(x),
    "exp2": lambda ops, x: ops.exp(log(2) * x),
    "expm1": lambda ops, x: ops.expm1(x),
    "log": lambda ops, x: ops.log(x),
    "log2": lambda ops, x: ops.log(x) / log(2),
    "log10": lambda ops, x: ops.log(x) / log(10),
    "log1p": lambda ops, x: ops.log1p(x),
    "sqrt": lambda ops, x: ops.sqrt(x),
    "rsqrt": lambda ops, x: 1 / ops.sqrt(x),
    "square": lambda ops, x: x * x,
    "reciprocal": lambda ops, x: 1 / x,
    "abs": lambda ops, x: ops.abs(x),
    "neg": lambda ops, x: -x,
    "sign": sign,
    "sin": lambda ops, x: ops.sin(x),
    "cos": lambda ops, x: ops.cos(x),
    "tan": lambda ops, x: ops.sin(x) / ops.cos(x),
    "asin": lambda ops, x: ops.atan2(x, ops.sqrt((1 - x) * (1 + x))),
    "acos": lambda ops, x: ops.atan2(ops.sqrt((1 - x) * (1 + x)), x),
    "atan": lambda ops, x: ops.atan2(x, 1.0),
    "sinh": lambda ops, x: (ops.expm1(x) - ops.expm1(-x)) / 2,
    "cosh": lambda ops, x: (ops.exp(x) + ops.exp(-x)) / 2,
    "erf": lambda ops, x: ops.erf(x),
    "floor": lambda ops, x: ops.floor(x),
    "ceil": lambda ops, x: -ops.floor(-x),
    "round": rounded,
    "trunc": lambda ops, x: ops.where(x < 0, -ops.floor(-x), ops.floor(x)),
    "isnan": lambda ops, x: x != x,
    "isinf": lambda ops, x: (x == inf) | (x == -inf),
    "isfinite": lambda ops, x: (x == x) & (x != inf) & (x != -inf),
}


@formula(Unary)
def unary(spec: Unary, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = f(x)"""
    return UNARY[spec.function](ops, x[0])


@formula(Clamp)
def clamp(spec: Clamp, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = min where x ≤ min, max where x ≥ max, else x"""
    (y,) = x
    if spec.min is not None:
        y = ops.where(y <= spec.min, spec.min, y)
    return y if spec.max is None else ops.where(y >= spec.max, spec.max, y)
