"""Each single fault planted in a NumPy operation is seen, and the report blames that case and NumPy."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from mutants import MODULES, OF_LAYERS, engine_with, mutants_of, verdict
from mutation.equivalent import BESIDE_CASES

from isograd.backends.numpy_impl.operations import OPERATIONS, convolve
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.layers import Conv2d, Linear
from isograd.core.parity.cases import CASES
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.suite import case_trial

SHORT = [module.split("numpy_impl.")[1] for module in MODULES]


PARTS = 5  # every fifth fault is planted in the fast tier, the others in the slow one


@pytest.mark.parametrize("part", [0, *(pytest.param(k, marks=pytest.mark.slow) for k in range(1, PARTS))])
@pytest.mark.parametrize("module", MODULES, ids=SHORT)
def test_every_planted_fault_is_caught_and_numpy_is_blamed(module: str, part: int, pair: Pair) -> None:
    planted = [mutant for mutant in mutants_of(module) if (mutant.function, mutant.before) not in BESIDE_CASES]
    outcomes = {str(mutant): verdict(mutant, pair) for mutant in planted[part::PARTS]}
    lost = [f"{mutant}: {outcome}" for mutant, outcome in outcomes.items() if outcome != "caught"]
    assert outcomes or part > 0
    assert not lost, f"{len(lost)} of {len(outcomes)} not caught\n" + "\n".join(lost)


@pytest.mark.slow
@pytest.mark.parametrize("module", OF_LAYERS, ids=lambda module: module.split("numpy_impl.")[1])
def test_conditions_and_ends_of_ranges_are_held_by_cases(module: str, pair: Pair) -> None:
    """Every second one; a condition that decides nothing but speed is no fault (mutation/equivalent.py)."""
    planted = [*mutants_of(module, ("conditions", "ends"))][::2]
    known = [mutant for mutant in planted if (mutant.function, mutant.before) in BESIDE_CASES]
    outcomes = {str(mutant): verdict(mutant, pair) for mutant in planted if mutant not in known}
    lost = [f"{mutant}: {outcome}" for mutant, outcome in outcomes.items() if outcome != "caught"]
    assert not lost, f"{len(lost)} of {len(outcomes)} not caught\n" + "\n".join(lost)


def test_every_operation_gets_at_least_one_fault() -> None:
    planted_in = {mutant.function for module in MODULES for mutant in mutants_of(module)}
    for function in OPERATIONS.values():  # in itself, or in what it hands its work to, as `lstm` does to `lstm_scan`
        assert planted_in & {function.__name__, *function.__code__.co_names}, f"{function.__name__} has no fault"


def test_the_report_names_the_node_the_evidence_and_the_line_to_look_at(pair: Pair) -> None:
    """One fault in full: the bias gradient forgotten."""
    module = OPERATIONS[Linear].__module__
    mutant = next(m for m in mutants_of(module) if m.before.startswith("grads['bias']"))
    trial = case_trial(CASES[Linear][0], "float64", training=True)
    rows, culprit = compare_node(replace(pair, left=engine_with(mutant)), trial)
    assert [row.what for row in rows if row.failed] == ["dbias"]
    assert culprit is not None
    assert (culprit.path, culprit.guilty) == ("Linear: plain", "numpy")
    assert culprit.text.splitlines()[0].startswith(
        "ParityError: dbias of Linear(3), node 'Linear: plain', differs first"
    )
    assert "finite difference" in culprit.text
    assert culprit.text.endswith(
        "the odd one out is numpy: look at `linear` in backends/numpy_impl/operations/linear.py"
    )


def test_a_faulty_engine_changes_nothing_of_the_sound_one_beside_it(pair: Pair) -> None:
    """Both run in turn, the fault in a helper that its users imported by name: convolve.py's, in conv.py's layers."""
    loaded, entries = dict(sys.modules), [dict(table) for table in STANDARD]
    module = convolve.__name__
    mutant = next(m for m in mutants_of(module) if m.function == "convolve_dw" and m.kind == "forgotten term")
    faulty = replace(pair, left=engine_with(mutant))
    trial = case_trial(CASES[Conv2d][0], "float64", training=True)
    failed = [[row.what for row in compare_node(p, trial)[0] if row.failed] for p in (faulty, pair, faulty)]
    assert failed == [["dweight"], [], ["dweight"]]
    assert sys.modules == loaded
    assert [dict(table) for table in STANDARD] == entries
