"""What comes and goes, and what parts from itself: classes that another run tells."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
import pytest
from planted import Change, Planted, off_by
from stage_helpers import BOTH, Other, sides

import isograd as ig
from isograd.core.base.types import Array
from isograd.core.parity.matching import NOISE_FACTOR, Difference
from isograd.core.parity.natures import Nature, of_trajectory
from isograd.core.parity.pair import Pair
from isograd.core.parity.report import ParityReport
from isograd.core.parity.stages.clipping import clipping_alone
from isograd.core.parity.stages.free_run import free_run
from isograd.core.parity.stages.loss import compare_loss
from isograd.core.parity.stages.schedule import compare_schedule
from isograd.core.parity.stages.training import Training
from isograd.core.parity.verdict import UNITS

RNG = np.random.default_rng(5)


X, Y = RNG.normal(size=(6, 4)), np.arange(6) % 3


MODEL = ig.Sequential([ig.Linear(5), ig.Tanh(), ig.Linear(3)], input_shape=(4,))


LOSS = ig.CrossEntropyLoss()


def noisy(size: float) -> Change:
    """A change that differs from call to call."""
    rng = np.random.default_rng(3)
    return lambda v: v * (1 + (size * rng.uniform(-1, 1, v.shape)).astype(v.dtype))


def checked(engine: Any, **given: Any) -> ParityReport:
    return ig.check_parity(MODEL, X, Y, loss=LOSS, backends=(engine, "torch"), **given)


def natures(report: ParityReport, stage: str, dtype: str, what: str) -> set[Nature | None]:
    return {row.nature for row in report.rows if (row.stage, row.dtype, row.what) == (stage, dtype, what)}


def failed(report: ParityReport) -> set[Nature | None]:
    return {row.nature for row in report.rows if row.failed}


@BOTH
def test_a_side_that_does_not_find_what_it_found_is_not_deterministic(first: bool) -> None:
    engine = Planted(ig.get_backend("numpy"), {"dweight": noisy(1e-3), "output": noisy(1e-3)})
    report = ig.check_parity(MODEL, X, Y, loss=LOSS, backends=sides(engine, first))
    assert failed(report) == {Nature.NON_DETERMINISTIC}
    assert natures(report, "node", "float32", "dweight") == {Nature.NON_DETERMINISTIC}
    assert Nature.NON_DETERMINISTIC in natures(report, "end to end", "float64", "gradient")
    assert natures(report, "node", "float64", "dx") <= {Nature.EXACT, Nature.ROUNDING}


def test_an_error_far_larger_than_the_noise_of_a_side_is_an_error() -> None:
    noise, wrong = noisy(1e-6), off_by(0.5)
    report = checked(Planted(ig.get_backend("numpy"), {"dweight": lambda v: noise(wrong(v))}))
    assert failed(report) == {Nature.BUG}


class Unsure(Other):
    """NumPy's engine, whose losses, clippings, schedules and steps are off by another part each time."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what, self.change = what, noisy(1e-3)

    def told(self, what: str, found: Any) -> Any:
        return self.change(np.asarray(found)) if what == self.what else found

    def evaluate_loss(self, *asked: Any) -> Any:
        value, gradient = super().evaluate_loss(*asked)
        return self.told("value", value), self.told("gradient", gradient)

    def clip_gradients(self, *asked: Any) -> Any:
        return {path: self.told("clipping", g) for path, g in super().clip_gradients(*asked).items()}

    def learning_rates(self, *asked: Any) -> list[float]:
        return [float(rate) for rate in self.told("schedule", super().learning_rates(*asked))]

    def build(self, *given: Any, **options: Any) -> Any:
        net = super().build(*given, **options)
        made = net.learner

        def learner(*asked: Any, **more: Any) -> Any:
            found = made(*asked, **more)
            step = found.step

            def stepped(*batch: Any) -> float:
                loss = step(*batch)
                net.load_state_dict({path: self.told("step", v) for path, v in net.state_dict().items()})
                return float(self.told("step's loss", loss))

            found.step = stepped
            return found

        net.learner = learner  # type: ignore[method-assign]
        return net


def test_losses_clippings_and_schedules_are_run_again(pair: Pair) -> None:
    gradients = {"w": X}
    for what, sure in (("value", "dprediction"), ("gradient", "loss")):
        rows, _ = compare_loss(Pair(Unsure(what), pair.right), ig.MSELoss(), X, X + 1, dtype="float64", path="it")
        assert {row.what: row.nature for row in rows if row.failed} == {
            "dprediction" if sure == "loss" else "loss": Nature.NON_DETERMINISTIC
        }
    for engine, nature in ((Unsure("clipping"), Nature.NON_DETERMINISTIC), (Unsure(""), None)):
        rows, _ = clipping_alone(Pair(engine, pair.right), ig.ClipNorm(1.0), gradients, "float64")
        assert {row.nature for row in rows if row.failed} == ({nature} - {None})
    rows, _ = compare_schedule(Pair(Unsure("schedule"), pair.right), ig.CosineDecay(), 0.1, 5, path="it")
    assert [row.nature for row in rows] == [Nature.NON_DETERMINISTIC]


@pytest.mark.parametrize("what", ["step", "step's loss"])
def test_a_step_and_a_free_run_are_run_again(what: str) -> None:
    report = checked(Unsure(what), optimizer=ig.SGD(0.1), steps=5, dtypes="float64")
    told = {
        stage: {row.nature for row in report.rows if row.failed and row.stage == stage}
        for stage in ("locked step", "free run")
    }
    assert told == {stage: {Nature.NON_DETERMINISTIC} for stage in told}


def wrong_steps(values: Array) -> Array:
    return off_by(1e-3)(values)


def test_a_step_that_is_wrong_each_time_is_an_error() -> None:
    engine = Unsure("step")
    engine.change = wrong_steps
    report = checked(engine, optimizer=ig.SGD(0.1), steps=5, dtypes="float64")
    assert failed(report) == {Nature.BUG}
    assert {row.stage for row in report.rows if row.failed} == {"locked step", "free run"}


CHAOS = ig.Sequential([ig.Linear(16), ig.Tanh(), ig.Linear(16), ig.Tanh(), ig.Linear(3)], input_shape=(4,))


def chaotic(steps: int, lr: float) -> Training:
    """A rate far too large: the trajectory leaves itself."""
    state = {path: 3 * v for path, v in ig.build(CHAOS, backend="numpy", seed=0, dtype="float64").state_dict().items()}
    return Training(CHAOS, state, [((X,), (Y,))], (LOSS,), ig.SGD(lr), None, 0, steps)


def test_a_long_free_run_that_leaves_itself_is_chaotic_and_a_short_one_is_rounding(pair: Pair) -> None:
    for dtype, steps in (("float64", 150), ("float32", 60)):
        rows, culprit = free_run(pair, chaotic(steps, 4.0), dtype)
        assert culprit is None
        assert not any(row.failed for row in rows)
        assert {row.nature for row in rows} == {Nature.CHAOTIC}, [row for row in rows if row.nature != Nature.CHAOTIC]
        rows, _ = free_run(pair, chaotic(3, 0.01), dtype)
        assert {row.nature for row in rows} <= {Nature.EXACT, Nature.ROUNDING}


def test_what_leaves_the_envelope_is_no_chaos() -> None:
    unit = UNITS["float64"]
    around = 2.0**-20
    assert of_trajectory(Difference(around), None, around, unit) is Nature.CHAOTIC
    assert of_trajectory(Difference(2 * NOISE_FACTOR * around), None, around, unit) is None
    assert of_trajectory(Difference(2 * NOISE_FACTOR * around), 1e-9, around, unit) is Nature.BUG
    assert of_trajectory(Difference(unit), None, unit, unit) is Nature.ROUNDING
    assert of_trajectory(Difference(0.0, exact=True), None, around, unit) is Nature.EXACT
    assert of_trajectory(Difference(inf, fault="NaN"), None, inf, unit) is Nature.BUG
