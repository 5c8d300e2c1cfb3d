"""Formulas of values made of nothing, of another kind, and of values that pass no gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.forms import kind_of
from isograd.core.base.types import Array, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Arange, Cast, Full, StopGradient
from isograd.core.parity.formulas.table import formula


def as_kind(ops: Namespace, kind: str, numbers: Array, run: Run) -> Any:
    """Numbers as values of a kind"""
    if kind == "float":
        return ops.constant(numbers, run.dtype)
    return np.asarray(numbers != 0) if kind == "boolean" else np.trunc(numbers).astype(np.int64)


@formula(Full)
def full(spec: Full, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The value everywhere"""
    return as_kind(ops, spec.kind, np.full(spec.form.sizes(x[0].shape[0] if x else 0), float(spec.value)), run)


@formula(Arange)
def arange(spec: Arange, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """start + step·i"""
    count = spec.form.sizes(x[0].shape[0] if x else 0)[0]
    return as_kind(ops, spec.kind, np.array([spec.start + i * spec.step for i in range(count)], np.float64), run)


@formula(Cast)
def cast(spec: Cast, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Floats that stay floats as they are; others by their numbers alone, toward 0"""
    (value,) = x
    numbers = np.asarray(ops.stop_gradient(value))
    return value if spec.kind == "float" == kind_of(numbers) else as_kind(ops, spec.kind, numbers, run)


@formula(StopGradient)
def stop_gradient(spec: StopGradient, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x, as a constant"""
    return ops.stop_gradient(x[0])
