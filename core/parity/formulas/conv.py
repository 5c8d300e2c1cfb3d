"""Formulas of convolutions: gathered windows times weights."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d
from isograd.core.layers.conv import Convolution, Filters, TransposedConvolution
from isograd.core.layers.windows import Axis
from isograd.core.parity.formulas.table import formula
from isograd.core.parity.formulas.windows import NOWHERE, combined, gathered, sources


def filtered(spec: Filters, ops: Namespace, p: Tree, x: Any, weight: Any, places: Array) -> Any:
    """y[n,o,q] = b[o] + Σ weight[g,o,c·k] · window[n,g,c·k,q], group by group g"""
    windows = gathered(ops, x, places)  # (n, channels, q, k)
    n, channels, q, k = windows.shape
    rows = ops.reshape(windows, (n, spec.groups, channels // spec.groups, q, k))
    rows = ops.reshape(ops.swapaxes(rows, 3, 4), (n, spec.groups, -1, q))
    y = ops.reshape(weight @ rows, (n, spec.out_channels, q))
    y = y + p["bias"][:, None] if spec.bias else y
    return ops.reshape(y, (n, *spec.out_shapes(tuple(x.shape[1:]))[0]))


@formula(Conv1d, Conv2d, Conv3d)
def conv(spec: Convolution, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,o,q] = b[o] + Σ w[o,c,u] · xp[n,c,s·q+d·u]"""
    shape = tuple(x[0].shape[1:])
    places = combined([sources(axis, spec.padding_mode) for axis in spec.windows(shape)], shape[1:])
    weight = ops.reshape(p["weight"], (spec.groups, spec.out_channels // spec.groups, -1))
    return filtered(spec, ops, p, x[0], weight, places)


def origins(axis: Axis) -> Array:
    """(places of y, kernel): the q with s·q + d·u − padding = j for place j and kernel entry u, else NOWHERE."""
    steps = np.arange(axis.size)[:, None] + axis.before - axis.dilation * np.arange(axis.kernel)
    q, rest = np.divmod(steps, axis.stride)
    return np.where((rest == 0) & (q >= 0) & (q < axis.out), q, NOWHERE)


@formula(ConvTranspose1d, ConvTranspose2d)
def conv_transpose(spec: TransposedConvolution, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,o,j] = b[o] + Σ x[n,c,q] · w[c,o,u]   over s·q + d·u − padding = j"""
    shape = tuple(x[0].shape[1:])
    places = combined([origins(axis) for axis in spec.windows(shape)], shape[1:])
    each = shape[0] // spec.groups, spec.out_channels // spec.groups
    weight = ops.reshape(p["weight"], (spec.groups, *each, prod(spec.kernel)))
    weight = ops.reshape(ops.swapaxes(weight, 1, 2), (spec.groups, each[1], -1))
    return filtered(spec, ops, p, x[0], weight, places)
