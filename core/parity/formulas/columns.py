"""Formulas of columns of windows: which place of an image each entry is, and which entries each place is."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Fold, Unfold
from isograd.core.parity.formulas.table import formula
from isograd.core.parity.formulas.windows import NOWHERE, combined, covered, each, flat, inside


def covering(spec: Unfold | Fold, sizes: tuple[int, ...]) -> tuple[list[Array], list[int]]:
    """(for each axis the places that each window covers, NOWHERE outside; the kernel)"""
    kernel = each(spec.kernel_size, 2)
    tables = []
    for size, k, s, d, pad in zip(
        sizes, kernel, *(each(v, 2) for v in (spec.stride, spec.dilation, spec.padding)), strict=True
    ):
        starts = np.arange(-pad, size + pad - d * (k - 1), s)
        tables.append(inside(covered(starts, k, d), size))
    return tables, list(kernel)


@formula(Unfold)
def unfold(spec: Unfold, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Entry (c, u, v) of window l is the place of channel c that it covers there, or 0"""
    (value,) = x
    n, channels, *sizes = value.shape
    tables, kernel = covering(spec, tuple(sizes))
    places = combined(tables, sizes)
    cols = flat(ops, value)[:, :, places.T]
    return ops.reshape(cols, (n, channels * prod(kernel), len(places)))


@formula(Fold)
def fold(spec: Fold, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Entry by entry: each place adds what the window that covers it by this entry holds there, if there is one"""
    (value,) = x
    sizes = each(spec.output_size, 2)
    tables, kernel = covering(spec, sizes)
    places = combined(tables, sizes)
    windows, entries = places.shape
    n, channels = value.shape[0], value.shape[1] // prod(kernel)
    cols = ops.reshape(value, (n, channels, entries, windows))
    y = ops.zeros_like(cols[:, :, 0, :1])
    for entry in range(entries):
        by = np.full(prod(sizes) + 1, NOWHERE)
        by[places[:, entry]] = np.arange(windows)
        by[NOWHERE] = NOWHERE
        y = y + ops.pad(cols[:, :, entry], ((0, 0), (0, 0), (0, 1)))[:, :, by[:-1]]
    return ops.reshape(y, (n, channels, *sizes))
