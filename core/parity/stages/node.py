"""One node alone ("teacher-forced"): both sides get the same inputs, weights and dy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from isograd.core.base.types import Array
from isograd.core.parity.matching import NOISE_FACTOR, TOLERANCE, Difference, difference
from isograd.core.parity.pair import Pair, in_dtype
from isograd.core.parity.report import Culprit, Row
from isograd.core.parity.stages.trial import Trial, run_trial
from isograd.core.parity.witness import Verdict, judge_gradient, judge_output, judge_structure


def compare_node(pair: Pair, trial: Trial, stage: str = "node") -> tuple[list[Row], Culprit | None]:
    """A row for every output, buffer and gradient; the culprit where the first of them differs."""
    left, right = run_trial(pair.left, trial), run_trial(pair.right, trial)
    allowed = TOLERANCE[stage, trial.dtype]
    crashed = {name: o.raised for name, o in zip(pair.names, (left, right), strict=True) if o.raised}
    if crashed:
        row = Row(stage, trial.dtype, trial.path, "run", np.inf, allowed, "raised", trial.mode)
        text = "; ".join(f"{name} raised {what}" for name, what in crashed.items())
        guilty = next(iter(crashed)) if len(crashed) == 1 else None
        return [row], _culprit(pair, trial, "run", Verdict(guilty, f"  {text}"), Difference(np.inf, fault="raised"))
    rows: list[Row] = []
    first: Culprit | None = None
    wrote = {name: o.written for name, o in zip(pair.names, (left, right), strict=True) if o.written}
    if wrote:
        rows.append(Row(stage, trial.dtype, trial.path, "inputs", np.inf, allowed, "written to", trial.mode))
        verdict = Verdict(next(iter(wrote)), "".join(f"  {n} wrote to {', '.join(w)}" for n, w in wrote.items()))
        first = _culprit(pair, trial, "inputs", verdict, Difference(np.inf, fault="written to"))
    for kind in ("outputs", "gradients"):
        a, b = getattr(left, kind), getattr(right, kind)
        for what in {**b, **a}:
            found, limit = difference(a.get(what), b.get(what)), allowed
            if trial.dtype == "float32" and found.fault is None and found.exceeds(allowed):
                limit = max(allowed, NOISE_FACTOR * _rounding(pair, trial, kind, what, (a[what], b[what])))
            rows.append(Row(stage, trial.dtype, trial.path, what, found.error, limit, found.fault, trial.mode))
            if first is None and found.exceeds(limit):
                verdict = _judge(
                    pair, trial, kind, what, {pair.left.name: a.get(what), pair.right.name: b.get(what)}, found
                )
                first = _culprit(pair, trial, what, verdict, found)
    return rows, first


def _rounding(pair: Pair, trial: Trial, kind: str, what: str, values: tuple[Array, Array]) -> float:
    """How far a float32 trial is from itself in float64, on the side where it is less."""
    wide = replace(trial, inputs=trial.rounded_inputs(), state=in_dtype(trial.state, "float64"), dtype="float64")
    exact = [getattr(run_trial(backend, wide), kind)[what] for backend in (pair.left, pair.right)]
    return min(difference(v, e.astype(v.dtype)).error for v, e in zip(values, exact, strict=True))


def _judge(
    pair: Pair, trial: Trial, kind: str, what: str, values: dict[str, Array | None], found: Difference
) -> Verdict:
    if found.fault and found.fault != "NaN":
        return judge_structure(trial, kind, what, values)
    if kind == "outputs":
        return judge_output(trial, what, values, found.index)
    return judge_gradient(pair, trial, what, values)


def _culprit(pair: Pair, trial: Trial, what: str, verdict: Verdict, found: Difference) -> Culprit:
    where = f", worst at {list(found.index)}" if found.index else ""
    why = found.fault or f"rel {found.error:.1e} > {TOLERANCE['node', trial.dtype]:.0e}"
    run = f"({trial.dtype}, {trial.mode})"
    head = f"ParityError: {what} of {trial.layer!r}, node {trial.path!r}, differs first{where}: {why} {run}"
    backend = next((b for b in (pair.left, pair.right) if b.name == verdict.guilty), None)
    if backend is not None:
        tail = f"  the odd one out is {backend.name}: look at {backend.source(trial.layer)}"
    else:
        tail = "  no witness could say which side is wrong"
    return Culprit(trial.path, repr(trial.layer), what, verdict.guilty, "\n".join([head, verdict.text, tail]))
