"""Who is wrong, by which witness, at what cost: faults that a formula alone, and its own geometry, can tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from mutants import engine_with, mutants_of

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend, losses, optimizers
from isograd.backends.numpy_impl.operations import norm
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.layers.conv import Convolution, TransposedConvolution
from isograd.core.layers.pool import Pooling
from isograd.core.parity import witness
from isograd.core.parity.formulas import FORMULAS
from isograd.core.parity.matching import NOISE_FACTOR, TOLERANCE, difference
from isograd.core.parity.pair import Pair
from isograd.core.parity.report import ParityReport
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.stages.trial import Outcome, Trial
from isograd.core.parity.verdict import Culprit, Row

RNG = np.random.default_rng(3)
IMAGES, LABELS = RNG.normal(size=(4, 2, 8, 8)), RNG.integers(0, 3, 4)
CNN = ig.Sequential(
    [ig.Conv2d(3, 3), ig.BatchNorm2d(), ig.ReLU(), ig.MaxPool2d(2), ig.Flatten(), ig.Linear(3)], input_shape=(2, 8, 8)
)


def with_fault(module: Any, function: str, before: str, **options: Any) -> ParityReport:
    """The CNN's report with a fault planted in NumPy's engine."""
    mutant = next(m for m in mutants_of(module.__name__) if m.function == function and before in m.before)
    return ig.check_parity(
        CNN,
        IMAGES,
        LABELS,
        loss=ig.CrossEntropyLoss(),
        optimizer=ig.Adam(0.01),
        steps=2,
        backends=(engine_with(mutant), "torch"),
        **options,
    )


@pytest.mark.parametrize(
    ("kind", "layer", "shape"),
    [
        (Convolution, ig.Conv2d(3, 3, padding=1), (2, 6, 6)),
        (TransposedConvolution, ig.ConvTranspose2d(2, 3, padding=1), (2, 4, 4)),
        (Pooling, ig.AvgPool2d(3, stride=2, padding=1), (2, 6, 6)),
    ],
)
def test_an_error_in_the_geometry_of_a_description_is_seen_by_the_witness(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, kind: Any, layer: Any, shape: tuple[int, ...]
) -> None:
    """Windows that begin one place too late: NumPy reads them, PyTorch has its own, and so has the formula."""
    right: Callable[..., Any] = kind.windows
    monkeypatch.setattr(
        kind, "windows", lambda self, x: tuple(axis._replace(before=axis.before - 1) for axis in right(self, x))
    )
    weights = {name: RNG.normal(size=w.shape) for name, w in layer.weights(shape).items()}
    trial = Trial("wrong", layer, (RNG.normal(size=(3, *shape)),), weights, "float64", True)
    _, culprit = compare_node(pair, trial)
    assert culprit is not None
    assert (culprit.what, culprit.guilty, culprit.witness) == ("output", "numpy", "formula")


def test_running_statistics_are_judged_by_the_formula_and_inherited_by_the_step() -> None:
    report = with_fault(norm, "moved", "share * variance", dtypes=("float64",))
    first, whole, step = report.culprits
    assert (first.stage, first.path, first.what) == ("node", "1", "buffer running_var")
    assert (first.guilty, first.witness, first.inherited) == ("numpy", "formula", None)
    torch, truth = np.array(first.values["torch"]), np.array(first.truth)
    assert not difference(torch, truth).exceeds(TOLERANCE["node", "float64"])
    assert (whole.stage, whole.path, whole.what) == ("end to end", "1.running_var", "buffer")
    assert whole.inherited == "node '1', whose buffer running_var is wrong by itself"
    assert (step.stage, step.path, step.guilty) == ("locked step", "1.running_var", None)
    assert step.inherited == "the forward: no optimizer moves a buffer"


def test_a_step_is_blamed_on_the_optimizer_though_a_bias_before_a_normalisation_has_no_gradient_but_rounding() -> None:
    report = with_fault(optimizers, "adam", "sqrt(1 - b2 ** t)", dtypes=("float64",))
    (culprit,) = report.culprits
    assert (culprit.stage, culprit.path, culprit.layer) == ("locked step", "0.weight", "Adam(0.01)")
    assert (culprit.guilty, culprit.witness) == ("numpy", "formula")
    assert culprit.source == "`adam` in backends/numpy_impl/optimizers.py"
    assert culprit.head.startswith("ParityError: 0.weight differs first after a step of Adam(0.01), worst at [")


def test_a_wrong_loss_is_blamed_itself_and_not_the_graph() -> None:
    report = with_fault(losses, "plain_cross_entropy", "1 / len(t)", dtypes=("float64",))
    alone, whole, step = report.culprits
    assert (alone.stage, alone.path, alone.what, alone.inherited) == ("loss", "loss", "loss", None)
    assert (alone.layer, alone.guilty, alone.witness) == ("CrossEntropyLoss()", "numpy", "formula")
    assert alone.source == "`cross_entropy` in backends/numpy_impl/losses.py"
    assert alone.head.startswith("ParityError: the value of CrossEntropyLoss(), loss, differs first: rel ")
    assert list(alone.values) == ["numpy", "torch"]
    assert alone.values == alone.claims
    assert (whole.stage, whole.path, whole.what) == ("end to end", "the loss", "value of loss")
    assert (whole.inherited, whole.guilty) == ("CrossEntropyLoss(), whose value is wrong by itself", None)
    assert step.stage == "locked step"
    assert all("the graph" not in f"{culprit.path}{culprit.inherited}" for culprit in report.culprits)
    assert any(row.note.endswith("; the loss") for row in report.rows if row.failed)


def test_an_output_costs_one_evaluation_of_the_formula(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    known, calls = FORMULAS[ig.Conv2d], []
    monkeypatch.setitem(FORMULAS, ig.Conv2d, lambda *given: calls.append(given) or known(*given))
    weights = {"weight": RNG.normal(size=(3, 2, 3, 3)), "bias": RNG.normal(size=3)}
    trial = Trial("conv", CNN.layers[0], (IMAGES,), weights, "float64", True)
    right = known(CNN.layers[0], witness.NUMPY, weights, (IMAGES,), None)
    values = {"numpy": right, "torch": right + 1}
    assert witness.judge_output(trial, "output", values, (0, 0, 0, 0)).guilty == "torch"
    assert len(calls) == 1
    assert calls[0][3][0].dtype == np.float64


class Errs:
    """A pair's `run_trial` with one entry of one thing wrong on the left."""

    def __init__(self, name: str, index: tuple[int, ...], by: float) -> None:
        self.name, self.index, self.by = name, index, by

    def __call__(self, outcome: Outcome) -> Outcome:
        wrong = outcome.gradients[self.name].copy()
        wrong[self.index] += self.by
        return replace(outcome, gradients=outcome.gradients | {self.name: wrong})


def judged_with(monkeypatch: pytest.MonkeyPatch, pair: Pair, trial: Trial, errs: Errs) -> Culprit:
    from isograd.core.parity.stages import node

    run = node.run_trial
    monkeypatch.setattr(
        node, "run_trial", lambda backend, t: errs(run(backend, t)) if backend is pair.left else run(backend, t)
    )
    culprit = compare_node(pair, trial)[1]
    assert culprit is not None
    return culprit


def test_one_wrong_entry_among_many_is_judged_along_that_entry_alone(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Along a direction that moves all inputs of a ReLU, these would cross its kink, at every step."""
    x = 1e-7 * RNG.normal(size=(10, 1000))
    x[3, 7] = 1.0
    trial = Trial("relu", ig.ReLU(), (x,), {}, "float64", True)
    culprit = judged_with(monkeypatch, pair, trial, Errs("dx", (3, 7), 1e-3))
    assert (culprit.guilty, culprit.witness, culprit.index) == ("numpy", "finite difference", (3, 7))


def test_the_limit_that_judged_is_the_one_that_is_printed() -> None:
    culprit = Culprit("node", "float32", "0", "Linear(3)", "dweight", 1e-3, NOISE_FACTOR * 2e-6, index=(0, 1))
    assert culprit.allowed != TOLERANCE["node", "float32"]
    assert culprit.head == (
        "ParityError: dweight of Linear(3), node '0', differs first, worst at [0, 1]: rel 1.0e-03 > 2e-04 (float32)"
    )


def test_a_verdict_keeps_every_claim_as_data_and_text_page_and_json_show_it(tmp_path: Any) -> None:
    report = with_fault(norm, "moved", "share * variance", dtypes=("float64",))
    culprit, told = report.culprits[0], json.loads(report.to_json())["culprits"][0]
    assert told["values"] == dict(culprit.values)
    assert {"claims", "truth", "witness", "index", "allowed", "inherited", "guilty", "source"} <= set(told)
    assert (told["stage"], told["guilty"], told["index"]) == ("node", "numpy", list(culprit.index))
    page = report.to_html(tmp_path / "report.html").read_text()
    for value in culprit.claims.values():
        assert f"{value:.9g}" in page
        assert f"{value:.9g}" in report.text
    assert "the odd one out is numpy" in page


def test_a_stage_that_nobody_knows_is_shown_after_the_others_and_numbers_that_are_none_as_text() -> None:
    report = ParityReport("title", ("a", "b"))
    report.add([Row("dreams", "float16", "0", "output", np.inf, 0.0), Row("node", "float64", "0", "output", 0.0, 1.0)])
    report.add([], Culprit("dreams", "float16", "0", "Linear(3)", "output", np.nan, None, values={"a": np.inf}))
    assert [line[0] for line in report.summary()] == ["node", "dreams"]
    assert "dreams" in str(report)
    record = json.loads(report.to_json())
    assert (record["rows"][0]["error"], record["culprits"][0]["error"]) == ("inf", "nan")
    assert record["culprits"][0]["values"] == {"a": "inf"}


def test_a_title_is_short_however_large_the_model() -> None:
    deep = ig.Sequential([ig.Linear(4) for _ in range(40)], input_shape=(4,))
    report = ig.check_parity(deep, RNG.normal(size=(2, 4)), dtypes=("float64",))
    assert report.title.splitlines()[0] == "parity of Sequential of 40 nodes (Linear(4), Linear(4), Linear(4), …)"


def with_operations(entries: dict[type, Any], **options: Any) -> NumpyBackend:
    """The NumPy engine with other operations, or with other rules of optimizers."""
    tables = replace(STANDARD, operations=STANDARD.operations.overlaid(entries))
    for name, given in options.items():
        tables = replace(tables, **{name: getattr(STANDARD, name).overlaid(given)})
    return NumpyBackend(tables, name="wrong")


SMALL = ig.Sequential([ig.Linear(4), ig.Tanh(), ig.Linear(3)], input_shape=(5,))
ROWS, CLASSES = RNG.normal(size=(6, 5)), RNG.integers(0, 3, 6)


@pytest.mark.parametrize("optimizer", [ig.SGD(0.1, momentum=0.9), ig.Adam(0.01)], ids=repr)
@pytest.mark.parametrize("clip", [None, ig.ClipNorm(0.1)], ids=repr)
def test_a_step_that_is_wrong_in_float32_alone_is_no_rounding(optimizer: Any, clip: Any) -> None:
    right = STANDARD.optimizers[type(optimizer)]

    def wrong(spec: Any, lr: float, t: int, w: Any, g: Any, slots: Any) -> None:
        right(spec, lr * (1.5 if w.dtype == np.float32 else 1), t, w, g, slots)

    engine = with_operations({}, optimizers={type(optimizer): wrong})
    loss = ig.CrossEntropyLoss()
    report = ig.check_parity(
        SMALL, ROWS, CLASSES, loss=loss, optimizer=optimizer, clip=clip, steps=2, backends=(engine, "torch")
    )
    assert {row.dtype for row in report.rows if row.failed} == {"float32"}
    (culprit,) = report.culprits
    assert (culprit.stage, culprit.dtype, culprit.guilty) == ("locked step", "float32", "wrong")


@pytest.mark.parametrize("name", ["weight", "bias"])
def test_a_gradient_that_is_no_number_is_its_authors_in_every_stage(name: str) -> None:
    right = STANDARD.operations[ig.Linear]

    def wrong(spec: Any, p: Any, x: Any, *, run: Any) -> Any:
        y, back = right(spec, p, x, run=run)

        def backward(dy: Any) -> Any:
            dx, grads = back(dy)
            grads[name].reshape(-1)[0] = np.nan
            return dx, grads

        return y, backward

    engine = with_operations({ig.Linear: wrong})
    report = ig.check_parity(
        SMALL, ROWS, CLASSES, loss=ig.CrossEntropyLoss(), optimizer=ig.SGD(0.1), steps=1, backends=(engine, "torch")
    )
    assert not report.passed
    assert {culprit.guilty for culprit in report.culprits} <= {"wrong", None}
    assert report.culprits[0].guilty == "wrong"


def test_a_block_that_stands_first_and_a_layer_of_any_name_are_checked() -> None:
    block = [ig.Conv2d(4, 3, padding=1, bias=False), ig.BatchNorm2d(), ig.ReLU()] * 2
    for first in (ig.Residual(block), ig.Sequential(block), ig.Conv2d(4, 3, name="input")):
        model = ig.Sequential([first, ig.Flatten(), ig.Linear(3)], input_shape=(4, 5, 5))
        report = ig.check_parity(model, RNG.normal(size=(2, 4, 5, 5)), dtypes=("float64",))
        assert report.passed, str(report)
