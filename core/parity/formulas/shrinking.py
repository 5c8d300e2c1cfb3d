"""Formulas of the nonlinearities that draw values towards 0, or put a number in their place."""

from __future__ import annotations

from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Hardshrink, Softshrink, Softsign, Tanhshrink, Threshold
from isograd.core.parity.formulas.table import formula, terms_formula


@formula(Softsign)
def softsign(spec: Softsign, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x / (1 + x) for x ≥ 0, else x / (1 − x)"""
    (v,) = x
    return ops.where(v < 0, v / (1 + ops.where(v < 0, -v, 0.0)), v / (1 + ops.where(v < 0, 0.0, v)))


@formula(Softshrink)
def softshrink(spec: Softshrink, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x − lambd for x > lambd, x + lambd for x < −lambd, else 0 (NaN stays NaN)"""
    (v,), end = x, spec.lambd
    shrunk = ops.where(v < 0, v + end, v - end)
    return ops.where((v >= -end) & (v <= end), 0.0, shrunk)


@formula(Hardshrink)
def hardshrink(spec: Hardshrink, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = 0 for −lambd ≤ x ≤ lambd, else x"""
    return ops.where((x[0] >= -spec.lambd) & (x[0] <= spec.lambd), 0.0, x[0])


@formula(Tanhshrink)
def tanhshrink(spec: Tanhshrink, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x − tanh x"""
    return x[0] - ops.tanh(x[0])


@formula(Threshold)
def threshold(spec: Threshold, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = value for x ≤ threshold, else x"""
    return ops.where(x[0] <= spec.threshold, spec.value, x[0])


@terms_formula(Softsign)
def softsign_terms(
    spec: Softsign, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run, dy: tuple[Any, ...]
) -> dict[str, Any]:
    """dx = dy/s − dy x/s² with the sign of x, s = 1 + |x|: far out little is left; |dy|/s"""
    return {"dx": ops.abs(dy[0]) / (1 + ops.abs(x[0]))}


@terms_formula(Tanhshrink)
def tanhshrink_terms(
    spec: Tanhshrink, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run, dy: tuple[Any, ...]
) -> dict[str, Any]:
    """y = x − tanh x and dx = dy − dy (1 − tanh² x): near 0 little is left; |x| and |dy|"""
    return {"output": ops.abs(x[0]), "dx": ops.abs(dy[0])}
