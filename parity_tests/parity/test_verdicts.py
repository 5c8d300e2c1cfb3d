"""The words of a verdict, and faults outside any node: a buffer of the whole, an engine that raises on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tampered import TamperedEngine

import isograd as ig
from isograd.core.base.types import State
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.natures import NOT_IMPLEMENTED, RAISED
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.loss import compare_loss
from isograd.core.parity.verdict import LONG, Culprit, Row, limit, short
from isograd.core.parity.witness import FARTHER, odd_one_out

FOUND = Culprit(
    stage="node",
    dtype="float64",
    path="head",
    layer="Linear(3)",
    what="dx",
    error=0.5,
    allowed=1e-12,
    index=(4, 3),
    mode="training",
    witness="finite difference",
    quantity="slope of x",
    claims={"numpy": 1.0, "torch": -1.0},
    truth=-1.0,
    guilty="numpy",
    source="`linear`",
)
HEAD = "ParityError: dx of Linear(3), node 'head', differs first, worst at [4, 3]: rel 5.0e-01 > 1e-12"
EVIDENCE = "  slope of x    numpy 1    torch -1    finite difference -1"


def test_a_culprit_in_three_lines() -> None:
    lines = [f"{HEAD} (float64, training)", EVIDENCE, "  the odd one out is numpy: look at `linear`"]
    assert FOUND.text.splitlines() == lines
    assert FOUND.judged


@pytest.mark.parametrize(
    ("changed", "lines"),
    [
        ({"inherited": "node '0'"}, [f"{HEAD} (float64, training)", EVIDENCE, "  inherited from node '0'"]),
        ({"guilty": None}, [f"{HEAD} (float64, training)", EVIDENCE, "  no witness could say which side is wrong"]),
        (
            {"witness": None, "quantity": "", "claims": {}, "truth": None, "guilty": None},
            [f"{HEAD} (float64, training)", "  not judged: what stands first was"],
        ),
        (
            {"index": (), "mode": "", "fault": "dtype float32 against float64", "truth": None},
            [
                "ParityError: dx of Linear(3), node 'head', differs first: dtype float32 against float64 (float64)",
                "  slope of x    numpy 1    torch -1",
                "  the odd one out is numpy: look at `linear`",
            ],
        ),
        (
            {"stage": "locked step"},
            [
                "ParityError: head differs first after a step of Linear(3), worst at [4, 3]: rel 5.0e-01 > 1e-12 "
                "(float64, training)",
                EVIDENCE,
                "  the odd one out is numpy: look at `linear`",
            ],
        ),
        (
            {"stage": "end to end", "path": "the loss"},
            [
                "ParityError: dx of Linear(3), the loss, differs first, worst at [4, 3]: rel 5.0e-01 > 1e-12 "
                "(float64, training)",
                EVIDENCE,
                "  the odd one out is numpy: look at `linear`",
            ],
        ),
    ],
)
def test_a_culprits_words_follow_from_what_is_known_of_it(changed: dict[str, Any], lines: list[str]) -> None:
    assert replace(FOUND, **changed).text.splitlines() == lines


def test_the_line_of_a_row_that_failed() -> None:
    row = Row("node", "float64", "head", "dx", 0.5, 1e-12)
    assert row.text == "✗ node, float64: head dx: error 5.0e-01 > 1e-12"
    assert replace(row, note="own").text == "✗ node, float64: head dx: error 5.0e-01 > 1e-12 (own)"
    assert replace(row, fault="NaN").text == "✗ node, float64: head dx: NaN"
    assert [limit(v) for v in (1e-12, 2.34e-7, 1.0, None)] == ["1e-12", "2.3e-07", "1e+00", "reported"]


def test_a_long_description_is_shortened_and_a_large_model_told_by_its_first_nodes() -> None:
    few = ig.Sequential([ig.Linear(2), ig.Tanh()], input_shape=(4,))
    assert short(few) == repr(few)
    four = ig.Sequential([ig.Linear(2) for _ in range(9)], input_shape=(4,))
    assert short(four) == "Sequential of 9 nodes (Linear(2), Linear(2), Linear(2), …)"
    inner = ig.Sequential([ig.Linear(2) for _ in range(9)])
    assert short(inner, (4,)) == short(four)
    exact = ig.Sequential([ig.Linear(12345678, bias=False) for _ in range(3)], input_shape=(4,))
    assert len(repr(exact)) > LONG
    assert short(exact) == "Sequential of 3 nodes (" + ", ".join(["Linear(12345678, bias=False)"] * 3) + ")"
    wide = ig.CrossEntropyLoss(weight=tuple(range(1, 60)))
    assert short(wide) == f"{repr(wide)[: LONG - 1]}…"


X, Y = np.random.default_rng(0).normal(size=(6, 4)), np.arange(6) % 3
MODEL = ig.Sequential([ig.Linear(3), ig.BatchNorm1d(), ig.Linear(3)], input_shape=(4,))


class ShiftedBuffer:
    """NumPy's engine, whose networks of several nodes show a running mean that is off by a tenth."""

    name = "numpy"

    def build(self, model: Any, state: State, **options: Any) -> Any:
        net = ig.get_backend("numpy").build(model, state, **options)
        right = net.state_dict

        def state_dict() -> State:
            found = right()
            if "1.running_mean" in found:
                found["1.running_mean"] += found["1.running_mean"].dtype.type(0.1)
            return found

        net.state_dict = state_dict  # type: ignore[method-assign]
        return net

    def source(self, description: Any) -> str:
        return "a tampered engine"


def test_a_buffer_that_is_wrong_in_the_whole_alone_is_judged_by_the_models_formula() -> None:
    report = ig.check_parity(MODEL, X, dtypes=("float64",), backends=(ShiftedBuffer(), "torch"))
    culprit = next(c for c in report.culprits if c.stage == "end to end")
    assert (culprit.guilty, culprit.witness, culprit.path) == ("numpy", "formula", "the whole graph")
    assert culprit.quantity == f"1.running_mean{list(culprit.index)}"
    told = [np.array(value) for value in (culprit.claims["numpy"], culprit.claims["torch"], culprit.truth)]
    assert not difference(told[1], told[2]).exceeds(TOLERANCE["node", "float64"])
    assert not difference(told[0], told[2] + 0.1).exceeds(TOLERANCE["node", "float64"])
    assert [row.path for row in report.rows if row.failed and row.stage == "end to end"] == ["1.running_mean"]


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (RuntimeError("out of memory"), RAISED),
        (ig.BackendError("numpy", wanted="less", got="more", fix="another"), NOT_IMPLEMENTED),
    ],
)
def test_an_engine_that_raises_on_a_free_run_stops_that_stage_alone_and_is_named(error: Exception, fault: str) -> None:
    def stepped(state: State, steps: int) -> None:
        if steps > 1:
            raise error

    engine = TamperedEngine(stepped_since=stepped)
    report = ig.check_parity(
        MODEL,
        X,
        Y,
        loss=ig.CrossEntropyLoss(),
        optimizer=ig.SGD(0.1),
        steps=3,
        dtypes=("float64",),
        backends=(engine, "torch"),
    )
    failed = [row for row in report.rows if row.failed]
    assert [(row.stage, row.dtype, row.path, row.what) for row in failed] == [("free run", "float64", "steps", "run")]
    assert (failed[0].note, failed[0].fault) == ("after 3 steps", fault)
    culprit = report.culprits[-1]
    assert (culprit.stage, culprit.guilty) == ("free run", "numpy")
    assert f"numpy raised {type(error).__name__}: {error}" in culprit.text


class Raising:
    """NumPy's engine, whose losses raise."""

    name = "numpy"

    def __getattr__(self, name: str) -> Any:
        return getattr(ig.get_backend("numpy"), name)

    def evaluate_loss(self, *given: Any) -> Any:
        raise ValueError("no such loss")


def test_the_rows_of_a_loss_and_an_engine_that_raises_in_it(pair: Pair) -> None:
    loss, p, t = ig.MSELoss(), X, X + 1
    rows, culprit = compare_loss(pair, loss, p, t, dtype="float64", path="it")
    assert [(row.stage, row.dtype, row.path, row.what, row.sides) for row in rows] == [
        ("loss", "float64", "it", what, ("numpy", "torch")) for what in ("loss", "dprediction")
    ]
    assert culprit is None
    rows, culprit = compare_loss(Pair(Raising(), pair.right), loss, p, t, dtype="float64", path="it")
    assert [(row.what, row.failed) for row in rows] == [("run", True)]
    assert culprit is not None
    assert (culprit.layer, culprit.index, culprit.guilty) == ("MSELoss()", (), "numpy")
    assert "numpy raised ValueError: no such loss" in culprit.text


def test_a_slot_of_another_dtype_after_a_step_is_judged_by_what_is_promised() -> None:
    class Narrow(TamperedEngine):
        def build(self, model: Any, state: State, **options: Any) -> Any:
            net = ig.get_backend("numpy").build(model, state, **options)
            made = net.learner

            def learner(*given: Any, **more: Any) -> Any:
                found = made(*given, **more)
                told = found.state_dict
                found.state_dict = lambda: {
                    name: v.astype("f4") if name == "momentum_buffer/0.bias" else v for name, v in told().items()
                }
                return found

            net.learner = learner
            return net

    report = ig.check_parity(
        MODEL,
        X,
        Y,
        loss=ig.CrossEntropyLoss(),
        optimizer=ig.SGD(0.1, momentum=0.9),
        steps=2,
        dtypes=("float64",),
        backends=(Narrow(), "torch"),
    )
    culprit = next(c for c in report.culprits if c.stage == "locked step")
    assert (culprit.path, culprit.guilty, culprit.witness) == ("momentum_buffer/0.bias", "numpy", "described")
    assert culprit.layer == repr(ig.SGD(0.1, momentum=0.9))
    assert culprit.values == {"numpy": "float32[3]", "torch": "float64[3]"}
    assert culprit.fault == "dtype float32 against float64"


def test_a_side_is_called_wrong_where_it_is_three_times_as_far_from_the_truth() -> None:
    """Nearer than that both may be right but for rounding, and nobody is blamed."""
    for far, guilty in ((FARTHER * 0.9, None), (FARTHER * 1.1, "b"), (np.inf, "b"), (1.0, None)):
        for claims in ({"a": 1.0, "b": far}, {"b": far, "a": 1.0}):
            assert odd_one_out("formula", "y", claims, 0.0).guilty == guilty
    assert odd_one_out("formula", "y", {"a": 0.0, "b": 0.0}, 0.0).guilty is None
    assert odd_one_out("formula", "y", {"a": np.nan, "b": np.inf}, 0.0).guilty is None
