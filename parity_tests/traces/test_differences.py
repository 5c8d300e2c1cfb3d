"""Faults that are planted in one engine are found in its trace: at their node, by values and by sketches alike."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from trace_helpers import (
    ADAM,
    CNN,
    LABELS,
    LOSS,
    Change,
    X,
    buffers_off,
    dx_negated,
    engine_with,
    output_off,
    trace_of,
    weights_doubled,
)

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.parity.matching import TOLERANCE
from isograd.core.parity.report import ParityReport
from isograd.core.parity.verdict import Culprit

EQUAL = "outputs, and the gradients nearer to the end, are equal: "
FAULTS = [
    (ig.Tanh, output_off, "2", "output", "what enters it is equal"),
    (ig.BatchNorm2d, output_off, "1", "output", "what enters it is equal"),
    (ig.Linear, output_off, "6", "output", "what enters it is equal"),
    (ig.BatchNorm2d, buffers_off, "1.running_mean", "buffer", "what enters it is equal"),
    (ig.Tanh, dx_negated, "1.bias", "gradient", f"{EQUAL}its own, or of the backward of 2, 3, 4"),
    (ig.Linear, dx_negated, "4.bias", "gradient", f"{EQUAL}its own, or of the backward of 5, 6"),
    (ig.Linear, weights_doubled, "6.weight", "gradient", f"{EQUAL}its own"),
    (ig.Conv2d, weights_doubled, "4.weight", "gradient", f"{EQUAL}its own"),
    (ig.Conv2d, dx_negated, "1.bias", "gradient", f"{EQUAL}its own, or of the backward of 2, 3, 4"),
]


@pytest.fixture(scope="module")
def right() -> dict[str, ig.Trace]:
    return {dtype: trace_of("torch", dtype=dtype) for dtype in ("float64", "float32")}


def first(report: Any) -> Culprit:
    assert not report.passed
    assert report.culprit is not None
    culprit: Culprit = report.culprit
    return culprit


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("kind", "change", "path", "what", "because"), FAULTS)
def test_a_fault_is_found_at_its_node(
    right: dict[str, ig.Trace], kind: type, change: Change, path: str, what: str, because: str, dtype: str
) -> None:
    wrong = trace_of(engine_with(kind, change), dtype=dtype)
    culprit = first(ig.diff(wrong, right[dtype]))
    assert (culprit.path, culprit.what, culprit.because) == (path, what, because)
    assert culprit.layer.startswith(kind.__name__ if "its own" not in because or because.endswith("own") else "")
    assert set(culprit.values) == {wrong.origin.short, right[dtype].origin.short}
    sketched = first(ig.diff(trace_of(engine_with(kind, change), dtype=dtype, sketches=True), right[dtype]))
    assert (sketched.path, sketched.what, sketched.because) == (path, what, because)


def test_two_traces_of_sketches_tell_the_same() -> None:
    sides = [trace_of(engine, sketches=True) for engine in (engine_with(ig.Tanh, output_off), "torch")]
    culprit = first(ig.diff(*sides))
    assert (culprit.path, culprit.what, culprit.because) == ("2", "output", "what enters it is equal")
    assert ig.diff(trace_of("numpy", sketches=True), sides[1]).passed


def test_what_follows_is_inherited_and_says_from_what(right: dict[str, ig.Trace]) -> None:
    report = ig.diff(trace_of(engine_with(ig.Tanh, output_off)), right["float64"])
    told = [(culprit.path, culprit.what, culprit.inherited) for culprit in report.culprits]
    before = "output of 2, which differs before it"
    assert told[0] == ("2", "output", None)
    assert told[1] == ("6.weight", "gradient", before)
    assert [inherited for *_, inherited in told[1:]] == [before] * 4
    assert report.culprits[-1].layer == "CrossEntropyLoss()"


def with_weight(change: Any) -> ig.Trace:
    net = ig.build(CNN, dtype="float64")
    state = net.state_dict()
    state["4.weight"] = change(state["4.weight"])
    return ig.record(ig.build(CNN, state, dtype="float64"), X, targets=LABELS, loss=LOSS, optimizer=ADAM, steps=1)


def test_weights_that_differ_at_the_start_are_said_first(right: dict[str, ig.Trace]) -> None:
    report = ig.diff(with_weight(lambda w: np.flip(w, 3)), right["float64"])
    told = [(culprit.path, culprit.what, culprit.inherited, culprit.because) for culprit in report.culprits[:2]]
    assert told == [
        ("4.weight", "weight", None, "the two runs start from different weights"),
        ("4", "output", "4.weight, which differs at the start", ""),
    ]


def test_weights_that_differ_by_less_than_the_table_allows_do_not(right: dict[str, ig.Trace]) -> None:
    near = with_weight(lambda w: w * (1 + TOLERANCE["node", "float64"] / 4))
    assert [row for row in ig.diff(near, right["float64"]).rows if row.failed and "start" in row.note] == []


def with_optimizer(change: Any, optimizer: Any, steps: int, dtype: str) -> ParityReport:
    rule = STANDARD.optimizers[type(optimizer)]
    tables = replace(STANDARD, optimizers=STANDARD.optimizers.overlaid({type(optimizer): change(rule)}))
    asked = {"optimizer": optimizer, "steps": steps, "dtype": dtype}
    return ig.diff(trace_of(NumpyBackend(tables, name="wrong"), **asked), trace_of("torch", **asked))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_wrong_step_is_the_optimizers(dtype: str) -> None:
    def slower(rule: Any) -> Any:
        return lambda spec, lr, *rest: rule(spec, 0.9 * lr, *rest)

    culprit = first(with_optimizer(slower, ig.SGD(0.1), 1, dtype))
    assert (culprit.stage, culprit.layer, culprit.mode) == ("locked step", "SGD(0.1)", "step 1")
    assert culprit.because == "what was computed before it is equal"


def test_a_momentum_that_is_wrong_shows_at_the_second_step() -> None:
    def forgetful(rule: Any) -> Any:
        return lambda spec, *rest: rule(replace(spec, momentum=0.5), *rest)

    culprit = first(with_optimizer(forgetful, ig.SGD(0.1, momentum=0.9), 3, "float64"))
    assert (culprit.stage, culprit.mode) == ("free run", "step 2")


def test_nan_and_another_shape_are_differences_of_their_own_kind() -> None:
    def holed(y: Any, back: Any, rest: list[Any]) -> tuple[Any, ...]:
        y = y.copy()
        y[0] = np.nan
        return (y, back, *rest)

    model = ig.Sequential([ig.Linear(3), ig.Tanh(), ig.Linear(2)], input_shape=(4,))
    x = np.linspace(0, 1, 8).reshape(2, 4)
    sides = [ig.record(ig.build(model, backend=engine), x) for engine in (engine_with(ig.Tanh, holed), "torch")]
    culprit = first(ig.diff(*sides))
    assert (culprit.path, culprit.fault) == ("1", "NaN")
    wider = ig.Sequential([ig.Linear(5), ig.Tanh(), ig.Linear(2)], input_shape=(4,))
    culprit = first(ig.diff(ig.record(ig.build(wider), x), sides[1]))
    assert (culprit.path, culprit.fault) == ("0.weight", "shape (5, 4) against (3, 4)")
    assert list(culprit.claims.values()) == ["float32[5, 4]", "float32[3, 4]"]


def renamed_pair() -> tuple[ig.Trace, ig.Trace]:
    def model(*names: str) -> ig.Sequential:
        layers = [ig.Linear(5, name=names[0]), ig.Tanh(name=names[1]), ig.Linear(2, name=names[2])]
        return ig.Sequential(layers, input_shape=(3,))

    x = np.linspace(0, 1, 6).reshape(2, 3)
    theirs = ig.build(model("fc1", "act", "fc2"))
    state = {path.replace("fc", "linear"): values for path, values in theirs.state_dict().items()}
    return ig.record(theirs, x), ig.record(ig.build(model("linear1", "tanh", "linear2"), state), x)


def test_names_are_brought_together() -> None:
    theirs, mine = renamed_pair()
    assert not ig.diff(theirs, mine).passed
    names = {"fc1": "linear1", "fc2": "linear2"}
    report = ig.diff(theirs, mine, rename=names)
    assert report.passed
    assert [(each.what, each.why.split(" has ")[1]) for each in report.not_judged] == [
        ("act", "such outputs"),
        ("tanh", "such outputs"),
    ]
    assert not ig.diff(theirs, mine, rename={**names, "act": "tanh"}).not_judged
    assert ig.diff(theirs, mine, rename=lambda path: path.replace("fc", "linear").replace("act", "tanh")).passed


def test_an_output_inside_of_another_shape_is_no_failure_where_all_that_comes_of_it_is_equal() -> None:
    class Last(torch.nn.Module):
        def __init__(self, alone: bool) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.alone, self.norm, self.head = alone, torch.nn.LayerNorm(4), torch.nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.head(self.norm(x[:, 0]) if self.alone else self.norm(x)[:, 0])
            return y

    x = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(1))
    both = [ig.record(Last(alone), x) for alone in (False, True)]
    report = ig.diff(*both)
    assert report.passed, str(report)
    assert [each.what.partition(":")[0] for each in report.not_judged][:2] == [
        "output of norm (evaluation)",
        "output of norm (training)",
    ]
    key = ("evaluation", "head", "output")
    wrong = replace(both[1].entries[key], values=np.ones((3, 2), np.float32), beside=())
    failed = ig.diff(both[0], replace(both[1], entries={**both[1].entries, key: wrong}))
    assert ("norm", "output") in [(row.path, row.what) for row in failed.rows if row.failed]


def test_what_one_side_alone_has_is_no_failure_but_a_missing_gradient_is(right: dict[str, ig.Trace]) -> None:
    trace = right["float64"]
    fewer = {key: entry for key, entry in trace.entries.items() if key[1] != "2"}
    report = ig.diff(trace, replace(trace, entries=fewer))
    assert report.passed
    told = [(each.what, each.cases, each.why) for each in report.not_judged if each.stage == "end to end"]
    assert told == [("2", 2, f"only {report.sides[0]} has such outputs")]
    for what in ("gradient", "weight", "exp_avg"):
        gone = {key: entry for key, entry in trace.entries.items() if key[1:] != ("6.bias", what)}
        culprit = first(ig.diff(trace, replace(trace, entries=gone)))
        assert (culprit.path, culprit.fault) == ("6.bias", "missing on one side"), what


def test_what_was_asked_of_one_alone_is_left_out(right: dict[str, ig.Trace]) -> None:
    longer = trace_of("numpy", steps=3)
    assert ig.diff(longer, right["float64"]).passed
    alone = ig.record(ig.build(CNN, dtype="float64"), X)
    report = ig.diff(alone, right["float64"])
    assert report.passed
    assert {row.stage for row in report.rows} == {"end to end"}


def test_a_report_is_that_of_every_comparison(right: dict[str, ig.Trace]) -> None:
    report = ig.diff(trace_of("numpy"), right["float64"])
    assert [line[0] for line in report.summary()] == ["end to end", "locked step", "free run"]
    title, numpy, torch = report.title.splitlines()
    assert title == f"traces of {right['float64'].origin.model}"
    assert numpy.startswith("numpy of 20")
    assert torch.endswith(str(right["float64"].origin))
    assert json.loads(report.to_json())["passed"]
    same = ig.diff(right["float64"], right["float64"])
    assert same.sides[0].endswith(" (a)")
    assert max(row.error for row in same.rows) == 0
