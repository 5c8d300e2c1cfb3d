"""What the report says when something is wrong: own and inherited errors, the graph itself, other backends."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mutants import engine_with, mutants_of

import isograd as ig
from isograd.backends.numpy_impl import program
from isograd.backends.numpy_impl.operations import OPERATIONS
from isograd.core.layers import Linear, Tanh
from isograd.core.parity.matching import difference
from isograd.core.parity.report import ParityReport
from isograd.core.parity.verdict import Row

X = np.random.default_rng(1).normal(size=(6, 4))
Y = np.random.default_rng(2).integers(0, 3, 6)


def model() -> ig.Sequential:
    layers = [ig.Linear(5), ig.Tanh(), ig.Linear(4, name="middle"), ig.ReLU(), ig.Linear(3)]
    return ig.Sequential(layers, input_shape=(4,))


def test_a_forward_fault_is_own_at_its_node_and_inherited_behind_it() -> None:
    mutant = next(
        m
        for m in mutants_of(OPERATIONS[Tanh].__module__)
        if m.function == "tanh" and m.after == "return (-y, backward)"
    )
    report = ig.check_parity(
        model(), X, Y, loss=ig.CrossEntropyLoss(), dtypes=("float64",), backends=(engine_with(mutant), "torch")
    )
    assert not report.passed
    assert report.culprit is not None
    assert (report.culprit.path, report.culprit.what, report.culprit.guilty) == ("1", "output", "numpy")
    failed = {(row.path, row.what): row.note for row in report.rows if row.failed and row.stage == "end to end"}
    assert failed["1", "output"].endswith("; own")
    assert failed["middle", "output"].endswith("; inherited from 1")
    assert ("0", "output") not in failed
    assert "formula" in report.culprit.text


def test_a_backward_fault_is_judged_by_the_finite_difference() -> None:
    mutant = next(m for m in mutants_of(OPERATIONS[Tanh].__module__) if m.function == "tanh" and m.before == "dx *= dy")
    report = ig.check_parity(model(), X, dtypes=("float64",), backends=(engine_with(mutant), "torch"))
    assert report.culprit is not None
    assert (report.culprit.path, report.culprit.what, report.culprit.guilty) == ("1", "dx", "numpy")
    assert "finite difference" in report.culprit.text
    failed = {(row.path, row.what) for row in report.rows if row.failed and row.stage == "end to end"}
    assert ("0.weight", "gradient") in failed
    assert ("4.weight", "gradient") not in failed


def test_a_fault_of_the_walk_through_the_graph_is_told_from_a_fault_of_a_node() -> None:
    mutant = next(m for m in mutants_of(program.__name__) if m.function == "added" and m.kind == "sign")
    x = ig.Input((4,))
    h = ig.Linear(4)(x)
    forked = ig.Model(inputs=x, outputs=ig.Tanh()(h) + ig.Linear(4)(h))
    report = ig.check_parity(forked, X, dtypes=("float64",), backends=(engine_with(mutant), "torch"))
    assert not any(row.failed for row in report.rows if row.stage == "node")
    assert report.culprit is not None
    assert (report.culprit.path, report.culprit.guilty) == ("the whole graph", "numpy")
    assert any("the graph's own walk" in row.note for row in report.rows)


def test_the_first_wrong_gradient_is_the_last_node_s() -> None:
    mutant = next(m for m in mutants_of(OPERATIONS[Linear].__module__) if m.after == "return (-dx, grads)")
    report = ig.check_parity(model(), X, dtypes=("float64",), backends=(engine_with(mutant), "torch"))
    own = [c for c in report.culprits if c.inherited is None]
    assert [c.path for c in own] == ["4", "middle", "0"] * 2  # in training and in evaluation
    assert [c.judged for c in own] == [True, False, False] * 2
    inherited = report.culprits[-1]
    assert (inherited.stage, inherited.inherited) == ("end to end", "node '4', whose dx is wrong by itself")


def test_a_node_that_raises_is_reported_and_not_raised() -> None:
    mutant = next(m for m in mutants_of(OPERATIONS[Linear].__module__) if m.before == "dy.T")
    report = ig.check_parity(
        model(),
        X,
        Y,
        loss=ig.CrossEntropyLoss(),
        optimizer=ig.SGD(0.1),
        dtypes=("float64",),
        backends=(engine_with(mutant), "torch"),
    )
    assert not report.passed
    assert report.culprit is not None
    assert (report.culprit.what, report.culprit.guilty) == ("run", "numpy")
    assert "numpy raised ValueError" in report.culprit.text


def test_the_text_and_the_json_say_the_same() -> None:
    report = ig.check_parity(model(), X, Y, loss=ig.CrossEntropyLoss(), optimizer=ig.Adam(0.01), steps=3)
    record = json.loads(report.to_json())
    assert report.passed is record["passed"] is True
    assert str(report).endswith("PASSED: numpy and torch compute the same thing")
    assert len(record["rows"]) == len(report.rows)
    assert {row["stage"] for row in record["rows"]} == {"node", "loss", "end to end", "locked step", "free run"}
    assert {row["dtype"] for row in record["rows"]} == {"float64", "float32"}


def test_the_page_stands_alone_and_shows_every_comparison(tmp_path: Path) -> None:
    report = ig.check_parity(model(), X, dtypes=("float64",))
    text = report.to_html(tmp_path / "report.html").read_text()
    assert "PASSED: numpy and torch compute the same thing" in text
    assert f"All {len(report.rows)} comparisons" in text
    compared = {(row.stage, row.path, row.what) for row in report.rows}  # one line for both modes of a node
    assert text.split('id="rows"')[1].count("<tr>") == 1 + len(compared)
    assert "src=" not in text
    assert 'href="http' not in text


def test_a_report_that_compared_nothing_has_not_passed() -> None:
    from isograd.core.parity.report import ParityReport

    assert not ParityReport("empty", ("a", "b")).passed


@pytest.mark.parametrize(
    ("a", "b", "fault"),
    [
        (np.zeros(2), np.zeros(3), "shape (2,) against (3,)"),
        (np.zeros(2), np.zeros(2, np.float32), "dtype float64 against float32"),
        (np.array([np.nan]), np.array([np.nan]), "NaN"),
        (None, np.zeros(1), "missing on one side"),
    ],
)
def test_a_structural_difference_is_a_failure_of_its_own_kind(a: np.ndarray, b: np.ndarray, fault: str) -> None:
    found = difference(a, b)
    assert found.fault == fault
    assert found.exceeds(np.inf)


def test_equal_infinities_are_equal_and_a_zero_tensor_has_a_floor() -> None:
    assert difference(np.array([np.inf, 1.0]), np.array([np.inf, 1.0])).error == 0.0
    assert difference(np.array([1e-3]), np.array([0.0])).error == 1e-3


class Wrong:
    """A third party's backend: NumPy's, with a forgotten factor in its own Tanh."""

    name = "wrong"

    def __init__(self) -> None:
        from isograd.backends.numpy_impl import NumpyBackend

        self.engine = NumpyBackend()

    def __getattr__(self, name: str) -> object:
        return getattr(self.engine, name)

    def build(self, model: object, state: object, **options: object) -> object:
        net = self.engine.build(model, state, **options)  # type: ignore[arg-type]
        backward = net.backward
        net.backward = lambda *dys: ((r := backward(*dys))[0] * 2, r[1])  # type: ignore[method-assign]
        return net


def test_a_third_partys_backend_is_judged_by_the_same_suite() -> None:
    report = ig.check_parity(model(), X, backends=(Wrong(), "numpy"), dtypes=("float64",))
    assert report.culprit is not None
    assert (report.culprit.guilty, report.culprit.what) == ("wrong", "dx")


def test_one_row_that_fails_is_enough_wherever_it_stands() -> None:
    right, wrong = (Row("node", "float64", "it", "dx", error, 0.5) for error in (0.0, 1.0))
    for rows in ([wrong, right], [right, wrong], [right, wrong, right]):
        assert not ParityReport("", ("numpy", "torch"), rows).passed
    assert ParityReport("", ("numpy", "torch"), [right, right]).passed
