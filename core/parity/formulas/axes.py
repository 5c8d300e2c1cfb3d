"""Formulas of the layers that move values to other axes or repeat them."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.forms import Rows
from isograd.core.base.types import Array, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Expand, Flip, Permute, Repeat, RepeatInterleave, Roll, Tril, Triu, View
from isograd.core.parity.formulas.table import formula


def taken(x: Any, axis: int, places: Array) -> Any:
    """The places of one axis, in this order"""
    return x[(*[slice(None)] * (axis % x.ndim), places)]


@formula(Permute)
def permute(spec: Permute, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Axis k of y is axis dims[k] of x"""
    return ops.permute_dims(x[0], spec.dims)


@formula(View)
def view(spec: View, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The values in reading order; an axis that grows with the batch takes what is left, or the rows that are given"""
    value, *like = x
    if like:
        return ops.reshape(value, spec.form.sizes(like[0].shape[0]))
    return ops.reshape(value, tuple(-1 if isinstance(size, Rows) else size for size in spec.form.axes))


@formula(Expand)
def expand(spec: Expand, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """x repeated along axes of one place and along new ones"""
    value, *like = x
    rows = like[0].shape[0] if like else 0
    old = (1,) * (len(spec.form.axes) - value.ndim) + tuple(value.shape)
    made = zip(old, spec.form.sizes(rows), strict=True)
    return ops.broadcast_to(value, tuple(places if places != 1 else size for places, size in made))


@formula(Flip)
def flip(spec: Flip, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """The last place of each axis first"""
    (y,) = x
    for dim in spec.dims:
        y = taken(y, dim, np.arange(y.shape[dim] - 1, -1, -1))
    return y


@formula(Roll)
def roll(spec: Roll, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[i] = x[(i − shift) mod size]"""
    (y,) = x
    for shift, dim in zip(spec.shifts, spec.dims, strict=True):
        y = taken(y, dim, (np.arange(y.shape[dim]) - shift) % y.shape[dim])
    return y


@formula(Repeat)
def repeat(spec: Repeat, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[i] = x[i mod size]"""
    value, *like = x
    repeats = spec.form.sizes(like[0].shape[0] if like else 0)
    y = ops.reshape(value, (1,) * (len(repeats) - value.ndim) + tuple(value.shape))
    for axis, count in enumerate(repeats):
        y = taken(y, axis, np.arange(count * y.shape[axis]) % y.shape[axis])
    return y


@formula(RepeatInterleave)
def repeat_interleave(spec: RepeatInterleave, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[i] = x[⌊i/repeats⌋]"""
    (value,) = x
    return taken(value, spec.dim, np.arange(spec.repeats * value.shape[spec.dim]) // spec.repeats)


def distance(x: Any) -> Array:
    """How far right of the main diagonal each entry of a matrix stands"""
    rows, columns = x.shape[-2:]
    return np.arange(columns) - np.arange(rows)[:, None]


@formula(Tril)
def tril(spec: Tril, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """0 right of the diagonal"""
    return ops.where(distance(x[0]) <= spec.diagonal, x[0], ops.zeros_like(x[0]))


@formula(Triu)
def triu(spec: Triu, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """0 left of the diagonal"""
    return ops.where(distance(x[0]) >= spec.diagonal, x[0], ops.zeros_like(x[0]))
