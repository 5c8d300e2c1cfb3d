"""Clipping and schedules alone: stages of `check_parity`, each with its culprit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from message_helpers import raised
from stage_helpers import BOTH, MODEL, Other, X, Y, sides, told

import isograd as ig
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.parity.formulas import SCHEDULE_FORMULAS
from isograd.core.parity.pair import Pair
from isograd.core.parity.suite import FAMILIES, check_schedule_case

CLIPS = [ig.ClipNorm(0.5), ig.ClipValue(0.1), ig.ClipNorm(1e6), ig.ClipValue(1e6)]


@pytest.mark.parametrize("clip", CLIPS, ids=repr)
def test_clipping_alone_has_a_row_for_every_gradient_as_it_is_and_grown_until_it_acts(clip: Any) -> None:
    report = ig.check_parity(MODEL, X, clip=clip)
    assert report.passed
    weights = ["2.bias", "2.weight", "0.bias", "0.weight"]
    for dtype in ("float64", "float32"):
        rows = [(row.path, row.what) for row in report.rows if (row.stage, row.dtype) == ("clipping", dtype)]
        assert sorted(rows) == sorted((w, f"clipped gradient{s}") for w in weights for s in ("", ", grown"))


def dropped(clip: Any, grads: Any) -> Any:
    return {path: g for path, g in STANDARD.clippings[type(clip)](clip, grads).items() if path != "2.bias"}


def doubled(clip: Any, grads: Any) -> Any:
    return {path: g * g.dtype.type(2) for path, g in STANDARD.clippings[type(clip)](clip, grads).items()}


def other_key(clip: Any, grads: Any) -> Any:
    return STANDARD.clippings[type(clip)](clip, grads) | {"3.weight": np.zeros(2)}


def wide_one(clip: Any, grads: Any) -> Any:
    return {path: g.astype(np.float16) for path, g in STANDARD.clippings[type(clip)](clip, grads).items()}


def does_nothing(clip: Any, grads: Any) -> Any:
    return dict(grads)


def not_a_number(clip: Any, grads: Any) -> Any:
    return {path: g * g.dtype.type(np.nan) for path, g in grads.items()}


@BOTH
@pytest.mark.parametrize("clip", [CLIPS[0], CLIPS[3]], ids=repr)
@pytest.mark.parametrize(
    "fault", [dropped, doubled, other_key, wide_one, does_nothing, not_a_number], ids=lambda f: f.__name__
)
def test_a_wrong_clipping_is_a_culprit_of_its_own(fault: Any, clip: Any, first: bool) -> None:
    engine = Other(clippings={type(clip): fault})
    report = ig.check_parity(MODEL, X, clip=clip, backends=sides(engine, first))
    found = told(report, "clipping")
    assert [(dtype, guilty) for dtype, _, _, guilty in found] == [("float64", "wrong"), ("float32", "wrong")]
    culprit = next(c for c in report.culprits if c.stage == "clipping")
    assert culprit.layer == repr(clip)
    assert str(culprit.source).startswith(f"`{fault.__name__}` in ")
    late = fault is does_nothing and clip.__class__ is ig.ClipValue
    assert culprit.what == ("clipped gradient, grown" if late else "clipped gradient")
    wanted = {"dropped": "2.bias", "other_key": "3.weight"}.get(fault.__name__)
    assert wanted in (None, culprit.path)
    assert {row.stage for row in report.rows if row.failed} == {"clipping"}


def test_a_clipping_that_raises_or_writes_to_its_gradients_is_blamed() -> None:
    def raises(clip: Any, grads: Any) -> Any:
        raise KeyError("norm")

    def writes(clip: Any, grads: Any) -> Any:
        for g in grads.values():
            g *= 0
        return grads

    for fault, words in ((raises, "raised KeyError: 'norm'"), (writes, "the clipping wrote to the gradients")):
        report = ig.check_parity(MODEL, X, clip=CLIPS[0], backends=(Other(clippings={ig.ClipNorm: fault}), "torch"))
        assert told(report, "clipping") == [(d, "clipping", "run", "wrong") for d in ("float64", "float32")]
        assert words in report.text


SCHEDULES = [case for cases in FAMILIES[4].cases.values() for case in cases]
RATES = {
    "one later": lambda rates: [*rates[1:], rates[-1] * 0.9],
    "the last twice as high": lambda rates: [*rates[:-1], rates[-1] * 2 + 1e-3],
    "little more": lambda rates: [rate * (1 + 2e-12) for rate in rates],
    "one missing": lambda rates: rates[:-1],
    "not a number": lambda rates: [*rates[:-1], float("nan")],
}


@BOTH
@pytest.mark.parametrize("fault", RATES)
def test_a_wrong_schedule_is_a_culprit_and_the_formula_says_whose(fault: str, first: bool) -> None:
    class Wrong(Other):
        def learning_rates(self, *asked: Any) -> Any:
            return RATES[fault](super().learning_rates(*asked))

    report = ig.check_parity(
        MODEL,
        X,
        Y,
        loss=ig.MSELoss(),
        optimizer=ig.SGD(0.1),
        schedule=ig.WarmUp(length=2, then=ig.CosineDecay()),
        steps=5,
        backends=sides(Wrong(), first),
    )
    assert told(report, "schedule") == [("float64", "schedule", "lr", "wrong")]
    culprit = next(c for c in report.culprits if c.stage == "schedule")
    assert culprit.head.startswith("ParityError: the rate of WarmUp(length=2, then=CosineDecay()) differs first")
    assert {row.stage for row in report.rows if row.failed} == {"schedule"}


@BOTH
@pytest.mark.parametrize("case", SCHEDULES, ids=lambda case: f"{case.schedule!r}: {case.why}")
def test_every_schedule_s_formula_tells_the_wrong_side(case: Any, first: bool) -> None:
    class Wrong(Other):
        def learning_rates(self, *asked: Any) -> Any:
            rates = super().learning_rates(*asked)
            highest = int(np.argmax(rates))
            return [*rates[:highest], rates[highest] * (1 + 2e-12), *rates[highest + 1 :]]

    for engine, guilty in ((Wrong(), "wrong"), ("numpy", None)):
        pair = Pair.named(*sides(engine, first))
        ((rows, culprit),) = check_schedule_case(pair, case)
        assert [row.failed for row in rows] == [guilty is not None]
        assert (culprit.guilty if culprit else None) == guilty


def test_formulas_of_schedules_are_written_by_themselves() -> None:
    for case in SCHEDULES:
        formula = SCHEDULE_FORMULAS[type(case.schedule)]
        assert "at" not in formula.__code__.co_names


def test_a_schedule_without_an_optimizer_is_refused() -> None:
    assert (
        raised(lambda: ig.check_parity(MODEL, X, schedule=ig.CosineDecay()))
        == """\
SpecError: check_parity(schedule=…)
  wanted optimizer=, whose lr it starts from
  got    none
  fix    optimizer=ig.SGD(0.1)"""
    )
