"""The precision ladder: what an error in one dtype is in the other.

Rounding shrinks by about 2²⁹ from float32 to float64; an error in what is computed does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from isograd.core.parity.matching import (
    FLIPPED,
    NOISE_FACTOR,
    RUNG,
    RUNG_SLACK,
    SUSPICIOUS,
    TOLERANCE,
    UNSHRUNK,
    Difference,
)

UNIT = float(np.finfo(np.float32).eps)

LEAST_GROSS = RUNG_SLACK * FLIPPED / RUNG
"""A float64 error from which on no float32 one excuses it."""


def float32_limit(gap: Difference, own: Callable[[], Sequence[float]], wide: Callable[[], Difference]) -> float:
    """What judges a float32 error: the table; beyond it the distance from itself in float64 of the side that is nearer.

    `own` are both sides' distances, `wide` is the same difference in float64; asked where the error is near the table's
    limit, or beyond. One that is as large in float64 is no rounding: the two may be as far apart as both are from
    themselves.
    """
    table = TOLERANCE["node", "float32"]
    if gap.fault is not None or not gap.exceeds(SUSPICIOUS * table):
        return table
    limit = max(table, NOISE_FACTOR * min(own())) if gap.exceeds(table) else table
    if gap.exceeds(limit):
        return limit
    exact = wide()
    shrunk = exact.structural or UNSHRUNK * exact.error < gap.error or not exact.exceeds(TOLERANCE["node", "float64"])
    return limit if shrunk else min(limit, max(sum(own()), UNIT))


def float64_limit(gap: Difference, narrow: Callable[[], Difference]) -> float:
    """What judges a float64 error: the table; beyond it the same in float32, as many times less as rounding is.

    A sum that cancels, a division by what is all but nothing round so: in both dtypes by as many units.
    """
    table = TOLERANCE["node", "float64"]
    if gap.fault is not None or not gap.exceeds(table) or gap.error > LEAST_GROSS:
        return table
    found = narrow()
    return table if found.exceeds(FLIPPED) else max(table, RUNG_SLACK * found.error / RUNG)
