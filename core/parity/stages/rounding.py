"""How far rounding alone can take two right engines apart in a whole run: asked where an error exceeds the least."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from isograd.core.base.types import Array
from isograd.core.parity.matching import (
    FAR_NUDGES,
    FAR_UNITS,
    FLIPPED,
    KINK_SHARE,
    NOISE_FACTOR,
    NUDGES,
    Difference,
    allowed_by,
    difference,
)
from isograd.core.parity.natures import from_itself
from isograd.core.parity.pair import Named
from isograd.core.parity.stages.training import on_each
from isograd.core.parity.verdict import Row

Key = tuple[str, str]
"""(path, what)"""
Found = Mapping[Key, Array]
Nudge = tuple[int, int]
"""(units in the last place, which draw of their signs)"""

AGAIN: Nudge = (0, 0)
NEAR: Sequence[Nudge] = [(1, draw) for draw in range(NUDGES)]
FAR: Sequence[Nudge] = [(FAR_UNITS * (-1) ** k, 1 + k // 2) for k in range(FAR_NUDGES)]


def least_noise(dtype: str, alone: Sequence[Row]) -> float:
    """The noise floor that no run is below: one unit, or the largest error of a node `alone`."""
    return max([float(np.finfo(dtype).eps), *(row.error for row in alone if not row.failed)])


@dataclass(frozen=True)
class Judged:
    """An error, the limit that judged it, and the noise floor that the limit is a multiple of.

    `kink`: whether the error is one beside the point, where it was more; `unsteady`: whether the floor is no rounding
    and the error no more than such a floor explains: then nobody can say. `own`: how far a side is from itself, run
    again as it was, where the error exceeds the limit.
    """

    gap: Difference
    allowed: float
    noise: float
    kink: bool = False
    unsteady: bool = False
    own: float = 0.0

    @property
    def failed(self) -> bool:
        return self.gap.exceeds(self.allowed)

    @property
    def note(self) -> str:
        """What a report says of the limit."""
        return f"noise floor {self.noise:.1e}{'; beside a kink' if self.kink else ''}"

    def said_of(self, row: Row, *, whole: bool = False) -> Row:
        """The row, with floor and class: where nobody can say, a failure if it is an output of the `whole`, else
        reported."""
        if not self.unsteady:
            return replace(row, noise=self.noise or row.noise).from_itself(lambda: self.own)
        why = f"cannot be judged: one unit in the last place of what is given moves it by {self.noise:.1e}"
        fault = why if whole else None
        return replace(row, allowed=None, fault=fault, unsteady=True, nature=None, noise=self.noise)


ADVICE = "give inputs away from what the code compares, rounds or sorts them by: there it can be judged"


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
        not: an error that is gone at a point a few units away, where both were moved to, was none, where both sides
        turn at that entry as much as they are apart.
        """
        gap, least = difference(*(side.get(key) for side in self.found)), self.least
        if gap.fault is not None:
            return Judged(gap, NOISE_FACTOR * least, least, own=0.0 if gap.structural else self._own(key, 0.0))
        if not gap.exceeds(NOISE_FACTOR * least):
            return Judged(gap, NOISE_FACTOR * least, least)
        added = self.added(key)
        gap = difference(*(side.get(key) for side in self.found), added=added)
        if not gap.exceeds(NOISE_FACTOR * least):
            return Judged(gap, NOISE_FACTOR * least, least)
        noise = max(self._noise(key, added), least)
        allowed = max(NOISE_FACTOR * least, allowed_by(noise))
        if noise >= FLIPPED:
            return Judged(gap, allowed, noise, unsteady=not gap.exceeds(allowed))
        if gap.exceeds(allowed) and self.beside and self._repeats and self._turned(key, gap):
            beside = [difference(*(side.get(key) for side in self._at(nudge)), added=added) for nudge in FAR]
            nearest = min(beside, key=lambda found: found.error)
            if not nearest.exceeds(allowed):
                return Judged(nearest, allowed, noise, kink=True)
        return Judged(gap, allowed, noise, own=self._own(key, added) if gap.exceeds(allowed) else 0.0)

    def _own(self, key: Key, added: float) -> float:
        """How far a side is from itself when it is run again, on the side where it is more."""
        sides = zip(self._at(AGAIN), self.found, strict=True)
        return max(from_itself(found.get(key), again.get(key), added) for again, found in sides)

    def _turned(self, key: Key, gap: Difference) -> bool:
        """Whether each side differs from itself by as much as from the other, at the same entry, between the points
        beside it: there is a kink that the error may come of."""
        with np.errstate(all="ignore"):
            apart = abs(np.subtract(*(side[key][gap.index] for side in self.found), dtype=np.float64))
            beside = [[entry_at(self._at(nudge)[side].get(key), gap.index) for nudge in FAR] for side in (0, 1)]
            return bool(np.all(np.ptp(beside, axis=1) >= KINK_SHARE * apart))

    def _at(self, nudge: Nudge) -> list[Found]:
        """What both sides find at a moved point."""
        if nudge not in self.runs:
            self.runs[nudge] = on_each(self.pair, lambda side: self.moved(side, *nudge))
        return self.runs[nudge]

    @cached_property
    def _repeats(self) -> bool:
        """Whether each side finds what it found, bit for bit, when it is run again; else the error comes and goes."""
        sides = zip(self._at(AGAIN), self.found, strict=True)
        return all(
            key in again and np.array_equal(again[key], v, equal_nan=True) for again, f in sides for key, v in f.items()
        )

    def _noise(self, key: Key, added: float) -> float:
        """How far a side is from itself when it is moved by one unit, on the side where it is less.

        Where the first move turns a kink, others are asked as well.
        """
        found: list[float] = []
        for nudge in NEAR:
            sides = zip(self._at(nudge), self.found, strict=True)
            moves = min(difference(moved.get(key), held.get(key), added=added).error for moved, held in sides)
            found.append(moves if np.isfinite(moves) else 0.0)
            if found[0] < FLIPPED:
                break
        return usual(found)


def usual(noises: Sequence[float]) -> float:
    """The floor that most of several moves show: what turns a kink now and then is no rounding; 0 says nothing.

    >>> usual([0.5, 1e-9, 2e-9]), usual([0.5, 0.0, 0.0]), usual([0.0])
    (2e-09, 0.5, 0.0)
    """
    told = sorted(filter(None, noises))
    return told[len(told) // 2] if told else 0.0


def entry_at(values: Array | None, index: tuple[int, ...]) -> float:
    """What stands there; NaN where a moved run has nothing there."""
    if values is None or len(index) != values.ndim or not all(i < n for i, n in zip(index, values.shape, strict=True)):
        return np.nan
    return float(values[index])
