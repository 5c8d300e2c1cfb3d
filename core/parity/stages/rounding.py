"""How far rounding alone can take two right engines apart in a whole run: asked where an error exceeds the least."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from isograd.core.base.types import Array
from isograd.core.parity.matching import FAR_NUDGES, NOISE_FACTOR, Difference, allowed_by, difference
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.training import on_each

Key = tuple[str, str]
"""(path, what)"""
Found = Mapping[Key, Array]
Nudge = tuple[int, int]
"""(units in the last place, which draw of their signs)"""

FAR: Sequence[Nudge] = [
    (units, draw) for draw in range(FAR_NUDGES) for units in (int(NOISE_FACTOR), -int(NOISE_FACTOR))
]
"""Each draw and its opposite: of two sides on either side of a kink, one turns it here and the other there."""


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
    (core/parity/added.py).
    """

    pair: Pair
    found: tuple[Found, Found]
    least: float
    moved: Callable[[int, int, int], Found]
    added: Callable[[Key], float]
    runs: dict[Nudge, list[Found]] = field(default_factory=dict)

    def judge(self, key: Key) -> Judged:
        """The error against the least floor; beyond it as a share of what was added up, against the measured floor."""
        left, right = (side.get(key) for side in self.found)
        gap, least = difference(left, right), self.least
        if gap.fault is not None or not gap.exceeds(NOISE_FACTOR * least):
            return Judged(gap, NOISE_FACTOR * least, least)
        added = self.added(key)
        gap = difference(left, right, added=added)
        if not gap.exceeds(NOISE_FACTOR * least):
            return Judged(gap, NOISE_FACTOR * least, least)
        noise = max(self._noise(key, added, [(1, 0)]), least)
        allowed = max(NOISE_FACTOR * least, allowed_by(noise))
        if gap.exceeds(allowed):
            allowed = max(allowed, 2 * self._noise(key, added, FAR))
        return Judged(gap, allowed, noise)

    def _noise(self, key: Key, added: float, nudges: Sequence[Nudge]) -> float:
        """How far a moved run is from the one that was not, the farthest, on the side where it is less."""
        for nudge in nudges:
            if nudge not in self.runs:
                self.runs[nudge] = on_each(self.pair, lambda side, of=nudge: self.moved(side, *of))  # type: ignore[misc]
        sides = []
        for side, found in enumerate(self.found):
            moves = [difference(self.runs[nudge][side].get(key), found.get(key), added=added).error for nudge in nudges]
            sides.append(max((move for move in moves if np.isfinite(move)), default=0.0))
        return min(sides)
