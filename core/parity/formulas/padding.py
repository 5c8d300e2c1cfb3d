"""Formulas of padding any axes, and the last one, two or three."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import (
    CircularPad1d,
    CircularPad2d,
    CircularPad3d,
    ConstantPad1d,
    ConstantPad2d,
    ConstantPad3d,
    Pad,
    ReflectionPad1d,
    ReflectionPad2d,
    ReflectionPad3d,
    ReplicationPad1d,
    ReplicationPad2d,
    ReplicationPad3d,
    ZeroPad1d,
    ZeroPad2d,
    ZeroPad3d,
)
from isograd.core.layers.padding import SidePad
from isograd.core.parity.formulas.axes import taken
from isograd.core.parity.formulas.table import formula
from isograd.core.parity.formulas.windows import each, padded_by


@formula(Pad)
def pad(spec: Pad, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The last axes"""
    return padded(ops, x[0], spec.padding, spec.mode, spec.value)


@formula(
    ConstantPad1d,
    ConstantPad2d,
    ConstantPad3d,
)
def constant(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The value around x"""
    return padded(ops, x[0], each(spec.padding, 2 * (x[0].ndim - 2)), "constant", spec.value)


@formula(ZeroPad1d, ZeroPad2d, ZeroPad3d)
def zeros(spec: SidePad, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """0 around x"""
    return padded(ops, x[0], each(spec.padding, 2 * (x[0].ndim - 2)), "constant")


@formula(ReflectionPad1d, ReflectionPad2d, ReflectionPad3d)
def reflected(spec: SidePad, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """x mirrored"""
    return padded(ops, x[0], each(spec.padding, 2 * (x[0].ndim - 2)), "reflect")


@formula(ReplicationPad1d, ReplicationPad2d, ReplicationPad3d)
def replicated(spec: SidePad, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The ends of x again"""
    return padded(ops, x[0], each(spec.padding, 2 * (x[0].ndim - 2)), "replicate")


@formula(CircularPad1d, CircularPad2d, CircularPad3d)
def round_and_round(spec: SidePad, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """x again and again"""
    return padded(ops, x[0], each(spec.padding, 2 * (x[0].ndim - 2)), "circular")


def padded(ops: Namespace, x: Any, widths: tuple[int, ...], mode: str, value: float = 0) -> Any:
    """Axis by axis, the last one first: places −before … size + after − 1, and what stands there

    What goes round is what a negative width leaves.
    """
    y = x
    for k in range(len(widths) // 2):
        before, after = widths[2 * k : 2 * k + 2]
        axis = y.ndim - 1 - k
        size = y.shape[axis]
        places = np.arange(-before, size + after)
        if mode == "circular":
            first, last = max(-before, 0), size - max(-after, 0)
            y = taken(y, axis, first + padded_by(mode, places - first, last - first))
        elif mode != "constant":
            y = taken(y, axis, padded_by(mode, places, size))
        else:
            sides = [(0, 0)] * y.ndim
            sides[axis] = (max(before, 0), max(after, 0))
            y = ops.pad(taken(y, axis, places[(places >= 0) & (places < size)]), sides, value=value)
    return y
