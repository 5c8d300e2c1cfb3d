"""Somebody's layer, judged: every quantity by every run, then how it behaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from isograd.checking.adapters import adapted
from isograd.checking.behaviour import behaviours
from isograd.checking.diagnoses import diagnosed
from isograd.checking.evidence import Evidence, Result, held_against, ran_once
from isograd.checking.probes import Probe, base_trial, probes
from isograd.checking.ran import Operation
from isograd.checking.report import FORWARD, GRADIENTS, Criterion, Finding, OperationReport, with_points
from isograd.checking.truth import drawn, exact
from isograd.core.base.errors import SpecError
from isograd.core.base.types import Arrays
from isograd.core.layers.base import Layer
from isograd.core.parity.stages.trial import Trial


def check_layer(mine: Any, name: str, layer: Layer, inputs: Arrays | None) -> OperationReport:
    """A report of a layer's outputs, buffers and gradients."""
    trial = base_trial(layer, inputs)
    if drawn(trial):
        raise SpecError(
            f"check_operation(…, like={layer!r})",
            wanted="a layer that draws nothing: its own numbers would be others",
            got=type(layer).__name__,
            fix="hand in the part that draws nothing",
        )
    operation = adapted(mine, layer)
    trial, transposed = settled(operation, trial)
    whats, notes = asked_for(operation, trial, transposed)
    results = {}
    for probe in probes(trial, modes=operation.has_mode):
        ran = ran_once(operation, probe.trial, transposed=transposed)
        results[probe.name] = held_against(probe, ran, exact(probe.trial), whats)
    evidence = Evidence(layer, results, operation.spelt)
    criteria = [criterion(evidence, what) for what in whats]
    criteria += behaviours(operation, evidence, trial, whats, transposed)
    if transposed:
        notes.append("matrices are kept transposed, (in, out): isograd and PyTorch keep them as (out, in)")
    return OperationReport(name, repr(layer), with_points(criteria), tuple(notes))


def settled(operation: Operation, trial: Trial) -> tuple[Trial, bool]:
    """(the run with dy for the outputs that come, 0 for others; whether matrices are kept the other way round)

    They are where the outputs are right that way and not as PyTorch keeps them.
    """
    right = exact(trial)
    for transposed in (False, True) if any(w.ndim == 2 for w in trial.state.values()) else (False,):
        ran = ran_once(operation, trial, transposed=transposed)
        came = {what for what in ran.values if what.startswith("y")}
        dys = trial.upstream()
        silent = tuple(dy if f"y{k or ''}" in came else np.zeros_like(dy) for k, dy in enumerate(dys))
        found = replace(trial, given=silent) if 0 < len(came) < len(dys) else trial
        if not held_against(Probe("", "", found), ran, right, ["y"]).wrong("y"):
            return found, transposed
        if not transposed:
            plain = found
    return plain, False


def asked_for(operation: Operation, trial: Trial, transposed: bool) -> tuple[list[str], list[str]]:
    """(the quantities that are judged, notes on those that are not)"""
    right, ran = exact(trial), ran_once(operation, trial, transposed=transposed)
    whats, notes = [], []
    for what in right.values:
        came = what in ran.values
        if what.startswith("buffer"):
            if came:
                whats.append(what)
            elif not ran.raised and what != "buffer num_batches_tracked":
                notes.append(f"{what.removeprefix('buffer ')} is not judged: there is no attribute of that name")
        elif came or what == "y" or what.startswith("d"):
            whats.append(what)
    if any(what.startswith("buffer") for what in right.values) and not operation.has_mode:
        notes.append("evaluation is not judged: forward has no training=, and the object no training")
    return whats, notes


def criterion(evidence: Evidence, what: str) -> Criterion:
    """One quantity over all runs."""
    judged = [result for result in evidence.results.values() if what in result.found]
    wrong = evidence.where_wrong(what)
    kind = GRADIENTS if what.startswith("d") else FORWARD
    findings: tuple[Finding, ...] = ()
    if wrong:
        name, text = diagnosed(evidence, what)
        findings = (Finding(name, text, example(wrong, what)),)
    return Criterion(evidence.named(what), kind, len(judged) - len(wrong), len(judged), findings)


def example(wrong: list[Result], what: str) -> str:
    """The worst entry of the plainest run that is wrong."""
    result = next((r for r in wrong if r.probe.main), wrong[0])
    found = result.found[what]
    mine = result.mine(what)
    if found.fault == "raised" or not isinstance(mine, np.ndarray) or mine.shape != result.truth[what].shape:
        return ""
    if result.probe.asked == "shared":
        return ""
    right = result.truth[what][found.index]
    return f"{result.probe.about}: at {list(found.index)} {mine[found.index]:.6g}, should be {right:.6g}"
