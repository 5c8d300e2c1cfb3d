"""The formula of what was pooled, put back where it stood."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import MaxUnpool1d, MaxUnpool2d, MaxUnpool3d
from isograd.core.layers.unpool import MaxUnpooling
from isograd.core.parity.formulas.table import formula
from isograd.core.parity.formulas.windows import each, flat


@formula(MaxUnpool1d, MaxUnpool2d, MaxUnpool3d)
def max_unpool(spec: MaxUnpooling, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Place k of a channel holds the last entry whose index is k, or 0"""
    value, indices = x
    axes = value.ndim - 2
    sizes = each(spec.output_size, axes)
    if spec.output_size is None:
        steps = each(spec.kernel_size if spec.stride is None else spec.stride, axes)
        options = (each(spec.kernel_size, axes), each(spec.padding, axes))
        sizes = tuple(
            step * (size - 1) + kernel - 2 * pad
            for size, step, kernel, pad in zip(value.shape[2:], steps, *options, strict=True)
        )
    n, channels = value.shape[:2]
    entries = prod(value.shape[2:])
    by = np.full((n, channels, prod(sizes)), entries)  # what stands behind the last entry is 0
    np.put_along_axis(by, np.asarray(indices).reshape(n, channels, entries), np.arange(entries)[None, None], 2)
    grid = np.ogrid[:n, :channels]
    y = flat(ops, value)[grid[0][..., None], grid[1][..., None], by]
    return ops.reshape(y, (n, channels, *sizes))
