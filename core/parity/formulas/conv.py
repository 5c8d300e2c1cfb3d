"""Formulas of convolutions: for each entry of the kernel, the places it lies on times its weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from isograd.core.layers.conv import Convolution, Filters, TransposedConvolution
from isograd.core.parity.formulas.table import formula
from isograd.core.parity.formulas.windows import combined, covered, each, flat, inside, margins, padded_by


def filtered(spec: Filters, ops: Namespace, p: Tree, x: Any, weight: Any, tables: list[Array]) -> Any:
    """y[n,o,q] = b[o] + Σ over k of weight[g,o,c,k] · x[n,g,c,place k of window q], group by group g"""
    places, values = combined(tables, x.shape[2:]), flat(ops, x)
    of_group = (len(x), spec.groups, x.shape[1] // spec.groups, len(places))
    y = sum(weight[:, :, :, k] @ ops.reshape(values[:, :, at], of_group) for k, at in enumerate(places.T))
    y = ops.reshape(y, (len(x), spec.out_channels, *(len(table) for table in tables)))
    return y + ops.reshape(p["bias"], (-1, *[1] * len(tables))) if spec.bias else y


@formula(Conv1d, Conv2d, Conv3d)
def conv(spec: Convolution, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,o,q] = b[o] + Σ w[o,c,u] · xp[n,c,s·q+d·u]: windows begin `stride` apart, as long as they end within xp"""
    sizes = tuple(x[0].shape[2:])
    axes = len(sizes)
    options = (each(option, axes) for option in (spec.kernel_size, spec.stride, spec.dilation))
    tables = []
    for size, k, s, d, (before, after) in zip(sizes, *options, margins(spec, axes), strict=True):
        starts = np.arange(-before, size + after - d * (k - 1), s)
        tables.append(padded_by(spec.padding_mode, covered(starts, k, d), size))
    weight = ops.reshape(p["weight"], (spec.groups, spec.out_channels // spec.groups, x[0].shape[1] // spec.groups, -1))
    return filtered(spec, ops, p, x[0], weight, tables)


@formula(ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)
def conv_transpose(spec: TransposedConvolution, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,o,j] = b[o] + Σ x[n,c,q] · w[c,o,u]   over s·q + d·u − padding = j"""
    counts = tuple(x[0].shape[2:])
    axes = len(counts)
    named = (spec.kernel_size, spec.stride, spec.dilation, spec.padding, spec.output_padding)
    tables = []
    for count, k, s, d, padding, extra in zip(counts, *(each(option, axes) for option in named), strict=True):
        size = (count - 1) * s + d * (k - 1) + 1 - 2 * padding + extra
        q, rest = np.divmod(np.arange(size)[:, None] + padding - d * np.arange(k), s)
        tables.append(inside(np.where(rest == 0, q, -1), count))
    of_group = spec.groups, x[0].shape[1] // spec.groups, spec.out_channels // spec.groups
    weight = ops.swapaxes(ops.reshape(p["weight"], (*of_group, -1)), 1, 2)
    return filtered(spec, ops, p, x[0], weight, tables)
