"""Functions of two values entry by entry: y = f(a, b) and its two derivatives, a line for each f; and choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from isograd.backends.numpy_impl.operations.combine import unbroadcast
from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Arrays, Backward, MaybeArrays, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Binary, Compare, Logic, MaskedFill, Number, Where
from isograd.core.layers.pairs import check_divisor

Slope = Callable[[Array, Any, Any, Array], Array]


class Rule(NamedTuple):
    """y = f(a, b); da and db of (dy, a, b, y), as large as y. None: 0 everywhere. One of a and b may be a number."""

    f: Callable[[Any, Any], Array]
    da: Slope | None = None
    db: Slope | None = None


def truncated(a: Any, b: Any) -> Array:
    """a/b rounded towards 0; of whole numbers without leaving them."""
    if np.result_type(a, b).kind == "f":
        quotient: Array = np.trunc(a / b)
        return quotient
    down: Array = np.floor_divide(a, b)
    down += (down < 0) & (down * b != a)
    return down


def power_da(dy: Array, a: Any, b: Any, y: Array) -> Array:
    """da = dy ⊙ b aᵇ⁻¹, and 0 where b = 0"""
    if isinstance(b, np.ndarray):
        b_less_1 = np.where(b == 0, 1, b - 1)
    elif b == 0:
        return np.zeros_like(dy)
    else:
        b_less_1 = b - 1
    da: Array = dy * (b * a**b_less_1)
    return da


def power_db(dy: Array, a: Any, b: Any, y: Array) -> Array:
    """db = dy ⊙ aᵇ ln a, and 0 where a = 0 ≤ b"""
    base = np.asarray(a, y.dtype)
    db: Array = dy * (y * np.log(np.where((base == 0) & np.greater_equal(b, 0), base.dtype.type(1), base)))
    return db


def shared(dy: Array, a: Any, b: Any, less: Any) -> Array:
    """dy, half of it where a and b are equal, 0 where a is the one that is not taken."""
    return np.where(np.equal(a, b), dy / 2, np.where(less(a, b), 0, dy))


def per_square(dy: Array, a: Array, b: Array) -> Array:
    """dy / (a² + b²), and dy at (0, 0)"""
    squares = a * a + b * b
    return dy / np.where(squares == 0, 1, squares)


PAIRS: dict[str, Rule] = {
    "add": Rule(np.add, lambda dy, a, b, y: dy, lambda dy, a, b, y: dy),
    "sub": Rule(np.subtract, lambda dy, a, b, y: dy, lambda dy, a, b, y: -dy),
    "mul": Rule(np.multiply, lambda dy, a, b, y: dy * b, lambda dy, a, b, y: dy * a),
    "div": Rule(np.divide, lambda dy, a, b, y: dy / b, lambda dy, a, b, y: -dy * y / b),
    "floor_divide": Rule(np.floor_divide),
    "trunc_divide": Rule(truncated),
    "remainder": Rule(np.remainder, lambda dy, a, b, y: dy, lambda dy, a, b, y: -dy * np.floor_divide(a, b)),
    "fmod": Rule(np.fmod, lambda dy, a, b, y: dy, lambda dy, a, b, y: -dy * truncated(a, b)),
    "pow": Rule(lambda a, b: a**b, power_da, power_db),
    "maximum": Rule(
        np.maximum, lambda dy, a, b, y: shared(dy, a, b, np.less), lambda dy, a, b, y: shared(dy, b, a, np.less)
    ),
    "minimum": Rule(
        np.minimum, lambda dy, a, b, y: shared(dy, a, b, np.greater), lambda dy, a, b, y: shared(dy, b, a, np.greater)
    ),
    "atan2": Rule(
        np.arctan2, lambda dy, a, b, y: per_square(dy, a, b) * b, lambda dy, a, b, y: -per_square(dy, a, b) * a
    ),
}

ASKED = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "not": np.bitwise_not,
}


@implements(Binary)
def binary(spec: Binary, p: Tree, a: Array, b: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = f(a, b)        da = dy ⊙ ∂f/∂a        db = dy ⊙ ∂f/∂b"""
    if b.dtype.kind != "f":
        check_divisor(spec, not b.all())
    f, da, db = PAIRS[spec.function]
    y = f(a, b)

    def backward(dy: Array) -> tuple[Arrays, State]:
        found = (np.zeros_like(dy) if slope is None else slope(dy, a, b, y) for slope in (da, db))
        return tuple(unbroadcast(d, x.shape) for d, x in zip(found, (a, b), strict=True)), {}

    return y, backward


@implements(Number)
def number(spec: Number, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = f(x, number) or f(number, x), f and its derivatives Binary's"""
    f, da, db = PAIRS[spec.function]
    a, b = (spec.number, x) if spec.reverse else (x, spec.number)
    slope = db if spec.reverse else da
    y = f(a, b)

    def backward(dy: Array) -> tuple[Array, State]:
        return np.zeros_like(dy) if slope is None else slope(dy, a, b, y), {}

    return y, backward


def no_gradient(*dy: Array) -> tuple[None, State]:
    """The backward of what makes no floats: never called."""
    return None, {}


@implements(Compare)
def compare(spec: Compare, p: Tree, *x: Array, run: Run) -> tuple[Array, Backward]:
    """y = a ∘ b"""
    a, b = x if spec.number is None else (x[0], spec.number)
    return ASKED[spec.function](a, b), no_gradient


@implements(Logic)
def logic(spec: Logic, p: Tree, *x: Array, run: Run) -> tuple[Array, Backward]:
    """y = a ∘ b, bit by bit"""
    return ASKED[spec.function](*x), no_gradient


@implements(Where)
def where(spec: Where, p: Tree, condition: Array, a: Array, b: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = a where the condition holds, else b        da = dy there, else 0        db = dy elsewhere"""

    def backward(dy: Array) -> tuple[MaybeArrays, State]:
        da, db = np.where(condition, dy, 0), np.where(condition, 0, dy)
        return (None, unbroadcast(da, a.shape), unbroadcast(db, b.shape)), {}

    return np.where(condition, a, b), backward


@implements(MaskedFill)
def masked_fill(spec: MaskedFill, p: Tree, x: Array, mask: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = value where the mask holds, else x        dx = 0 there, else dy"""

    def backward(dy: Array) -> tuple[MaybeArrays, State]:
        return (unbroadcast(np.where(mask, 0, dy), x.shape), None), {}

    return np.where(mask, x.dtype.type(spec.value), x), backward
