"""The six classes of a difference: what kind it is, beyond how large."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from isograd.core.base.types import Array
from isograd.core.parity.matching import NOISE_FACTOR, REPEAT_FACTOR, Difference, difference


class Nature(StrEnum):
    """What a difference between two engines is.

    EXACT: none, bit for bit. ROUNDING: what the order of operations explains; it shrinks by about 2²⁹ from float32 to
    float64. CONVENTION: a named option of the description makes it vanish. NON_DETERMINISTIC: a side does not find what
    it found when it is run again. CHAOTIC: a trajectory that leaves the other no faster than it leaves itself when it
    starts one unit in the last place away. BUG: none of these.
    """

    EXACT = "EXACT"
    ROUNDING = "ROUNDING"
    CONVENTION = "CONVENTION"
    NON_DETERMINISTIC = "NON-DETERMINISTIC"
    CHAOTIC = "CHAOTIC"
    BUG = "BUG"


NOT_IMPLEMENTED, RAISED = "not implemented", "raised"
"""Faults of an engine that computes nothing: it says itself that it lacks what is asked for, or it raised."""


def nature_of(gap: Difference, allowed: float | None) -> Nature | None:
    """The class of a difference as its limit judges it; None where an engine lacks it, or nothing is judged.

    >>> print(nature_of(Difference(1e-16), 1e-12), nature_of(Difference(1e-9), 1e-12), nature_of(Difference(0.5), None))
    ROUNDING BUG None
    """
    if gap.fault == NOT_IMPLEMENTED:
        return None
    if gap.fault is not None or (allowed is not None and gap.exceeds(allowed)):
        return Nature.BUG
    if gap.exact:
        return Nature.EXACT
    return None if allowed is None else Nature.ROUNDING


def of_trajectory(gap: Difference, allowed: float | None, envelope: float, unit: float) -> Nature | None:
    """The class of where a trajectory ends, `envelope` being how far it ends from itself, begun one `unit` away.

    Within the envelope it leaves the other no faster than itself: rounding, or chaos where it does leave itself. Beyond
    it a limit says that it is wrong; where there is none nobody can say.
    """
    if gap.exact or gap.fault is not None or gap.error > NOISE_FACTOR * max(envelope, unit):
        return nature_of(gap, allowed)
    return Nature.CHAOTIC if envelope > NOISE_FACTOR * unit else Nature.ROUNDING


def comes_and_goes(error: float, own: float) -> bool:
    """Whether an error is explained by what a side differs by from itself, run again as it was: `own`."""
    return own > 0 and error <= REPEAT_FACTOR * own


def from_itself(before: Array | None, again: Array | None, added: float = 0.0) -> float:
    """How far a side is from itself, run again: 0 where it finds bit for bit what it found, NaN included.

    >>> from_itself(np.array([1.0, np.nan]), np.array([1.0, np.nan])), from_itself(np.array([2.0]), np.array([1.0]))
    (0.0, 1.0)
    """
    if before is again or (before is not None and again is not None and _same(before, again)):
        return 0.0
    return difference(before, again, added=added).error


def _same(before: Array, again: Array) -> bool:
    return bool(np.array_equal(before, again, equal_nan=np.asarray(before).dtype.kind == "f"))
