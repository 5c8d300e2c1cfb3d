"""How far rounding alone can take two right engines apart in a whole run: asked where an error exceeds the least."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from isograd.core.base.types import Array
from isograd.core.parity.matching import FAR_NUDGES, FAR_UNITS, NOISE_FACTOR, Difference, allowed_by, difference
from isograd.core.parity.pair import Named
from isograd.core.parity.stages.training import on_each
from isograd.core.parity.verdict import Row

Key = tuple[str, str]
"""(path, what)"""
Found = Mapping[Key, Array]
Nudge = tuple[int, int]
"""(units in the last place, which draw of their signs)"""

ONE: Nudge = (1, 0)
FAR: Sequence[Nudge] = [(FAR_UNITS, draw) for draw in range(1, 1 + FAR_NUDGES)]


def least_noise(dtype: str, alone: Sequence[Row]) -> float:
    """The noise floor that no run is below: one unit, or the largest error of a node `alone`."""
    return max([float(np.finfo(dtype).eps), *(row.error for row in alone if not row.failed)])


@dataclass(frozen=True)
class Judged:
    """An error, the limit that judged it, and the noise floor that the limit is a multiple of."""

    gap: Difference
    allowed: float
    noise: float


@dataclass
class Rounding:
    """What both sides found in one whole run, and how to run it again.

    `least`: the noise floor that no run is below. `moved(side, units, draw)`: what a side finds when every input and
    weight is moved by so many units in the last place. `added(key)`: the size of what was added up
    (core/parity/added.py). `beside`: whether errors are looked for again beside a kink, which takes ten runs; where a
    node is wrong by itself, what comes of it needs no other cause.
    """

    pair: Named
    found: tuple[Found, Found]
    least: float
    moved: Callable[[int, int, int], Found]
    added: Callable[[Key], float]
    beside: bool = True
    runs: dict[Nudge, list[Found]] = field(default_factory=dict)

    def judge(self, key: Key) -> Judged:
        """The error against the least floor; beyond it as a share of what was added up, against the measured floor.

        Two right engines may stand on either side of a kink, and their gradients are then far apart. Beside it they are
        not: an error that is gone at a point a few units away, where both were moved to, was none.
        """
        gap, least = difference(*(side.get(key) for side in self.found)), self.least
        if gap.fault is not None or not gap.exceeds(NOISE_FACTOR * least):
            return Judged(gap, NOISE_FACTOR * least, least)
        added = self.added(key)
        gap = difference(*(side.get(key) for side in self.found), added=added)
        if not gap.exceeds(NOISE_FACTOR * least):
            return Judged(gap, NOISE_FACTOR * least, least)
        noise = max(self._noise(key, added), least)
        allowed = max(NOISE_FACTOR * least, allowed_by(noise))
        if gap.exceeds(allowed) and self.beside and self._repeats:
            beside = [difference(*(side.get(key) for side in self._at(nudge)), added=added) for nudge in FAR]
            nearest = min(beside, key=lambda found: found.error)
            gap = gap if nearest.exceeds(allowed) else nearest
        return Judged(gap, allowed, noise)

    def _at(self, nudge: Nudge) -> list[Found]:
        """What both sides find at a moved point."""
        if nudge not in self.runs:
            self.runs[nudge] = on_each(self.pair, lambda side: self.moved(side, *nudge))
        return self.runs[nudge]

    @cached_property
    def _repeats(self) -> bool:
        """Whether each side finds what it found, bit for bit, when it is run again; else the error comes and goes."""
        sides = zip(self._at((0, 0)), self.found, strict=True)
        return all(
            key in again and np.array_equal(again[key], v, equal_nan=True) for again, f in sides for key, v in f.items()
        )

    def _noise(self, key: Key, added: float) -> float:
        """How far a side is from itself when it is moved by one unit, on the side where it is less."""
        sides = zip(self._at(ONE), self.found, strict=True)
        noise = min(difference(moved.get(key), found.get(key), added=added).error for moved, found in sides)
        return noise if np.isfinite(noise) else 0.0
