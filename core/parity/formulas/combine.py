"""Formulas of the layers that join several values."""

from __future__ import annotations

from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Add, Concat, MatMul, Multiply, Subtract
from isograd.core.parity.formulas.table import formula


@formula(Add)
def add(spec: Add, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = a + b + …"""
    y, *others = x
    for value in others:
        y = y + value
    return y


@formula(Subtract)
def subtract(spec: Subtract, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = a − b"""
    a, b = x
    return a - b


@formula(Multiply)
def multiply(spec: Multiply, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = a ⊙ b ⊙ …"""
    y, *others = x
    for value in others:
        y = y * value
    return y


@formula(MatMul)
def matmul(spec: MatMul, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = a b"""
    a, b = x
    return a @ b


@formula(Concat)
def concat(spec: Concat, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = values one after the other"""
    return ops.concat(x, axis=spec.dim)
