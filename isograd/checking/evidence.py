"""What the runs of a layer showed: each quantity of each run held against what is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from isograd.checking.probes import Probe
from isograd.checking.ran import Instance, Operation, Ran, guarded
from isograd.checking.truth import Exact, exact
from isograd.core.base.errors import SpecError
from isograd.core.base.types import FLOATS, Array
from isograd.core.parity.added import added_up
from isograd.core.parity.matching import NAN, TOLERANCE, Difference, difference, largest
from isograd.core.parity.stages.trial import Trial

MISSING = "missing"


@dataclass
class Result:
    """One run of somebody's operation beside what is right."""

    probe: Probe
    ran: Ran
    truth: Exact
    found: dict[str, Difference] = field(default_factory=dict)

    def wrong(self, what: str) -> bool:
        return what in self.found and self.found[what].exceeds(self.allowed)

    @property
    def allowed(self) -> float:
        return TOLERANCE["node", self.probe.trial.dtype]

    def mine(self, what: str) -> Any:
        return self.ran.values.get(what)


@dataclass
class Evidence:
    """All runs of one operation. `spelt`: its own name of a quantity."""

    layer: Any
    results: dict[str, Result]
    spelt: Mapping[str, str]

    def named(self, what: str) -> str:
        """A quantity as its owner calls it: "dW" for "dweight"."""
        if what.startswith("d") and what[1:] in self.spelt:
            return f"d{self.spelt[what[1:]]}"
        return what

    def of(self, name: str) -> Result | None:
        return self.results.get(name)

    def wrong(self, what: str, name: str) -> bool:
        """Whether a quantity is wrong in the run of this name; False where there is no such run."""
        return name in self.results and self.results[name].wrong(what)

    def right(self, what: str, name: str) -> bool:
        """Whether it is right there."""
        result = self.results.get(name)
        return result is not None and what in result.found and not result.wrong(what)

    def where_wrong(self, what: str) -> list[Result]:
        return [result for result in self.results.values() if result.wrong(what)]

    def main(self) -> list[Result]:
        return [result for result in self.results.values() if result.probe.main]

    def explained(self, what: str, other: Callable[[Trial], Mapping[str, Array]]) -> bool:
        """Whether a quantity is, in every plain run, what `other` makes of it, and not what is right."""
        differs = False
        for result in self.main():
            changed = other(result.probe.trial).get(what)
            if changed is None or not close_to(result.mine(what), changed, result):
                return False
            differs |= result.wrong(what)
        return differs


def close_to(mine: Any, values: Array, result: Result) -> bool:
    """Whether an array of somebody's is `values`, up to rounding."""
    if not isinstance(mine, np.ndarray):
        return False
    return not difference(mine, values).exceeds(result.allowed)


def begun(operation: Operation, trial: Trial, *, transposed: bool) -> Instance:
    """A fresh instance with the weights of a run."""
    kind = FLOATS[trial.dtype]
    state = {name: v.astype(kind) if v.dtype.kind == "f" else v for name, v in trial.state.items()}
    return operation.begin(state, trial.rounded_inputs(), transposed=transposed)


def ran_once(operation: Operation, trial: Trial, *, transposed: bool) -> Ran:
    """One run by a fresh instance, on copies."""
    ran = Ran()
    with guarded(ran, "forward"):
        instance = begun(operation, trial, transposed=transposed)
    if ran.raised:
        if isinstance(ran.raised["forward"], SpecError):
            raise ran.raised["forward"]  # nobody can call it: no fault of what it computes
        return ran
    return instance.run(trial.rounded_inputs(), trial.upstream(), training=trial.training)


def held_against(probe: Probe, ran: Ran, truth: Exact, whats: list[str]) -> Result:
    """Each quantity that came, or was to come, beside what is right."""
    result = Result(probe, ran, truth)
    part = {what: "backward" if what.startswith("d") else "forward" for what in whats}
    sizes: dict[str, float] | None = None
    for what in whats:
        if "forward" in ran.raised or part[what] in ran.raised:
            result.found[what] = Difference(np.inf, fault="raised")
            continue
        mine, right = ran.values.get(what), truth.values.get(what)
        if right is None or np.isnan(right).any():
            continue  # 0/0 has no right answer
        result.found[what] = found = _judged(probe, what, mine, right, result)
        if found.fault is None and found.exceeds(result.allowed) and probe.asked == "values":
            sizes = added_up(probe.trial) if sizes is None else sizes
            added = sizes.get("output" if what == "y" else what, 0.0)
            result.found[what] = difference(np.asarray(mine).astype(right.dtype), right, added=added)
    return result


def _judged(probe: Probe, what: str, mine: Any, right: Array, result: Result) -> Difference:
    """How a quantity differs from what is right, by what the run asks."""
    if mine is None and what.startswith("d") and not right.any():
        return Difference(0.0)  # nothing, where there is nothing
    if not isinstance(mine, np.ndarray):
        return Difference(np.inf, fault=MISSING if mine is None else f"a {type(mine).__name__} in place of an array")
    if mine.dtype.kind not in "fiub":
        return Difference(np.inf, fault=f"an array of {mine.dtype} in place of an array of numbers")
    if mine.shape != right.shape:
        return Difference(np.inf, fault=f"shape {mine.shape}, should be {right.shape}")
    same_kind = mine.astype(right.dtype)
    if probe.asked == "finite":
        bad = np.isfinite(right) & ~np.isfinite(same_kind)
        return Difference(np.inf, first(bad), NAN) if bad.any() else Difference(0.0)
    if what.startswith("dx") and probe.asked == "between":
        ends = np.stack([exact(side)[what] for side in probe.sides])
        outside = np.maximum(ends.min(0) - same_kind, same_kind - ends.max(0))
        worst = first(outside == outside.max())
        return Difference(float(max(outside.max(), 0.0)), worst)
    if what.startswith("dx") and probe.asked == "shared":
        places = tuple(range(2, right.ndim))
        return difference(same_kind.sum(places), right.sum(places), added=largest(right))
    return difference(same_kind, right)


def first(places: Array) -> tuple[int, ...]:
    """Where the first of the places that are marked lies."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(places)), places.shape))
