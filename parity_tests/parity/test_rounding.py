"""How an error of a whole run is judged, step by step: by runs that are made up, so that every limit is known."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.core.layers import Compare, Linear, Where
from isograd.core.parity.matching import (
    FAR_NUDGES,
    FAR_UNITS,
    NOISE_FACTOR,
    NUDGES,
    TOLERANCE,
    Difference,
    allowed_by,
    difference,
)
from isograd.core.parity.pair import Pair
from isograd.core.parity.report import ParityReport
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.stages.rounding import ADVICE, Judged, Rounding
from isograd.core.parity.stages.training import shaken
from isograd.core.parity.stages.trial import Trial, run_trial
from isograd.core.parity.verdict import Row

KEY = ("it", "gradient")
LEAST = 2.0**-52
FIRST, SAME, FAR = (1, 0), (0, 0), [(sign * FAR_UNITS, draw) for draw in (1, 2) for sign in (1, -1)]
NEAR = [(1, draw) for draw in range(NUDGES)]


class Runs:
    """Two sides at 1 and 1 + `apart`; moved by a nudge, a side is off from itself by what `moves` says."""

    def __init__(self, apart: float, moves: dict[tuple[int, tuple[int, int]], float] | None = None) -> None:
        self.apart, self.moves = apart, moves or {}
        self.asked: list[tuple[int, tuple[int, int]]] = []

    def moved(self, side: int, units: int, draw: int) -> dict[tuple[str, str], Any]:
        self.asked.append((side, (units, draw)))
        start = self.found[side][KEY]
        return {KEY: start * (1.0 + self.moves.get((side, (units, draw)), 0.0))}

    def judge(self, pair: Pair, added: float = 0.0) -> Judged:
        self.found = {KEY: np.array([1.0 + self.apart])}, {KEY: np.array([1.0])}
        return Rounding(pair, self.found, LEAST, self.moved, lambda key: added).judge(KEY)


def test_an_error_below_a_hundred_times_the_least_floor_needs_no_other_run(pair: Pair) -> None:
    runs = Runs(64 * LEAST)
    judged = runs.judge(pair)
    assert (judged.allowed, judged.noise, runs.asked) == (NOISE_FACTOR * LEAST, LEAST, [])
    assert not judged.gap.exceeds(judged.allowed)


def test_an_error_that_is_a_small_share_of_what_was_added_up_needs_none_either(pair: Pair) -> None:
    runs = Runs(2.0**-20)
    judged = runs.judge(pair, added=2.0**30)
    assert (judged.gap.error, judged.allowed, runs.asked) == (2.0**-50, NOISE_FACTOR * LEAST, [])


def test_beyond_it_the_floor_is_measured_on_the_side_where_it_is_less(pair: Pair) -> None:
    runs = Runs(2.0**-30, {(0, FIRST): 2.0**-20, (1, FIRST): 2.0**-36})
    judged = runs.judge(pair)
    assert (judged.noise, judged.allowed) == (2.0**-36, allowed_by(2.0**-36))
    assert runs.asked == [(0, FIRST), (1, FIRST)]
    assert not judged.gap.exceeds(judged.allowed)


def test_a_floor_is_never_below_the_least(pair: Pair) -> None:
    judged = Runs(2.0**-30).judge(pair)
    assert (judged.noise, judged.allowed) == (LEAST, NOISE_FACTOR * LEAST)
    assert judged.gap.exceeds(judged.allowed)


def at_a_kink(pair: Pair, left: list[float], right: list[float]) -> Judged:
    """Two sides at 1.5 and 1 that a unit does not move; what each is at the far points."""
    found = {KEY: np.array([1.5])}, {KEY: np.array([1.0])}
    beside = [dict(zip(FAR, values, strict=True)) for values in (left, right)]

    def moved(side: int, units: int, draw: int) -> dict[tuple[str, str], Any]:
        return {KEY: np.array([beside[side].get((units, draw), float(found[side][KEY][0]))])}

    assert len(FAR) == FAR_NUDGES
    return Rounding(pair, found, LEAST, moved, lambda key: 0.0).judge(KEY)


def test_an_error_that_is_gone_at_one_point_beside_it_was_a_kink_where_both_sides_turn(pair: Pair) -> None:
    judged = at_a_kink(pair, [1.5, 1.5, 1.0, 1.5], [1.0, 1.0, 1.0, 1.5])
    assert (judged.gap.error, judged.allowed, judged.kink) == (0.0, NOISE_FACTOR * LEAST, True)


@pytest.mark.parametrize("still", [[1.0] * 4, [1.0, 1.125] * 2], ids=["equal", "less than they are apart"])
def test_what_agrees_beside_the_point_is_an_error_where_a_side_does_not_turn(pair: Pair, still: list[float]) -> None:
    """A mask that the code asks for by `== 0`: anywhere else there is none, and a port without it agrees."""
    for sides in ((still, still), (still, [1.0, 1.0, 1.5, 1.0]), ([1.0, 1.0, 1.5, 1.0], still)):
        judged = at_a_kink(pair, *sides)
        assert (judged.gap.error, judged.kink, judged.failed) == (0.5, False, True)


def test_beyond_a_floor_that_is_no_rounding_nobody_can_say(pair: Pair) -> None:
    moves = {(side, nudge): 0.5 for side in (0, 1) for nudge in (*NEAR, *FAR)}
    judged = Runs(0.25, moves).judge(pair)
    assert (judged.unsteady, judged.failed, judged.noise, judged.allowed) == (True, False, 0.5, 1.5)
    assert not Runs(64 * LEAST, moves).judge(pair).unsteady
    more = Runs(2.0, moves)
    judged = more.judge(pair)
    assert (judged.unsteady, judged.failed, judged.gap.error) == (False, True, 2.0)
    assert more.asked == [(side, nudge) for nudge in NEAR for side in (0, 1)]


def test_a_floor_that_most_moves_do_not_show_is_none(pair: Pair) -> None:
    """The first turns a kink, the others do not."""
    moves = {(side, nudge): size for side in (0, 1) for nudge, size in zip(NEAR, (0.5, 2.0**-40, 0.0), strict=True)}
    assert Runs(0.25, moves).judge(pair).noise == 0.5
    moves |= {(side, NEAR[2]): 2.0**-41 for side in (0, 1)}
    judged = Runs(0.25, moves).judge(pair)
    assert (judged.noise, judged.unsteady, judged.failed) == (2.0**-40, False, True)


def test_a_row_that_nobody_can_judge_is_reported_and_of_the_whole_a_failure() -> None:
    row = Row("end to end", "float64", "it", "gradient", 0.25, 1.5, sides=("a", "b"))
    judged = Judged(Difference(0.25), 1.5, 0.5, unsteady=True)
    assert Judged(Difference(0.25), 1.5, 0.5).said_of(row, whole=True) == replace(row, noise=0.5)
    report = ParityReport("it", ("a", "b"))
    report.add([judged.said_of(row)] * 9)
    assert (report.passed, report.rows[0].allowed) == (True, None)
    assert "not judged: 9 cases of gradient of it: one unit in the last place of what is given" in str(report)
    report.add([judged.said_of(row, whole=True)])
    assert report.rows[-1].fault == "cannot be judged: one unit in the last place of what is given moves it by 5.0e-01"
    assert (report.passed, len(report.not_judged)) == (False, 1)
    assert report.verdict == "FAILED: it cannot be judged whether a and b compute the same thing"
    report.add([replace(row, allowed=0.0)])
    assert report.verdict == "FAILED: a and b differ"


def test_an_error_at_every_point_is_one(pair: Pair) -> None:
    runs = Runs(0.5, {(side, nudge): size for side in (0, 1) for nudge, size in zip(FAR, (0, 0.5) * 2, strict=True)})
    judged = runs.judge(pair)
    assert runs.asked == [(side, nudge) for nudge in (FIRST, SAME, *FAR) for side in (0, 1)]
    assert (judged.gap.error, judged.allowed) == (0.5, NOISE_FACTOR * LEAST)


def test_a_side_that_does_not_find_again_what_it_found_is_not_looked_at_beside_it(pair: Pair) -> None:
    runs = Runs(0.5, {(0, SAME): -0.25})
    judged = runs.judge(pair)
    assert runs.asked == [(side, nudge) for nudge in (FIRST, SAME) for side in (0, 1)]
    assert judged.gap.exceeds(judged.allowed)


def test_a_run_that_overflows_is_no_measure_of_noise(pair: Pair) -> None:
    judged = Runs(2.0**-30, {(0, FIRST): inf, (1, FIRST): inf} | {(k, n): inf for k in (0, 1) for n in FAR}).judge(pair)
    assert (judged.noise, judged.allowed) == (LEAST, NOISE_FACTOR * LEAST)


def test_a_missing_array_is_a_fault_that_no_noise_explains(pair: Pair) -> None:
    asked: list[int] = []

    def moved(side: int, units: int, draw: int) -> Any:
        asked.append(side)
        return {}

    judged = Rounding(pair, ({KEY: np.ones(1)}, {}), LEAST, moved, lambda key: 0.0).judge(KEY)
    assert (judged.gap.fault, asked) == ("missing on one side", [])


class OffBy:
    """NumPy's engine, the gradient of a weight off by a share of itself where it computes in float32."""

    name = "numpy"

    def __init__(self, share: float, engine: Any) -> None:
        self.share, self.engine = share, engine

    def build(self, model: Any, state: Any, **options: Any) -> Any:
        net = self.engine.build(model, state, **options)
        right = net.backward

        def backward(*dys: Any) -> Any:
            dx, dw = right(*dys)
            for path, values in dw.items():
                if path.endswith("weight") and values.dtype == np.float32:
                    dw[path] = values * values.dtype.type(1 + self.share)
            return dx, dw

        net.backward = backward
        return net

    def source(self, description: Any) -> str:
        return "a tampered engine"


def test_a_float32_node_beyond_the_table_is_held_against_the_nearer_sides_distance_from_float64(pair: Pair) -> None:
    """A sum over 20,000 rows: what PyTorch's float32 is off by, a hundred times, and no more."""
    rng = np.random.default_rng(0)
    x, dy, w = rng.uniform(0.5, 1.5, (20_000, 2)), rng.uniform(0.5, 1.5, (20_000, 1)), rng.normal(size=(1, 2))
    trial = Trial("it", Linear(1, bias=False), (x,), {"weight": w}, "float32", True, given=(dy,))
    given = tuple(values.astype("f4") for values in (x, w, dy))
    wide = Trial("it", trial.layer, given[:1], {"weight": given[1]}, "float64", True, given=given[2:])
    sides = [run_trial(side, trial).gradients["dweight"] for side in pair.backends]
    exact = run_trial(pair.right, wide).gradients["dweight"].astype(np.float32)
    noise = difference(sides[1], exact).error
    limit = max(TOLERANCE["node", "float32"], NOISE_FACTOR * noise)
    for share, fails in ((limit / 2, False), (2 * limit, True)):
        rows, _ = compare_node(Pair(OffBy(share, pair.left), pair.right), trial)
        row = next(row for row in rows if row.what == "dweight")
        assert row.failed == fails
        assert not difference(np.array(row.allowed), np.array(limit)).exceeds(TOLERANCE["node", "float32"]) or not fails


class OffAsAWhole(OffBy):
    """Its outputs are off by a share of themselves, but of a node alone."""

    def build(self, model: Any, state: Any, **options: Any) -> Any:
        net = self.engine.build(model, state, **options)
        if len(model.graph(*model.input_shapes).nodes) > 1:
            right = net.forward
            net.forward = lambda *x, training=False: right(*x, training=training) * (1 + self.share)
        return net


def test_engines_at_a_point_where_a_unit_turns_the_outputs_cannot_be_judged(pair: Pair) -> None:
    """What is 0.5 or more: of inputs at 0.5 nobody can say; of whole numbers, which stay, everybody can."""
    x = ig.Input((4,))
    model = ig.Model(inputs=x, outputs=Where()(Compare("ge", number=0.5)(x), ig.Linear(4)(x), ig.Tanh()(x)))
    engines = OffAsAWhole(1e-4, pair.left), pair.right
    report = ig.check_parity(model, np.full((3, 4), 0.5), backends=engines, dtypes="float64")
    row = next(row for row in report.rows if row.failed)
    assert (row.path, row.what, row.unsteady, report.passed) == ("model", "prediction", True, False)
    assert (row.fault or "").startswith("cannot be judged: one unit in the last place of what is given moves it by ")
    assert report.culprit is not None
    assert (report.culprit.because, report.culprit.guilty) == (ADVICE, None)
    assert report.verdict.startswith("FAILED: it cannot be judged whether numpy and torch compute")
    report = ig.check_parity(model, np.ones((3, 4)), backends=engines, dtypes="float64")
    assert [(row.path, row.unsteady) for row in report.rows if row.failed] == [("model", False)]


def test_whole_numbers_of_inputs_and_buffers_stay_where_all_else_is_moved() -> None:
    model = ig.Sequential([ig.BatchNorm1d()], input_shape=(2,))
    held = {"0.weight": np.ones(2), "0.bias": np.array([0.5, 2.0])}
    held |= {"0.running_mean": np.array([0.0, 0.5]), "0.running_var": np.ones(2), "0.num_batches_tracked": np.array(3)}
    state, (x,) = shaken(model, held, (np.array([[0.0, 1.5]]),))
    moved = {path: (state[path] != values).tolist() for path, values in held.items()}
    assert moved["0.weight"] == moved["0.bias"] == [True, True]
    assert (moved["0.running_mean"], moved["0.running_var"]) == ([False, True], [False, False])
    assert not moved["0.num_batches_tracked"]
    assert (x != [[0.0, 1.5]]).tolist() == [[False, True]]
