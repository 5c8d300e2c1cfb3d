"""Windows as gathered places: a table says which place of an image each entry of each window is.

The geometry is worked out here, from the description's own options and from nothing that an engine uses too: an
error in `core/layers/windows.py` is then one that the witness sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array

NOWHERE = -1  # a place that holds 0
GATHERED = 1 << 22  # entries of windows that stand in memory at a time


def each(option: Any, axes: int) -> tuple[Any, ...]:
    """One entry for each axis, of an option that may be one number for all."""
    return option if isinstance(option, tuple) else (option,) * axes


def margins(spec: Any, axes: int) -> list[tuple[int, int]]:
    """(before, after) on each axis, of every form that a convolution's `padding` may have."""
    padding = spec.padding
    if padding == "same":
        totals = [d * (k - 1) for k, d in zip(each(spec.kernel_size, axes), each(spec.dilation, axes), strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    if axes == 1 and isinstance(padding, tuple) and len(padding) == 2:
        return [padding]
    sides = each(0 if padding == "valid" else padding, axes)
    return [side if isinstance(side, tuple) else (side, side) for side in sides]


def covered(starts: Array, kernel: int, dilation: int) -> Array:
    """(windows, kernel): the place that entry u of the window with this start covers, start + d·u"""
    return starts[:, None] + dilation * np.arange(kernel)


def inside(places: Array, size: int) -> Array:
    """The places, NOWHERE where they are none of 0 … size−1."""
    return np.where((places >= 0) & (places < size), places, NOWHERE)


def padded_by(mode: str, places: Array, size: int) -> Array:
    """What stands at places before 0 and from `size` on."""
    match mode:
        case "reflect":
            around = np.abs(places)
            return np.where(around < size, around, 2 * (size - 1) - around)
        case "replicate":
            return np.clip(places, 0, size - 1)
        case "circular":
            return places % size
    return inside(places, size)


def combined(tables: Sequence[Array], sizes: Sequence[int]) -> Array:
    """Tables (windows, entries) of single axes as one of flat places (all windows, all entries), in reading order."""
    places = np.zeros((1, 1), int)
    for table, size in zip(tables, sizes, strict=True):
        here, there = places[:, None, :, None], table[None, :, None, :]
        both = np.where((here == NOWHERE) | (there == NOWHERE), NOWHERE, here * size + there)
        places = both.reshape(len(places) * len(table), -1)
    return places


def flat(ops: Namespace, x: Any) -> Any:
    """x (N, C, *sizes) → (N, C, places + 1): the last is 0, and is what NOWHERE reads"""
    return ops.pad(ops.reshape(x, (*x.shape[:2], -1)), ((0, 0), (0, 0), (0, 1)))


def pieces(rows: int, places: Array) -> Iterator[Array]:
    """The windows, so many at a time that their entries in `rows` channels and samples fit into memory."""
    count = max(1, GATHERED // (rows * places.shape[1]))
    return (places[start : start + count] for start in range(0, len(places), count))
