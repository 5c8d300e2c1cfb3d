"""One node alone ("teacher-forced"): both sides get the same inputs, weights and dy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from isograd.core.base.raised import told_with_line
from isograd.core.parity.added import added_up, peers
from isograd.core.parity.looks import look
from isograd.core.parity.matching import NOISE_FACTOR, TOLERANCE, Difference, Sides, difference
from isograd.core.parity.pair import Pair, in_dtype
from isograd.core.parity.stages.trial import NOT_IMPLEMENTED, RAISED, Outcome, Trial, run_trial
from isograd.core.parity.verdict import Culprit, Row, Verdict
from isograd.core.parity.witness import judge_gradient, judge_output, judge_structure

STAGE = "node"


@dataclass(frozen=True)
class Suspect:
    """What of a trial differs first, not judged yet: the witness costs a forward of the formula, or a few."""

    pair: Pair
    trial: Trial
    row: Row
    found: Difference
    values: Sides
    verdict: Verdict | None = None  # where no witness is needed: an engine raised, or wrote to what it was given

    @property
    def of_a_gradient(self) -> bool:
        return self.row.what.startswith("d")

    def unjudged(self) -> Culprit:
        """The culprit as it stands, nobody having been asked."""
        return self._culprit(self.verdict)

    def judged(self) -> Culprit:
        """With what the witness says."""
        return self._culprit(self.verdict or self._verdict())

    def _culprit(self, verdict: Verdict | None) -> Culprit:
        trial = self.trial
        return self.pair.culprit(
            self.row,
            trial.layer,
            self.found.index,
            self.values,
            verdict,
            mode=trial.mode,
            shapes=[x.shape[1:] for x in trial.inputs],
        )

    def _verdict(self) -> Verdict:
        if self.found.structural:
            return judge_structure(self.trial, self.row.what, self.values)
        judge = judge_gradient if self.of_a_gradient else judge_output
        return judge(self.trial, self.row.what, self.values, self.found.index)


def compare_node(pair: Pair, trial: Trial) -> tuple[list[Row], Culprit | None]:
    """A row for every output, buffer and gradient; the culprit where the first of them differs."""
    rows, suspect = suspected(pair, trial)
    return rows, suspect.judged() if suspect else None


def suspected(pair: Pair, trial: Trial) -> tuple[list[Row], Suspect | None]:
    """The rows of `compare_node`, and what differs first, for a witness to judge."""
    sides = dict(zip(pair.names, (run_trial(backend, trial) for backend in pair.backends), strict=True))
    allowed = TOLERANCE[STAGE, trial.dtype]
    rows: list[Row] = []
    first: Suspect | None = None

    def compared(what: str, found: Difference, limit: float) -> Row:
        rows.append(pair.row(STAGE, trial.dtype, trial.path, what, found, limit, trial.mode))
        return rows[-1]

    stopped = _stopped(sides)
    if stopped is not None:
        what, fault, verdict = stopped
        found = Difference(np.inf, fault=fault)
        first = Suspect(pair, trial, compared(what, found, allowed), found, {}, verdict)
        if any(outcome.raised for outcome in sides.values()):
            return rows, first
    rounding = _Rounding(pair, trial, sides)
    for kind in ("outputs", "gradients"):
        a, b = (getattr(outcome, kind) for outcome in sides.values())
        for what in {**b, **a}:
            found, limit = difference(a.get(what), b.get(what)), allowed
            if found.fault is None and found.exceeds(allowed):
                added = rounding.added(kind, what)
                found = difference(a.get(what), b.get(what), added=added)
                if trial.dtype == "float32" and found.exceeds(allowed):
                    limit = max(allowed, NOISE_FACTOR * rounding.of(kind, what, added))
            row = compared(what, found, limit)
            seen = look((a.get(what), b.get(what)), found.index, around=row.failed)
            row = rows[-1] = replace(row, look=seen)
            if first is None and row.failed:
                values = dict(zip(pair.names, (a.get(what), b.get(what)), strict=True))
                first = Suspect(pair, trial, row, found, values)
    return rows, first


def _stopped(sides: dict[str, Outcome]) -> tuple[str, str, Verdict] | None:
    """(what, fault, verdict) where a side raised, or wrote to what it was given."""
    raised = {name: outcome for name, outcome in sides.items() if outcome.raised is not None}
    if raised:
        told = "; ".join(f"{name} raised {told_with_line(o.raised)}" for name, o in raised.items() if o.raised)
        faults = {str(outcome.fault) for outcome in raised.values()}
        guilty = next(iter(raised)) if len(raised) == 1 else None
        return "run", RAISED if RAISED in faults else NOT_IMPLEMENTED, Verdict("not needed", told, guilty=guilty)
    wrote = {name: outcome.written for name, outcome in sides.items() if outcome.written}
    if wrote:
        told = "; ".join(f"{name} wrote to {', '.join(what)}" for name, what in wrote.items())
        return (
            "inputs",
            "written to",
            Verdict("not needed", told, guilty=next(iter(wrote)) if len(wrote) == 1 else None),
        )
    return None


class _Rounding:
    """What a trial's arrays are made of where an error exceeds the table's; run when first asked.

    That is the size of what was added up, and how far a float32 trial is from itself in float64, on the side where it
    is less.
    """

    def __init__(self, pair: Pair, trial: Trial, sides: dict[str, Outcome]) -> None:
        self.pair, self.trial, self.sides = pair, trial, sides

    @cached_property
    def sizes(self) -> dict[str, float]:
        return added_up(self.trial)

    def added(self, kind: str, what: str) -> float:
        own = self.sizes.get(what, 0.0)
        return max(own, peers(what, *(o.gradients for o in self.sides.values()))) if kind == "gradients" else own

    @cached_property
    def exact(self) -> list[Outcome]:
        trial = self.trial
        wide = replace(trial, inputs=trial.rounded_inputs(), state=in_dtype(trial.state, "float64"), dtype="float64")
        return [run_trial(backend, wide) for backend in self.pair.backends]

    def of(self, kind: str, what: str, added: float) -> float:
        errors = []
        for outcome, exact in zip(self.sides.values(), self.exact, strict=True):
            mine, wide = getattr(outcome, kind)[what], getattr(exact, kind).get(what)
            errors.append(difference(mine, None if wide is None else wide.astype(mine.dtype), added=added).error)
        return min(errors)
