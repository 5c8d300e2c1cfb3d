"""One trial run again: as it is, a last place off, its samples in another order, in the other dtype; each when asked.

What a difference is follows from these. As it is: whether it comes and goes. In the other dtype: whether it shrinks, as
rounding does and an error in what is computed does not. Moved, or with its sums in another order: the noise floor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from isograd.core.base.types import State
from isograd.core.parity.added import added_up, peers
from isograd.core.parity.ladder import float32_limit, float64_limit
from isograd.core.parity.matching import NOISE_FACTOR, NUDGES, TOLERANCE, Difference, difference, nudged, nudged_given
from isograd.core.parity.natures import from_itself
from isograd.core.parity.pair import Pair, in_dtype
from isograd.core.parity.stages.rounding import usual
from isograd.core.parity.stages.trial import Outcome, Trial, run_trial
from isograd.core.parity.verdict import Row


@dataclass
class Reruns:
    """A trial, what each side made of it, and what it makes of it again. `kind`: "outputs" or "gradients"."""

    pair: Pair
    trial: Trial
    sides: tuple[Outcome, Outcome]

    def weighed(self, kind: str, what: str, gap: Difference) -> tuple[Difference, float]:
        """The error, beyond the table a share of what was added up, and the limit that judges it."""
        dtype, added = self.trial.dtype, 0.0
        if gap.fault is None and gap.exceeds(TOLERANCE["node", dtype]):
            added = self._added(kind, what)
            gap = self._apart(self.sides, kind, what, added)

        def other() -> Difference:
            return self._apart(self.other, kind, what, added)

        if dtype == "float64":
            return gap, float64_limit(gap, other)
        return gap, float32_limit(gap, lambda: [self._of_itself(kind, what, side, added) for side in (0, 1)], other)

    def repeated(self, kind: str, what: str) -> float:
        """How far a side is from itself when the trial is run again, on the side where it is more."""
        pairs = zip(self.sides, self.again, strict=True)
        return max(from_itself(getattr(side, kind).get(what), getattr(again, kind).get(what)) for side, again in pairs)

    def measured(self, row: Row) -> Row:
        """The row with its noise floor: how far a side is from itself, on the side where it is less.

        Moved by one unit in the last place, as most of several draws have it; or with its samples in another order,
        which changes the order of sums over the batch (of what treats samples alike: else it says nothing).
        """
        kind = next((kind for kind in ("outputs", "gradients") if row.what in getattr(self.sides[1], kind)), "")
        if not kind or row.noise is None:
            return row
        added = self._added(kind, row.what) if row.failed else 0.0
        nudges = usual([self._moves(moved, kind, row.what, added) for moved in self.nudged])
        noise = max(row.noise, nudges)
        order = self._moves(self.reordered, kind, row.what, added)
        return replace(row, noise=max(noise, order) if order <= NOISE_FACTOR * noise else noise)

    def _moves(self, moved: tuple[Outcome, Outcome], kind: str, what: str, added: float) -> float:
        pairs = zip(moved, self.sides, strict=True)
        found = min(difference(*(getattr(o, kind).get(what) for o in each), added=added).error for each in pairs)
        return found if np.isfinite(found) else 0.0

    def _apart(self, sides: tuple[Outcome, Outcome], kind: str, what: str, added: float) -> Difference:
        return difference(*(getattr(side, kind).get(what) for side in sides), added=added)

    def _of_itself(self, kind: str, what: str, side: int, added: float) -> float:
        """How far a float32 side is from itself in float64."""
        mine, wide = (getattr(sides[side], kind).get(what) for sides in (self.sides, self.other))
        return difference(mine, None if wide is None else wide.astype(mine.dtype), added=added).error

    @cached_property
    def _sizes(self) -> dict[str, float]:
        return added_up(self.trial)

    def _added(self, kind: str, what: str) -> float:
        """The size of what was added up."""
        own = self._sizes.get(what, 0.0)
        return max(own, peers(what, *(o.gradients for o in self.sides))) if kind == "gradients" else own

    @cached_property
    def again(self) -> tuple[Outcome, Outcome]:
        return self._run(self.trial)

    @cached_property
    def other(self) -> tuple[Outcome, Outcome]:
        """The same numbers in the other dtype."""
        trial = self.trial
        dtype = "float64" if trial.dtype == "float32" else "float32"
        return self._run(trial.changed(inputs=trial.rounded_inputs(), state=in_dtype(trial.state, dtype), dtype=dtype))

    @cached_property
    def nudged(self) -> list[tuple[Outcome, Outcome]]:
        trial, held = self.trial, in_dtype(self.trial.state, self.trial.dtype)
        buffers = trial.layer.buffers(*(x.shape[1:] for x in trial.inputs))
        found = []
        for draw in range(NUDGES):
            state = {k: (nudged_given if k in buffers else nudged)(v, 1, draw) for k, v in held.items()}
            inputs = tuple(nudged_given(x, 1, draw) for x in trial.rounded_inputs())
            found.append(self._run(trial.changed(inputs=inputs, state=state)))
        return found

    @cached_property
    def reordered(self) -> tuple[Outcome, Outcome]:
        """The samples from the last to the first, and back."""
        trial = self.trial
        if trial.rows < 2 or not all(form.batch_first for form in trial.forms):
            return self.sides
        dys = tuple(dy[::-1].copy() for dy in trial.upstream())
        turned = self._run(trial.changed(inputs=tuple(x[::-1].copy() for x in trial.inputs), given=dys))
        return self._back(turned[0]), self._back(turned[1])

    def _back(self, turned: Outcome) -> Outcome:
        def back(found: State, of: str) -> State:
            return {name: v[::-1] if name.startswith(of) and np.ndim(v) else v for name, v in found.items()}

        return replace(turned, outputs=back(turned.outputs, "output"), gradients=back(turned.gradients, "dx"))

    def _run(self, trial: Trial) -> tuple[Outcome, Outcome]:
        left, right = (run_trial(backend, trial) for backend in self.pair.backends)
        return left, right
