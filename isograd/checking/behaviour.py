"""How an operation behaves: what it leaves alone, a second call, arrays of other kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from isograd.checking.evidence import Evidence, Result, begun, close_to, held_against, ran_once
from isograd.checking.probes import Probe
from isograd.checking.ran import Operation, Ran
from isograd.checking.report import MANNERS, Criterion, Finding
from isograd.checking.truth import exact
from isograd.core.base.types import Array, Arrays
from isograd.core.parity.matching import NOISE_FACTOR, difference
from isograd.core.parity.stages.trial import Trial

Findings = list[Finding]


def behaviours(
    operation: Operation, evidence: Evidence, trial: Trial, whats: list[str], transposed: bool
) -> Iterator[Criterion]:
    """A criterion for each of MANNER; of what did not even run none is judged."""
    asked = Asked(operation, evidence, trial, whats, transposed)
    for name, judge in MANNER.items():
        if asked.first.ran.raised:
            yield Criterion(name, MANNERS, 0, 0)
        else:
            findings = judge(asked)
            yield Criterion(name, MANNERS, int(not findings), 1, tuple(findings))


class Asked:
    """An operation, and what is known of its plain run."""

    def __init__(
        self, operation: Operation, evidence: Evidence, trial: Trial, whats: list[str], transposed: bool
    ) -> None:
        self.operation, self.evidence, self.trial = operation, evidence, trial
        self.transposed = transposed
        self.first = evidence.results["batch"]
        self.right = [what for what in whats if not self.first.wrong(what)]

    def run(self, inputs: Arrays, dys: Arrays) -> Ran:
        """A fresh instance on these very arrays."""
        return begun(self.operation, self.trial, transposed=self.transposed).run(
            inputs, dys, training=self.trial.training
        )

    def told(self, ran: Ran, words: str, name: str) -> Findings:
        """A finding where a run that should be as the plain one raises, or what was right there is wrong."""
        if ran.raised:
            part = next(iter(ran.raised))
            return [Finding(name, f"{part} raises {ran.told(part)} {words}")]
        result = held_against(Probe(name, words, self.trial), ran, self.first.truth, self.right)
        wrong = [self.evidence.named(what) for what in self.right if result.wrong(what)]
        verb = "is" if len(wrong) == 1 else "are"
        return [Finding(name, f"{' and '.join(wrong)} {verb} wrong {words}")] if wrong else []


def left_alone(asked: Asked) -> Findings:
    """Inputs and dy are the same after a run as before it."""
    inputs, dys = asked.trial.rounded_inputs(), asked.trial.upstream()
    kept = [v.copy() for v in (*inputs, *dys)]
    asked.run(inputs, dys)
    names = [f"x{k or ''}" for k in range(len(inputs))] + [f"dy{k or ''}" for k in range(len(dys))]
    pairs = zip(names, kept, (*inputs, *dys), strict=True)
    wrote = [name for name, old, new in pairs if not np.array_equal(old, new, equal_nan=True)]
    told = f"{' and '.join(wrote)} {'is' if len(wrote) == 1 else 'are'} written to: work on a copy"
    return [Finding("written to", told)] if wrote else []


def second_call(asked: Asked) -> Findings:
    """The same object again: on other values, then on the first ones, where everything is as it was."""
    trial = asked.trial
    other = replace(trial, inputs=tuple(_others(x) for x in trial.inputs), given=tuple(-dy for dy in trial.upstream()))
    instance = begun(asked.operation, trial, transposed=asked.transposed)
    before = instance.run(other.rounded_inputs(), other.upstream(), training=trial.training)
    ran = instance.run(trial.rounded_inputs(), trial.upstream(), training=trial.training)
    right = [what for what in asked.right if not what.startswith("buffer")]
    if not ran.raised:
        truth = exact(other)
        for what in (what for what in right if what.startswith("d")):
            own = asked.first.truth[what]
            result = Result(Probe("", "", trial), ran, asked.first.truth)
            summed = close_to(ran.values.get(what), own + truth[what], result)
            if summed and np.any(truth[what]) and before.values.get(what) is not None:
                told = f"{asked.evidence.named(what)} is added to that of the call before: begin each backward from 0"
                return [Finding("accumulates", told)]
    moved = any(what.startswith("buffer") for what in asked.right)
    findings = asked.told(_without_buffers(ran), "at a second call of the same object", "second call")
    return findings if not moved else [f for f in findings if "buffer" not in f.text]


def _without_buffers(ran: Ran) -> Ran:
    return Ran({what: v for what, v in ran.values.items() if not what.startswith("buffer")}, ran.raised)


def _others(x: Array) -> Array:
    return x if x.dtype.kind in "iub" else np.asarray(x[::-1] * 1.5 + 0.25)


def other_layouts(asked: Asked) -> Findings:
    """Arrays whose entries do not lie one behind the other: transposed views and slices."""
    return asked.told(_with(asked, _strided), "for arrays that are not contiguous", "layout")


def read_only(asked: Asked) -> Findings:
    """Arrays that may not be written to."""
    return asked.told(_with(asked, _locked), "for read-only arrays", "read-only")


def _with(asked: Asked, change: Callable[[Array], Array]) -> Ran:
    inputs, dys = asked.trial.rounded_inputs(), asked.trial.upstream()
    return asked.run(tuple(map(change, inputs)), tuple(map(change, dys)))


def _strided(x: Array) -> Array:
    """The same values, every second entry of an array whose axes lie the other way round."""
    wide = np.zeros(tuple(2 * n for n in x.shape[::-1]), x.dtype)
    view = wide.T[tuple(slice(None, None, 2) for _ in x.shape)]
    view[...] = x
    return view


def _locked(x: Array) -> Array:
    locked = x.copy()
    locked.setflags(write=False)
    return locked


def in_float32(asked: Asked) -> Findings:
    """As right in float32 as rounding lets it."""
    trial = replace(asked.trial, dtype="float32")
    ran = ran_once(asked.operation, trial, transposed=asked.transposed)
    if ran.raised:
        return asked.told(ran, "for float32", "float32")
    state = {name: v.astype(np.float32) if v.dtype.kind == "f" else v for name, v in trial.state.items()}
    rounded = replace(trial, inputs=trial.rounded_inputs(), state=state)
    truth, narrow = exact(rounded), exact(rounded, dtype="float32")
    result = held_against(Probe("float32", "float32", trial), ran, truth, asked.right)
    wrong = []
    for what in asked.right:
        noise = difference(narrow[what].astype(np.float64), truth[what]).error  # of what cancels, much is rounding
        if result.wrong(what) and result.found[what].exceeds(NOISE_FACTOR * noise):
            wrong.append(asked.evidence.named(what))
    verb = "is" if len(wrong) == 1 else "are"
    return [Finding("float32", f"{' and '.join(wrong)} {verb} wrong for float32")] if wrong else []


MANNER: dict[str, Callable[[Asked], Findings]] = {
    "inputs are left alone": left_alone,
    "a second call": second_call,
    "arrays that are not contiguous": other_layouts,
    "read-only arrays": read_only,
    "float32": in_float32,
}
"""{criterion: what it finds wrong}"""
