"""One node alone ("teacher-forced"): both sides get the same inputs, weights and dy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from isograd.core.base.raised import told_with_line
from isograd.core.parity.conventions.explaining import as_conventions, explain_node, explained
from isograd.core.parity.matching import SUSPICIOUS, TOLERANCE, Difference, Sides, difference
from isograd.core.parity.natures import NOT_IMPLEMENTED, RAISED
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.reruns import Reruns
from isograd.core.parity.stages.trial import Outcome, Trial, run_trial
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
    reruns: Reruns | None = None

    @property
    def of_a_gradient(self) -> bool:
        return self.row.what.startswith("d")

    def unjudged(self) -> Culprit:
        """The culprit as it stands, nobody having been asked."""
        return self._culprit(self.verdict)

    def judged(self) -> Culprit:
        """With what the witness says, and the convention that the guilty side follows, if any."""
        culprit, backends = self._culprit(self.verdict or self._verdict()), self.pair.backends
        return explained(culprit, self.pair.names, lambda k: explain_node(self.trial, backends[k], self.row.what))

    def measured(self, rows: Sequence[Row]) -> list[Row]:
        """The trial's rows, those that failed with their noise floors: several runs more."""
        reruns = self.reruns
        return [reruns.measured(row) if row.failed and reruns is not None else row for row in rows]

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
    culprit = suspect.judged() if suspect else None
    return as_conventions(rows, culprit), culprit


def suspected(pair: Pair, trial: Trial, *, again: bool = True) -> tuple[list[Row], Suspect | None]:
    """The rows of `compare_node`, and what differs first, for a witness to judge.

    `again`: whether a trial that fails is run again, to see whether its error comes and goes.
    """
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
    reruns = Reruns(pair, trial, (sides[pair.names[0]], sides[pair.names[1]]))
    for kind in ("outputs", "gradients"):
        a, b = (getattr(outcome, kind) for outcome in sides.values())
        for what in {**b, **a}:
            found, limit = reruns.weighed(kind, what, difference(a.get(what), b.get(what)))
            row = compared(what, found, limit)
            if row.failed and again:
                rows[-1] = row = row.from_itself(partial(reruns.repeated, kind, what))
            elif not row.failed and found.exceeds(SUSPICIOUS * limit):
                rows[-1] = reruns.measured(row)
            if first is None and row.failed:
                values = dict(zip(pair.names, (a.get(what), b.get(what)), strict=True))
                first = Suspect(pair, trial, row, found, values, reruns=reruns)
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
