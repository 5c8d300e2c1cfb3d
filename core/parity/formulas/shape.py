"""Formulas of the layers that move values."""

from __future__ import annotations

from math import prod
from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Flatten, Identity, Reshape, Unflatten
from isograd.core.parity.formulas.table import formula


@formula(Identity)
def identity(spec: Identity, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x"""
    return x[0]


@formula(Flatten)
def flatten(spec: Flatten, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Axes start_dim … end_dim as one, in reading order; samples without axes get one"""
    full = tuple(x[0].shape)
    if len(full) == 1:
        return x[0][:, None]
    start, end = spec.start_dim % len(full), spec.end_dim % len(full)
    return ops.reshape(x[0], (*full[:start], prod(full[start : end + 1]), *full[end + 1 :]))


@formula(Reshape)
def reshape(spec: Reshape, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Each sample's values in reading order"""
    return ops.reshape(x[0], (len(x[0]), *spec.shape))


@formula(Unflatten)
def unflatten(spec: Unflatten, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Axis dim as the axes unflattened_size, in reading order"""
    full = tuple(x[0].shape)
    axis, known = spec.dim % len(full), prod(d for d in spec.unflattened_size if d > 0)
    places = tuple(full[axis] // known if d < 0 else d for d in spec.unflattened_size)
    return ops.reshape(x[0], (*full[:axis], *places, *full[axis + 1 :]))
