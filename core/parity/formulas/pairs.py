"""Formulas of functions of two values entry by entry, of comparisons and choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Binary, Compare, Logic, MaskedFill, Number, Where
from isograd.core.parity.formulas.table import formula


def whole(*values: Any) -> bool:
    """Whether all are whole numbers, of which quotients can be had without leaving them."""
    return all("int" in str(getattr(value, "dtype", type(value))) for value in values)


def rounded_down(ops: Namespace, a: Any, b: Any) -> Any:
    """⌊a/b⌋"""
    return a // b if whole(a, b) else ops.floor(a / b)


def rounded_to_0(ops: Namespace, a: Any, b: Any) -> Any:
    """a/b without what stands behind the point"""
    down = rounded_down(ops, a, b)
    return ops.where((down < 0) & (down * b != a), down + 1, down)


def power(ops: Namespace, a: Any, b: Any) -> Any:
    """aᵇ; 0⁰ is 1, and does not move"""
    if not hasattr(a, "dtype") or not hasattr(b, "dtype"):
        return a**b
    origin = (a == 0) & (b == 0)
    return ops.where(origin, 1.0, a ** ops.where(origin, 1.0, b))


PAIRS: dict[str, Callable[[Namespace, Any, Any], Any]] = {
    "add": lambda ops, a, b: a + b,
    "sub": lambda ops, a, b: a - b,
    "mul": lambda ops, a, b: a * b,
    "div": lambda ops, a, b: a / b,
    "floor_divide": rounded_down,
    "trunc_divide": rounded_to_0,
    "remainder": lambda ops, a, b: a - b * rounded_down(ops, a, b),
    "fmod": lambda ops, a, b: a - b * rounded_to_0(ops, a, b),
    "pow": power,
    "maximum": lambda ops, a, b: ops.maximum(a, b),
    "minimum": lambda ops, a, b: ops.minimum(a, b),
    "atan2": lambda ops, a, b: ops.atan2(a, b),
}

ASKED: dict[str, Callable[..., Any]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "not": lambda a: ~a,
}


@formula(Binary)
def binary(spec: Binary, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = f(a, b)"""
    return PAIRS[spec.function](ops, *x)


@formula(Number)
def number(spec: Number, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = f(x, number) or f(number, x)"""
    return PAIRS[spec.function](ops, *((spec.number, x[0]) if spec.reverse else (x[0], spec.number)))


@formula(Compare)
def compare(spec: Compare, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = a ∘ b, or a ∘ number"""
    return ASKED[spec.function](x[0], x[1] if spec.number is None else spec.number)


@formula(Logic)
def logic(spec: Logic, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = a ∘ b"""
    return ASKED[spec.function](*x)


@formula(Where)
def where(spec: Where, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = a where the condition holds, else b"""
    return ops.where(*x)


@formula(MaskedFill)
def masked_fill(spec: MaskedFill, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = value where the mask holds, else x"""
    values, mask = x
    return ops.where(mask, spec.value, values)
