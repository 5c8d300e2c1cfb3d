"""Any number of engines side by side, and engines that are only part of one: what they lack is told by name."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from message_helpers import raised

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.core.base.errors import BackendError
from isograd.core.parity.suite import FAMILIES, check_all_cases

MODEL = ig.Sequential([ig.Linear(5), ig.Tanh(), ig.Linear(2)], input_shape=(3,))
X, Y = np.random.default_rng(0).normal(size=(6, 3)), np.random.default_rng(1).normal(size=(6, 2))


class Partial:
    """An engine of someone's own: NumPy's networks without any Conv3d, and nothing that `Judged` asks for."""

    name = "partial"

    def build(self, model: Any, state: Any, **options: Any) -> Any:
        if any(type(node.layer) is ig.Conv3d for node in model.graph(*model.input_shapes).nodes):
            raise BackendError("partial: Conv3d", wanted="what it has", got="Conv3d", fix="write it")
        return NumpyBackend().build(model, state, **options)

    def source(self, description: Any) -> str:
        return "partial.py"


class Wrong(Partial):
    """Its gradients are twice what they should be."""

    name = "wrong"

    def build(self, model: Any, state: Any, **options: Any) -> Any:
        net = super().build(model, state, **options)
        backward = net.backward
        net.backward = lambda *dys: (backward(*dys)[0], {k: 2 * g for k, g in backward(*dys)[1].items()})
        return net


def test_the_first_engine_is_held_against_every_other() -> None:
    report = ig.check_parity(MODEL, X, Y, loss=ig.MSELoss(), backends=("numpy", "torch", "numpy_reference"))
    assert report.passed
    assert report.sides == ("numpy", "torch", "numpy_reference")
    assert {row.sides for row in report.rows} == {("numpy", "torch"), ("numpy", "numpy_reference")}
    assert str(report).endswith("PASSED: numpy, torch and numpy_reference compute the same thing")
    assert [line[2] for line in report.summary()] == ["numpy and torch", "numpy and numpy_reference"] * 6


def test_of_three_the_one_that_is_wrong_is_blamed_and_its_pair_named() -> None:
    report = ig.check_parity(MODEL, X, backends=("torch", "numpy", Wrong()), dtypes=("float64",))
    assert report.culprit is not None
    assert (report.culprit.guilty, report.culprit.path) == ("wrong", "2")
    assert {row.sides for row in report.rows if row.failed} == {("torch", "wrong")}
    assert report.verdict == "FAILED: torch and wrong differ"
    assert json.loads(report.to_json())["rows"][0]["sides"] == ["torch", "numpy"]


@pytest.mark.parametrize(
    ("backends", "got"), [(("numpy",), "1: numpy"), ((), "0: none"), (("torch", "numpy", "torch"), "'torch' twice")]
)
def test_fewer_than_two_engines_or_one_twice_are_refused(backends: tuple[str, ...], got: str) -> None:
    text = f"""\
SpecError: check_parity(backends=…)
  wanted two or more engines, each once: the first is compared with every other
  got    {got}
  fix    "numpy", "torch\""""
    assert raised(lambda: ig.check_parity(MODEL, X, backends=backends)) == text


def test_one_engine_alone_has_nothing_to_be_compared_with() -> None:
    text = raised(lambda: check_all_cases("numpy"))
    assert text.splitlines()[::2] == ["SpecError: check_all_cases(…)", "  got    1: numpy"]


def test_what_an_engine_lacks_is_counted_by_name_and_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    from isograd.core.parity import suite

    few = {ig.Linear: FAMILIES[0].cases[ig.Linear][:1], ig.Conv3d: FAMILIES[0].cases[ig.Conv3d]}
    layers = suite.Family("node", few, suite.check_case)
    monkeypatch.setattr(suite, "FAMILIES", (layers, *FAMILIES[1:2], *FAMILIES[4:]))
    report = check_all_cases("numpy", Partial())
    assert report.passed, str(report)
    told = {(entry.engine, entry.stage, entry.what): entry.cases for entry in report.not_judged}
    assert told["partial", "node", "Conv3d"] == len(few[ig.Conv3d])
    assert told["partial", "loss", "MSELoss"] == len(FAMILIES[1].cases[ig.MSELoss])
    assert {stage for _, stage, _ in told} == {"node", "loss", "schedule", "initial law"}
    assert f"not judged: {len(few[ig.Conv3d])} cases of Conv3d: not implemented by partial" in str(report)
    reason = "partial cannot be asked for losses, schedules and initial laws by themselves (Judged)"
    assert reason in str(report)
    assert {row.path.split(":")[0] for row in report.rows} == {"Linear"}
    assert json.loads(report.to_json())["not_judged"][0]["why"] == reason


def test_a_model_with_a_layer_that_an_engine_lacks_has_not_passed() -> None:
    model = ig.Sequential([ig.Conv3d(1, 2)], input_shape=(1, 3, 3, 3))
    report = ig.check_parity(model, np.ones((2, 1, 3, 3, 3)), backends=("numpy", Partial()), dtypes=("float64",))
    assert not report.passed
    assert [row.fault for row in report.rows] == ["not implemented"] * 2


def test_an_engine_that_does_not_show_a_node_is_reported_and_nothing_crashes() -> None:
    class Hides(Wrong):
        name = "hides"

        def build(self, model: Any, state: Any, **options: Any) -> Any:
            net = Partial.build(self, model, state, **options)
            shown = net.activations
            net.activations = lambda *x, **given: dict(list(shown(*x, **given).items())[1:])
            return net

    report = ig.check_parity(MODEL, X, backends=("numpy", Hides()), dtypes=("float64",))
    (failed,) = [row for row in report.rows if row.failed]
    assert (failed.stage, failed.what, failed.fault) == ("end to end", "output", "missing on one side")
    assert report.culprit is not None
