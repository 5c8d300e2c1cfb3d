"""Four witnesses of every gradient of every recurrent layer and cell, side by side.

Derived by hand (the NumPy engine), differentiated automatically (the formula, by the record), PyTorch's autograd on
its own modules, and central differences. Each is held to its own entry of the table of tolerances.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from mutants import Mutant, engine_with, mutants_of
from witnesses import by_record

import isograd as ig
from isograd.backends.numpy_impl.operations import cells, gru, recurrent, scans
from isograd.core.base.description import Description
from isograd.core.base.types import Array, State
from isograd.core.parity.cases import CASES, Case
from isograd.core.parity.gradients import GradientRow, check_gradients
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.trial import Trial, run_trial
from isograd.core.parity.suite import case_trial

FUNCTIONS: dict[type[Description], dict[str, set[str]]] = {
    ig.RNNCell: {cells.__name__: {"rnn_cell", "from_both", "weight_gradients"}},
    ig.GRUCell: {cells.__name__: {"gru_cell"}},
    ig.LSTMCell: {cells.__name__: {"lstm_cell", "started"}},
    ig.RNN: {scans.__name__: {"rnn_scan", "dx_of", "joint_gradients"}},
    ig.GRU: {gru.__name__: {"gru_scan", "back", "weight_gradient"}},
    ig.LSTM: {scans.__name__: {"lstm_scan"}, recurrent.__name__: {"stacked", "zero_at_padding", "mask_below"}},
}
"""The layers, and the hand-written functions that faults are planted in and that their cases call."""

EVERY = [case for kind in FUNCTIONS for case in CASES[kind]]
ALLOWED = TOLERANCE["node", "float64"]


def label(case: Case) -> str:
    return f"{type(case.layer).__name__}: {case.why}"


def trial_of(case: Case) -> Trial:
    """In training, with the dy that `check_gradients` draws, so that all four speak of the same gradients."""
    return replace(case_trial(case, "float64", training=True), path="model")


def by_hand(pair: Pair, trial: Trial) -> State:
    return run_trial(pair.left, trial).gradients


def by_torch(pair: Pair, trial: Trial) -> State:
    return run_trial(pair.right, trial).gradients


def by_formula(trial: Trial) -> State:
    return {name: values for name, values in by_record(trial).items() if name.startswith("d")}


def by_differences(pair: Pair, trial: Trial) -> dict[str, GradientRow]:
    """What central differences of the left engine's forward say of its own gradients."""
    model = trial.model
    owner = model.graph(*model.input_shapes).nodes[0].owner
    weights: dict[str, Array] = {f"{owner}.{name}": values for name, values in trial.state.items()}
    report = check_gradients(model, trial.inputs, weights=weights, backend=pair.left)
    rows = {row.path.replace("input ", "dx").replace("input", "dx"): row for row in report.rows}
    return {name.replace(f"{owner}.", "d"): row for name, row in rows.items()}


def apart(a: State, b: State) -> set[str]:
    """The gradients that two witnesses do not agree on."""
    return {name for name in {**a, **b} if difference(a.get(name), b.get(name)).exceeds(ALLOWED)}


@pytest.mark.parametrize("case", EVERY, ids=label)
def test_four_witnesses_agree_on_every_gradient(pair: Pair, case: Case) -> None:
    trial = trial_of(case)
    told = {"by hand": by_hand(pair, trial), "autodiff": by_formula(trial), "autograd": by_torch(pair, trial)}
    slopes = by_differences(pair, trial)
    computed_with = sum(x.dtype.kind == "f" for x in trial.inputs)
    assert len(slopes) == computed_with + len(trial.state)
    for (one, a), (other, b) in combinations(told.items(), 2):
        assert set(a) == set(b) == set(slopes)
        assert not apart(a, b), f"{one} against {other}"
    for name, row in slopes.items():
        assert not row.failed, f"by hand against differences: {name}, {row}"
        assert not difference(told["by hand"][name][row.index], told["by hand"][name].dtype.type(row.analytic)).error


@cache
def all_faults(module: str) -> list[Mutant]:
    return list(mutants_of(module))


def faults_of(kind: type[Description]) -> list[Mutant]:
    """Every fifth; test_mutants.py plants them all."""
    made = [(m, functions) for module, functions in FUNCTIONS[kind].items() for m in all_faults(module)]
    return [mutant for mutant, functions in made if mutant.function in functions][::5]


@pytest.mark.parametrize("kind", FUNCTIONS, ids=lambda kind: kind.__name__)
def test_a_fault_in_the_hand_derived_side_makes_it_the_odd_one_out(pair: Pair, kind: type[Description]) -> None:
    """The other three go on agreeing; where the fault is in a gradient alone, the differences contradict it too."""
    trials = sorted(map(trial_of, CASES[kind]), key=lambda trial: sum(v.size for v in trial.state.values()))
    others = [(by_formula(trial), by_torch(pair, trial)) for trial in trials]
    outputs = [run_trial(pair.left, trial).outputs for trial in trials]
    seen = {"gradients alone": 0, "the forward, or an error": 0}
    for fault in faults_of(kind):
        faulty = replace(pair, left=engine_with(fault))
        with np.errstate(all="ignore"):
            found = [run_trial(faulty.left, trial) for trial in trials]
            wrong = [apart(outcome.gradients, formula) for outcome, (formula, _) in zip(found, others, strict=True)]
            forward = [bool(apart(outcome.outputs, y)) for outcome, y in zip(found, outputs, strict=True)]
            assert any(wrong) or any(forward), f"no case sees {fault}"
            for names, outcome, (formula, torch) in zip(wrong, found, others, strict=True):
                assert names == apart(outcome.gradients, torch)
                assert not apart(formula, torch)
            alone = not any(forward) and not any(outcome.raised for outcome in found)
            if alone:
                first = next(k for k, names in enumerate(wrong) if names)
                rows = by_differences(faulty, trials[first])
                assert wrong[first] == {name for name, row in rows.items() if row.failed}, fault
        seen["gradients alone" if alone else "the forward, or an error"] += 1
    assert min(seen.values()) > 0, seen
