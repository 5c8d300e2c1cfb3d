"""Constant factors between what came and what is right, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from isograd.core.base.types import Array
from isograd.core.parity.matching import GRADIENT_CHECK, TOLERANCE, difference, largest

FACTORS: dict[str, Callable[[int, int], float]] = {
    "N": lambda rows, entries: rows,
    "1/N": lambda rows, entries: 1 / rows,
    "N·C (C entries a sample)": lambda rows, entries: entries,
    "1/(N·C) (C entries a sample)": lambda rows, entries: 1 / entries,
    "C (entries a sample)": lambda rows, entries: entries / rows,
    "1/C (C entries a sample)": lambda rows, entries: rows / entries,
    "−1": lambda rows, entries: -1.0,
}
"""{in words: what it is of so many rows and entries}"""


def factor_between(mine: Any, right: Array) -> float | None:
    """c where mine = c · right, entry by entry.

    >>> factor_between(np.array([2.0, 4.0]), np.array([1.0, 2.0])), factor_between(np.zeros(1), np.array([1.0]))
    (2.0, None)
    """
    if not isinstance(mine, np.ndarray) or mine.size != right.size or not largest(right):
        return None
    mine = mine.reshape(right.shape).astype(np.float64)
    at = np.unravel_index(int(np.argmax(np.abs(right))), right.shape)
    c = float(mine[at] / right[at])
    if not np.isfinite(c) or c == 0 or difference(mine, c * right).exceeds(TOLERANCE["node", "float64"]):
        return None
    return c


def told_factor(runs: Sequence[tuple[int, int, float | None]], *, exact: bool = True) -> str | None:
    """The factors of (rows, entries, c) in words: one rule for all of them, or the same number.

    >>> told_factor([(1, 3, 1.0), (5, 15, 5.0)]), told_factor([(1, 3, 2.0), (5, 15, 2.0)])
    ('N', '2')
    """
    close = TOLERANCE["node", "float64"] if exact else GRADIENT_CHECK
    found = [(rows, entries, c) for rows, entries, c in runs if c is not None]
    if not found or len(found) < len(runs):
        return None
    for words, rule in FACTORS.items():
        if all(abs(c / rule(rows, entries) - 1) < 10 * close for rows, entries, c in found):
            return words
    first = found[0][2]
    same = all(abs(c / first - 1) < 10 * close for *_, c in found)
    return f"{first:.4g}" if same and abs(first - 1) > 10 * close else None
