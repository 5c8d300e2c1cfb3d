"""Formulas of the layers that move values."""

from __future__ import annotations

from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Flatten, Identity, Reshape
from isograd.core.parity.formulas.table import formula


@formula(Identity)
def identity(spec: Identity, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x"""
    return x[0]


@formula(Flatten, Reshape)
def reshaped(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The same values in reading order"""
    (shape,) = spec.out_shapes(tuple(x[0].shape[1:]))
    return ops.reshape(x[0], (len(x[0]), *shape))
