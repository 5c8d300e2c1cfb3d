"""Windows as gathered places: a table says which place of an image each entry of each window is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array, Shape
from isograd.core.layers.windows import Axis

NOWHERE = -1  # a place that holds 0


def sources(axis: Axis, mode: str = "zeros") -> Array:
    """(windows, kernel): the place of x that window q's entry u is, NOWHERE in zero padding."""
    places = axis.stride * np.arange(axis.out)[:, None] + axis.dilation * np.arange(axis.kernel) - axis.before
    match mode:
        case "reflect":
            around = np.abs(places)
            places = np.where(around < axis.size, around, 2 * (axis.size - 1) - around)
        case "replicate":
            places = np.clip(places, 0, axis.size - 1)
        case "circular":
            places = places % axis.size
        case _:
            places = np.where((places >= 0) & (places < axis.size), places, NOWHERE)
    return places


def combined(tables: Sequence[Array], sizes: Shape) -> Array:
    """Tables (windows, entries) of single axes as one of flat places (all windows, all entries), in reading order."""
    places = np.zeros((1, 1), int)
    for table, size in zip(tables, sizes, strict=True):
        here, there = places[:, None, :, None], table[None, :, None, :]
        both = np.where((here == NOWHERE) | (there == NOWHERE), NOWHERE, here * size + there)
        places = both.reshape(len(places) * len(table), -1)
    return places


def gathered(ops: Namespace, x: Any, places: Array) -> Any:
    """x (N, C, *sizes) → (N, C, windows, entries), 0 where a place is NOWHERE"""
    flat = ops.reshape(x, (*x.shape[:2], -1))
    return ops.pad(flat, ((0, 0), (0, 0), (0, 1)))[:, :, places]  # NOWHERE is the last place, which is 0
