"""The six classes of a difference: what kind it is, beyond how large."""

from __future__ import annotations

from enum import StrEnum


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
