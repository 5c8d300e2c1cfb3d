"""Optimizer steps on each side by itself, without restart: where both end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from isograd.core.graph.weights import without_ties
from isograd.core.parity.looks import Course
from isograd.core.parity.matching import FLIPPED, NOISE_FACTOR, TOLERANCE, difference, largest
from isograd.core.parity.pair import Pair, in_dtype
from isograd.core.parity.stages.rounding import Found, Key
from isograd.core.parity.stages.training import Result, Stopped, Training, on_each, on_side, rounded, shaken
from isograd.core.parity.verdict import Row

STAGE, THE_LOSSES = "free run", ("loss", "of every step")


def free_run(pair: Pair, training: Training, dtype: str, locked: Sequence[Row] = ()) -> Result:
    """`steps` steps on each side without restart: the weights at the end, and the losses on the way.

    float64 is judged by the table, beyond it by the envelope: how far a side ends from itself when inputs and weights
    are moved by one unit in the last place, and how far apart the `locked` steps were that each was right about. What
    these take far apart is not judged.
    float32 is reported against the envelope. It counts of a side that ends where it ended before, run a second time.
    """
    note = f"after {training.steps} steps"
    try:
        ends = on_each(pair, lambda k: _end(pair, training, dtype, k))
        envelope, drift = _Envelope(pair, training, dtype, ends), _Drift(training, ends[1], locked)
        allowed = TOLERANCE.get((STAGE, dtype))
        if allowed is None:
            apart = max(envelope.apart(0, key) for key in ends[0])
            note += f"; nudged by one ulp, {pair.names[0]} ends {apart:.1e} from itself"
        rows = []
        for key in {**ends[1], **ends[0]}:
            gap, limit = difference(*(end.get(key) for end in ends)), allowed
            if limit is not None and gap.fault is None and gap.exceeds(limit):
                limit = max(limit, NOISE_FACTOR * (envelope.of(key) + drift.of(key)))
            row = pair.row(STAGE, dtype, *key, gap, limit, note)
            unsteady = limit is not None and limit >= FLIPPED and not row.failed
            rows.append(replace(row, allowed=None, unsteady=True) if unsteady else row)
        rows[-1] = replace(rows[-1], course=_course(ends, envelope))
    except Stopped as stop:
        return stop.result(pair, training.optimizer, STAGE, dtype, "steps", note)
    return rows, None


def _course(ends: Sequence[Found], envelope: _Envelope) -> Course:
    """The losses on the way, with those of the moved run where it was asked for."""
    left, right, *moved = (
        tuple(map(float, found[THE_LOSSES])) for found in (*ends, *filter(None, [envelope.moved.get(0)]))
    )
    return Course((left, right), *moved)


def _end(pair: Pair, training: Training, dtype: str, side: int, *, moved: bool = False) -> Found:
    """The weights where one side ends, and the loss of every step."""
    state = shaken(training.model, in_dtype(training.state, dtype), ())[0] if moved else training.state
    net = pair.build_side(side, training.model, state, training.seed, dtype)
    learner = training.learner(net)
    losses = []
    for step in range(1, training.steps + 1):
        inputs, targets = training.batch(step)
        given = shaken(training.model, {}, rounded(inputs, dtype))[1] if moved else inputs
        losses.append(learner.step(given, targets, training.optimizer.lr))
    found: Found = {(path, "weights"): values for path, values in without_ties(net.model, net.state_dict()).items()}
    return {**found, THE_LOSSES: np.array(losses)}


@dataclass
class _Envelope:
    """How far each side ends from itself, run when first asked."""

    pair: Pair
    training: Training
    dtype: str
    ends: Sequence[Found]
    moved: dict[int, Found] = field(default_factory=dict)

    @cached_property
    def reproducible(self) -> list[int]:
        """The sides that end where they did when they are run as before."""
        sides = range(len(self.ends))
        again = [on_side(self.pair, side, lambda k: _end(self.pair, self.training, self.dtype, k)) for side in sides]
        return [
            side
            for side in sides
            if all(np.array_equal(values, again[side][key], equal_nan=True) for key, values in self.ends[side].items())
        ]

    def apart(self, side: int, key: Key) -> float:
        """How far a side ends from itself; 0 where what a nudge makes is no number."""
        if side not in self.moved:
            self.moved[side] = on_side(
                self.pair, side, lambda k: _end(self.pair, self.training, self.dtype, k, moved=True)
            )
        error = difference(self.moved[side].get(key), self.ends[side].get(key)).error
        return error if np.isfinite(error) else 0.0

    def of(self, key: Key) -> float:
        """The largest of the sides that count."""
        return max((self.apart(side, key) for side in self.reproducible), default=0.0)


@dataclass
class _Drift:
    """How far apart steps that were each right, by the rules from their own gradients, can have taken the sides."""

    training: Training
    end: Found
    locked: Sequence[Row]

    def of(self, key: Key) -> float:
        """A share of the tensor itself for what moved it, of the largest weight or buffer for what moved others."""
        own = sum(row.apart or 0.0 for row in self.locked if row.path == key[0])
        others = sum(row.apart or 0.0 for row in self.locked if row.path in self.training.state)
        size = max(largest(self.end[path, "weights"]) for path in self.training.state)
        return own / (largest(self.end[key]) or 1.0) + others / (size or 1.0)
