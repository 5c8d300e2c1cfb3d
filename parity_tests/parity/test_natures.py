"""Of which kind a difference is: each of the classes reached by an engine that is wrong in that way."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
import pytest
from planted import Planted, of_dtype, off_by
from stage_helpers import Other

import isograd as ig
from isograd.core.parity.ladder import float32_limit, float64_limit
from isograd.core.parity.matching import NOISE_FACTOR, RUNG, TOLERANCE, Difference, difference
from isograd.core.parity.natures import NOT_IMPLEMENTED, Nature, comes_and_goes, nature_of
from isograd.core.parity.pair import Pair
from isograd.core.parity.report import ParityReport
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.stages.reruns import Reruns
from isograd.core.parity.stages.trial import Trial, run_trial
from isograd.core.parity.verdict import UNITS, Culprit, Row

RNG = np.random.default_rng(5)


X, Y = RNG.normal(size=(6, 4)), np.arange(6) % 3


MODEL = ig.Sequential([ig.Linear(5), ig.Tanh(), ig.Linear(3)], input_shape=(4,))


LOSS = ig.CrossEntropyLoss()


EXACT = {  # in float32 both engines have what float64 rounds to
    "output": Trial("relu", ig.ReLU(), (RNG.normal(size=(3, 5)),), {}, "float32", True),
    "dx": Trial("pool", ig.MaxPool2d(2), (RNG.normal(size=(2, 2, 4, 4)),), {}, "float32", True),
}


def checked(engine: Any, **given: Any) -> ParityReport:
    return ig.check_parity(MODEL, X, Y, loss=LOSS, backends=(engine, "torch"), **given)


def natures(report: ParityReport, stage: str, dtype: str, what: str) -> set[Nature | None]:
    return {row.nature for row in report.rows if (row.stage, row.dtype, row.what) == (stage, dtype, what)}


def failed(report: ParityReport) -> set[Nature | None]:
    return {row.nature for row in report.rows if row.failed}


def test_two_engines_that_are_right_differ_by_rounding_or_not_at_all() -> None:
    report = checked("numpy", optimizer=ig.SGD(0.1), steps=3)
    assert {row.nature for row in report.rows} == {Nature.EXACT, Nature.ROUNDING}
    again = checked(Other(), optimizer=ig.SGD(0.1), steps=3, dtypes="float64")
    assert {row.nature for row in again.rows} == {Nature.EXACT, Nature.ROUNDING}
    itself = ig.check_parity(MODEL, X, Y, loss=LOSS, backends=(Other(), "numpy"))
    assert {row.nature for row in itself.rows} == {Nature.EXACT}
    assert all((row.rtol, row.atol, row.floors) == (0.0, 0.0, 0.0) for row in itself.rows)


@pytest.mark.parametrize("error", [1e-9, 1e-2])
def test_the_ladder_tells_an_error_from_rounding(error: float) -> None:
    """1e-9 of the tensor is what float32 cannot see, and what float64 never rounds."""
    report = checked(Planted(ig.get_backend("numpy"), {"dweight": off_by(error)}))
    assert failed(report) == {Nature.BUG}
    assert natures(report, "node", "float64", "dweight") == {Nature.BUG}
    seen = {Nature.ROUNDING, Nature.EXACT} if error == 1e-9 else {Nature.BUG}
    assert natures(report, "node", "float32", "dweight") <= seen


@pytest.mark.parametrize("side", [0, 1], ids=["left", "right"])
@pytest.mark.parametrize("what", EXACT)
def test_what_float32_lets_pass_and_float64_has_as_well_is_no_rounding(pair: Pair, what: str, side: int) -> None:
    """An error of 0.8 times the table's limit: in float32 alone rounding could be as large, in both it is none."""
    limit = TOLERANCE["node", "float32"]
    for change, nature in ((off_by(0.8 * limit, 1), Nature.BUG), (of_dtype("float32", off_by(0.8 * limit, 1)), None)):
        wrong = Planted(pair.backends[side], {what: change})
        rows, culprit = compare_node(replace(pair, **{("left", "right")[side]: wrong}), EXACT[what])
        (row,) = (row for row in rows if row.what == what)
        assert (row.nature, row.failed) == (nature or Nature.ROUNDING, nature is not None)
        assert (culprit is None) == (nature is None)
        assert culprit is None or culprit.guilty == "wrong"


def test_float64_is_excused_by_float32_where_both_differ_by_as_many_units() -> None:
    table = TOLERANCE["node", "float64"]
    gap, gross = Difference(8 * table), Difference(RUNG * table)
    assert float64_limit(gap, lambda: Difference(8 * table * RUNG / 4)) == 64 * table
    assert float64_limit(gap, lambda: Difference(2.0**-23)) == table
    assert float64_limit(gap, lambda: Difference(0.5)) == table  # of what float32 knows nothing it says nothing
    assert float64_limit(gap, lambda: Difference(inf, fault="NaN")) == table
    assert float64_limit(gross, pytest.fail) == table
    assert float64_limit(Difference(table), pytest.fail) == table
    assert float64_limit(Difference(inf, fault="NaN"), pytest.fail) == table


def test_the_limits_of_float32() -> None:
    table = TOLERANCE["node", "float32"]
    near, far = Difference(0.5 * table), Difference(8 * table)
    own, shrunk = [0.25 * table, 0.125 * table], Difference(near.error / RUNG)
    assert float32_limit(Difference(0.05 * table), pytest.fail, pytest.fail) == table
    assert float32_limit(near, lambda: own, lambda: shrunk) == table
    assert float32_limit(near, lambda: own, lambda: near) == sum(own)
    assert float32_limit(near, lambda: [0.0, 0.0], lambda: near) == UNITS["float32"]
    assert float32_limit(far, lambda: own, lambda: shrunk) == NOISE_FACTOR * min(own)
    assert float32_limit(far, lambda: own, lambda: far) == sum(own)
    assert float32_limit(Difference(RUNG), lambda: own, pytest.fail) == NOISE_FACTOR * min(own)
    assert float32_limit(near, lambda: own, lambda: Difference(inf, fault="missing on one side")) == table


def test_where_nobody_can_say_there_is_no_class() -> None:
    assert nature_of(Difference(inf, fault=NOT_IMPLEMENTED), 0.0) is None
    assert nature_of(Difference(inf, fault="missing on one side"), None) is Nature.BUG
    assert nature_of(difference(np.array([0.0]), np.array([-0.0])), 0.0) is Nature.ROUNDING  # equal, not bit for bit
    assert (comes_and_goes(1.0, 0.2), comes_and_goes(1.0, 0.0), comes_and_goes(1.0, 1e-3)) == (True, False, False)


def test_initial_laws_have_no_rounding_of_each_other() -> None:
    from isograd.core.parity.suite import INITIALIZER_CASES, check_law_case

    drawn = {
        row.what: row.nature
        for cases in INITIALIZER_CASES.values()
        for rows, _ in check_law_case(Pair.named(), cases[0])
        for row in rows
    }
    assert drawn["distribution"] is drawn["spread of singular values"] is None
    assert drawn["values"] in (Nature.EXACT, Nature.ROUNDING)


def trial_of(layer: Any, dtype: str, rows: int = 6) -> Trial:
    state = {name: RNG.normal(size=w.shape) for name, w in layer.weights((4,)).items()}
    return Trial("it", layer, (RNG.normal(size=(rows, 4)),), state, dtype, True)


def test_the_noise_floor_is_measured_where_something_differs() -> None:
    report = checked(Planted(ig.get_backend("numpy"), {"dweight": off_by(1e-3)}), dtypes="float64")
    rows = [row for row in report.rows if row.stage == "node" and "training" in row.note and row.failed]
    assert [row.path for row in rows] == ["0", "2"]
    least = UNITS["float64"]
    assert rows[0].noise == least  # of several, what the witness is asked about is measured
    assert rows[1].noise is not None
    assert least <= rows[1].noise <= NOISE_FACTOR * least
    assert rows[1].floors == rows[1].error / rows[1].noise
    assert all(row.noise is not None and row.noise >= least for row in report.rows)


def test_the_noise_floor_holds_a_nudge_and_another_order_of_the_batch(pair: Pair) -> None:
    trial = trial_of(ig.Linear(3), "float32", rows=500)
    left, right = (run_trial(backend, trial) for backend in pair.backends)
    reruns = Reruns(pair, trial, (left, right))
    for moved in (*reruns.nudged, reruns.reordered):
        for side, again in zip((left, right), moved, strict=True):
            gap = difference(again.gradients["dweight"], side.gradients["dweight"])
            assert 0 < gap.error <= TOLERANCE["node", "float32"]
    for side, again in zip((left, right), reruns.reordered, strict=True):
        assert not difference(again.outputs["output"], side.outputs["output"]).exceeds(TOLERANCE["node", "float32"])
        assert not difference(again.gradients["dx"], side.gradients["dx"]).exceeds(TOLERANCE["node", "float32"])
    row = Row.of(Difference(1.0), "node", "float32", "it", "dweight", 0.5)
    assert UNITS["float32"] <= (reruns.measured(row).noise or 0.0) <= TOLERANCE["node", "float32"]


def test_another_order_of_what_treats_places_differently_is_no_noise(pair: Pair) -> None:
    trial = trial_of(ig.Dropout(0.5), "float64")
    outcomes = [run_trial(backend, trial) for backend in pair.backends]
    reruns = Reruns(pair, trial, (outcomes[0], outcomes[1]))
    gap = difference(reruns.reordered[0].outputs["output"], outcomes[0].outputs["output"])
    assert gap.error > NOISE_FACTOR * UNITS["float64"]  # its masks follow from the place in the batch
    row = Row.of(Difference(1.0), "node", "float64", "it", "output", 0.5)
    assert (reruns.measured(row).noise or inf) <= NOISE_FACTOR * UNITS["float64"]


@pytest.mark.parametrize(
    ("a", "b", "rtol", "atol"),
    [
        ([1.0, 2.5], [1.0, 2.0], 0.25, 0.5),
        ([1.0, 0.5], [1.0, 0.0], inf, 0.5),
        ([8.0, 1.5], [8.5, 1.0], 0.5, 0.5),
        ([inf, 1.0], [inf, 1.0], 0.0, 0.0),
        ([inf, 1.0], [2.0, 1.0], inf, inf),
    ],
)
def test_the_tolerance_that_would_be_needed_is_numpys(a: list[float], b: list[float], rtol: float, atol: float) -> None:
    gap = difference(np.array(a), np.array(b))
    assert (gap.rtol, gap.atol) == (rtol, atol)


def test_text_and_json_say_the_class_the_floors_and_the_tolerance() -> None:
    told = Row.of(difference(np.array([2.5]), np.array([2.0])), "node", "float64", "head", "dx", 1e-12)
    assert told.text == (
        "✗ node, float64: head dx: error 2.5e-01 > 1e-12: BUG, 1.1e+15 noise floors; allclose needs rtol 2.5e-01 or "
        "atol 5.0e-01"
    )
    beside_0 = Row.of(difference(np.array([0.5, 1.0]), np.array([0.0, 1.0])), "node", "float64", "head", "dx", 1e-12)
    assert beside_0.text.endswith("noise floors; allclose needs atol 5.0e-01")
    lacking = Row.of(difference(None, np.array([0.0])), "node", "float64", "head", "dx", 1e-12)
    assert lacking.text == "✗ node, float64: head dx: missing on one side: BUG"
    row = Row("node", "float64", "head", "dx", 0.0, 1e-12)
    report = ParityReport("it", ("a", "b"))
    report.add([told, replace(row, nature=Nature.EXACT), row])
    assert report.summary()[0][-2:] == ["1 EXACT, 1 BUG", "1 FAILED"]
    record = json.loads(report.to_json())["rows"]
    assert [(r["nature"], r["noise"], r["floors"], r["rtol"]) for r in record] == [
        ("BUG", 2.0**-52, 2.0**50, 0.25),
        ("EXACT", None, None, None),
        (None, None, None, None),
    ]


def test_a_culprit_says_what_explains_it() -> None:
    found = Culprit("node", "float64", "gru", "GRU(3)", "output", 0.5, 1e-12, explanation="0.5 -> 2e-16 if reset=False")
    assert found.text.splitlines()[-1] == "  0.5 -> 2e-16 if reset=False"
