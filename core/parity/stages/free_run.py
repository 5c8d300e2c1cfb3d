"""Optimizer steps on each side by itself, without restart: where both end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from isograd.core.graph.weights import without_ties
from isograd.core.parity.looks import Course
from isograd.core.parity.matching import FLIPPED, NOISE_FACTOR, TOLERANCE, Difference, difference, largest
from isograd.core.parity.natures import Nature, comes_and_goes, from_itself, of_trajectory
from isograd.core.parity.pair import Pair, in_dtype
from isograd.core.parity.stages.rounding import Found, Key
from isograd.core.parity.stages.training import Result, Stopped, Training, on_each, on_side, rounded, shaken
from isograd.core.parity.verdict import UNITS, Row

STAGE = "free run"


BEGINNING = 4
"""Steps after which a side that does not find what it found is told from one that does."""


def free_run(pair: Pair, training: Training, dtype: str, locked: Sequence[Row] = ()) -> Result:
    """`steps` steps on each side without restart: the weights at the end, and the losses on the way.

    float64 is judged by the table, beyond it by the envelope: how far a side ends from itself when inputs and weights
    are moved by one unit in the last place, and how far apart the `locked` steps were that each was right about. What
    these take far apart is not judged.
    float32 is reported against the envelope. It is that of the first side whose beginning, run a second time, is what
    it was: where the envelope is asked for, one side is run once more, and both begin again.
    """
    note = f"after {training.steps} steps"
    try:
        ends = on_each(pair, lambda k: _end(pair, training, dtype, k))
        envelope, drift = _Envelope(pair, training, dtype, ends), _Drift(training, ends[1], locked)
        allowed = TOLERANCE.get((STAGE, dtype))
        if allowed is None:
            apart = max(envelope.of(key) for key in ends[0])
            note += f"; nudged by one ulp, {envelope.name} ends {apart:.1e} from itself"
        rows = []
        for key in {**ends[1], **ends[0]}:
            gap, limit = difference(*(end.get(key) for end in ends)), allowed
            if limit is not None and gap.fault is None and gap.exceeds(limit):
                limit = max(limit, NOISE_FACTOR * (envelope.of(key) + drift.of(key)))
            row = pair.row(STAGE, dtype, *key, gap, limit, note)
            unsteady = limit is not None and limit >= FLIPPED and not row.failed
            row = replace(row, allowed=None, unsteady=True) if unsteady else row
            rows.append(_classed(row, gap, envelope, drift))
        rows[-1] = replace(rows[-1], course=_course(ends, envelope))
    except Stopped as stop:
        return stop.result(pair, training.optimizer, STAGE, dtype, "steps", note)
    return rows, None


def _course(ends: Sequence[Found], envelope: _Envelope) -> Course:
    """The losses on the way, with those of the moved run where it was asked for."""
    left, right = (tuple(map(float, end[LOSSES])) for end in ends)
    if not envelope.asked:
        return Course((left, right))
    side, moved = envelope.run
    return Course((left, right), tuple(map(float, moved[LOSSES])), side)


def _classed(row: Row, gap: Difference, envelope: _Envelope, drift: _Drift) -> Row:
    """The row by how far a side ends from itself, where that was asked: what the table lets pass needs nobody."""
    if not envelope.asked or gap.fault is not None:
        return row
    key = row.path, row.what
    around = envelope.of(key) + drift.of(key)
    nature = of_trajectory(gap, row.allowed, around, UNITS[row.dtype])
    if envelope.comes_and_goes and nature is not Nature.EXACT:
        nature = Nature.NON_DETERMINISTIC
    return replace(row, nature=nature, noise=max(around, UNITS[row.dtype]))


def _end(
    pair: Pair, training: Training, dtype: str, side: int, *, steps: int | None = None, moved: bool = False
) -> Found:
    """The weights where one side ends, and the loss of every step; of the first `steps` alone."""
    state = shaken(training.model, in_dtype(training.state, dtype), ())[0] if moved else training.state
    net = pair.build_side(side, training.model, state, training.seed, dtype)
    learner = training.learner(net)
    losses = []
    for step in range(1, (steps or training.steps) + 1):
        inputs, targets = training.batch(step)
        given = shaken(training.model, {}, rounded(inputs, dtype))[1] if moved else inputs
        losses.append(learner.step(given, targets, training.optimizer.lr))
    found: Found = {(path, "weights"): values for path, values in without_ties(net.model, net.state_dict()).items()}
    return {**found, LOSSES: np.array(losses)}


LOSSES = ("loss", "of every step")


@dataclass
class _Envelope:
    """How far a side ends from itself, run when first asked."""

    pair: Pair
    training: Training
    dtype: str
    ends: Sequence[Found]

    @property
    def asked(self) -> bool:
        return "run" in vars(self)

    @property
    def name(self) -> str:
        return self.pair.names[self.run[0]]

    @cached_property
    def own(self) -> list[float]:
        """How far the losses of each side's beginning are from those that it had, run again as it was."""
        few = min(BEGINNING, self.training.steps)
        found = []
        for side, end in enumerate(self.ends):
            again = on_side(self.pair, side, lambda k: _end(self.pair, self.training, self.dtype, k, steps=few))
            found.append(from_itself(end[LOSSES][:few], again[LOSSES]))
        return found

    @property
    def comes_and_goes(self) -> bool:
        """Whether what the sides' beginnings differ by comes of one that does not find what it found."""
        few = min(BEGINNING, self.training.steps)
        return comes_and_goes(difference(*(end[LOSSES][:few] for end in self.ends)).error, max(self.own))

    @cached_property
    def run(self) -> tuple[int, Found]:
        """(side, where it ends, moved): the first that ends where it ended, or the left where neither does."""
        side = next((side for side, own in enumerate(self.own) if own == 0), 0)
        moved = on_side(self.pair, side, lambda k: _end(self.pair, self.training, self.dtype, k, moved=True))
        return side, moved

    def of(self, key: Key) -> float:
        """How far it ends from itself; 0 where that is no number, or neither side ends where it ended."""
        side, moved = self.run
        error = difference(moved.get(key), self.ends[side].get(key)).error
        return error if np.isfinite(error) and not all(self.own) else 0.0


@dataclass
class _Drift:
    """How far apart steps that were each right, by the rules from their own gradients, can have taken the sides."""

    training: Training
    end: Found
    locked: Sequence[Row]

    def of(self, key: Key) -> float:
        """A share of the tensor itself for what moved it, of the largest weight or buffer for what moved others."""
        return self._by_path.get(key[0], 0.0) / (largest(self.end[key]) or 1.0) + self._others

    @cached_property
    def _by_path(self) -> dict[str, float]:
        found: dict[str, float] = defaultdict(float)
        for row in self.locked:
            found[row.path] += row.apart or 0.0
        return found

    @cached_property
    def _others(self) -> float:
        """Of all that moved, as a share of the largest."""
        moved = sum(self._by_path.get(path, 0.0) for path in self.training.state)
        return moved / (max((largest(self.end[path, "weights"]) for path in self.training.state), default=0.0) or 1.0)
