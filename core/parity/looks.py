"""What is kept of two compared arrays for a reader to look at: extents, the worst entry, what stands around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isograd.core.base.types import Array, Shape

Patch = tuple[tuple[float, ...], ...]
BESIDE = 1, 2  # rows and columns on either side of the worst entry


@dataclass(frozen=True)
class Extent:
    """One array in four numbers; `strange` counts the entries that are NaN or infinite and left out of them."""

    low: float
    mean: float
    high: float
    deviation: float
    strange: int = 0

    @classmethod
    def of(cls, values: Array) -> Extent:
        wide = np.asarray(values, np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            known = np.isfinite(wide.sum())
        finite = wide if known else wide[np.isfinite(wide)]
        if not finite.size:
            return cls(np.nan, np.nan, np.nan, np.nan, wide.size)
        with np.errstate(over="ignore", invalid="ignore"):
            told = (finite.min(), finite.mean(), finite.max(), finite.std())
        low, mean, high, deviation = map(float, told)
        return cls(low, mean, high, deviation, wide.size - finite.size)


@dataclass(frozen=True)
class Look:
    """Both sides of one comparison: extents, the worst entry, and the `around` of it where they differ.

    `around` are both sides' entries in a few rows and columns of the last two axes, from `corner` on; () where the
    comparison passed.
    """

    shape: Shape
    index: tuple[int, ...]
    extents: tuple[Extent, Extent]
    entries: tuple[float, float]
    corner: tuple[int, int] = (0, 0)
    around: tuple[Patch, ...] = ()


@dataclass(frozen=True)
class Course:
    """The losses of a free run, step by step: of both sides, and of the `mover` moved by one unit in the last place.

    `moved` is () where nobody asked for that run.
    """

    sides: tuple[tuple[float, ...], tuple[float, ...]]
    moved: tuple[float, ...] = ()
    mover: int = 0  # which of the sides


def look(values: Sequence[Array | None], index: tuple[int, ...], *, around: bool) -> Look | None:
    """What is kept of two arrays of one shape; None where there are no two such arrays, or nothing in them."""
    a, b = values
    if not isinstance(a, (np.ndarray, np.generic)) or not isinstance(b, (np.ndarray, np.generic)):
        return None
    if a.shape != b.shape or not a.size or len(index) != a.ndim:
        return None
    extents = Extent.of(a), Extent.of(b)
    entries = float(a[index]), float(b[index])
    if not around:
        return Look(a.shape, index, extents, entries)
    at = index if len(index) > 1 else (0, *(index or (0,)))
    (top, bottom), (left, right) = ((max(0, i - k), i + k + 1) for i, k in zip(at[-2:], BESIDE, strict=True))
    planes = (_plane(side, index) for side in (a, b))
    return Look(a.shape, index, extents, entries, (top, left), tuple(_rows(p[top:bottom, left:right]) for p in planes))


def _plane(values: Array, index: tuple[int, ...]) -> Array:
    """The last two axes at an index; of fewer axes one row."""
    wide = np.asarray(values, np.float64)
    return wide[index[:-2]] if wide.ndim > 1 else wide.reshape(1, -1)


def _rows(patch: Array) -> Patch:
    return tuple(tuple(map(float, row)) for row in patch)
