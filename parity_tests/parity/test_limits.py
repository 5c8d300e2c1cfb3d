"""How fine the judge sees: errors just above and just below each limit, and who is blamed for one just above."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from planted import Planted, of_dtype, off_by

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.core.parity.added import added_up
from isograd.core.parity.cases import Case, activations
from isograd.core.parity.matching import TOLERANCE, largest
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.clipping import clipping_alone
from isograd.core.parity.stages.loss import compare_loss
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.stages.schedule import compare_schedule
from isograd.core.parity.stages.trial import Trial, run_trial
from isograd.core.parity.suite import case_trial
from isograd.core.parity.verdict import Culprit, Row

RNG = np.random.default_rng(7)
EXACT = {  # in float32 both engines have what float64 rounds to, so that the table alone is the limit
    "output": Trial("relu", ig.ReLU(), (RNG.normal(size=(3, 5)),), {}, "float64", True),
    "dx": Trial("pool", ig.MaxPool2d(2), (RNG.normal(size=(2, 2, 4, 4)),), {}, "float64", True),
    "output1": Trial(
        "attention over one place",
        ig.MultiheadAttention(1, need_weights=True),
        (RNG.normal(size=(2, 1, 2)),),
        {
            "in_proj_weight": np.ones((6, 2)),
            "in_proj_bias": np.zeros(6),
            "out_proj.weight": np.eye(2),
            "out_proj.bias": np.zeros(2),
        },
        "float64",
        False,
    ),
    "dweight": Trial(
        "linear", ig.Linear(1, bias=False), (np.ones((1, 3)),), {"weight": np.ones((1, 3))}, "float64", True
    ),
    "buffer running_mean": Trial(
        "norm",
        ig.BatchNorm1d(momentum=0.5, affine=False),
        (np.array([[1.0, 2.0], [3.0, 5.0], [6.0, 4.0], [2.0, 1.0]]),),
        {"running_mean": np.zeros(2), "running_var": np.ones(2), "num_batches_tracked": np.array(0)},
        "float64",
        True,
    ),
}


def judged(pair: Pair, side: int, trial: Trial, what: str, error: float, place: int) -> tuple[Row, Culprit | None]:
    """The row of `what`, where one side has it wrong by `error`, in the trial's dtype alone."""
    wrong = Planted(pair.backends[side], {what: of_dtype(trial.dtype, off_by(error, place))})
    rows, culprit = compare_node(replace(pair, **{("left", "right")[side]: wrong}), trial)
    (row,) = (row for row in rows if row.what == what)
    assert not any(other.failed for other in rows if other is not row)
    return row, culprit


@pytest.mark.parametrize("side", [0, 1], ids=["left", "right"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("what", EXACT)
def test_a_node_s_limit_is_the_table_s(pair: Pair, what: str, dtype: str, side: int) -> None:
    limit = TOLERANCE["node", dtype]
    trial = replace(EXACT[what], dtype=dtype)
    above, culprit = judged(pair, side, trial, what, 1.2 * limit, 1)
    below, none = judged(pair, side, trial, what, 0.8 * limit, 1)
    assert (above.failed, above.allowed, below.failed, none) == (True, limit, False, None)
    assert culprit is not None
    assert (culprit.what, culprit.guilty) == (what, "wrong")


def cancels(pair: Pair, trial: Trial, what: str) -> bool:
    """Whether what is added up is ten times as large as what is left, or more."""
    left = {**(found := run_trial(pair.right, trial)).outputs, **found.gradients}[what]
    return added_up(trial).get(what, 0.0) > 10 * largest(left)


@pytest.mark.parametrize(
    "case", [case for cases in activations.CASES.values() for case in cases], ids=lambda c: f"{c.layer!r}: {c.why}"
)
def test_of_two_sides_the_one_farther_from_the_truth_is_blamed(pair: Pair, case: Case) -> None:
    """One entry of the output, or of its gradient, wrong by little more than the limit: on either side, wherever."""
    places = np.random.default_rng(0)
    for dtype in ("float64", "float32"):
        trial = case_trial(case, dtype, training=True)
        for side, what in ((side, what) for side in (0, 1) for what in ("output", "dx")):
            limit = judged(pair, side, trial, what, 1.0, 0)[0].allowed
            assert limit is not None
            for factor in (1.5, 3.0, 10.0):
                row, culprit = judged(pair, side, trial, what, factor * limit, int(places.integers(1 << 20)))
                assert row.failed == (culprit is not None)
                # in float32 the plant itself may widen the limit; of a sure softmax's dx nothing is left but rounding
                assert row.failed or factor < 10 or cancels(pair, trial, what)
                assert culprit is None or culprit.guilty == "wrong", f"{factor} times the limit: {culprit.text}"


@pytest.mark.parametrize("side", [0, 1], ids=["left", "right"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("what", ["output", "dx"])
@pytest.mark.parametrize("place", [-60, -40, -36, -30, -20, 20])
def test_far_out_where_a_sigmoid_is_all_but_nothing_as_well(
    pair: Pair, place: int, what: str, dtype: str, side: int
) -> None:
    """Far left 1 + tanh rounds to 0, and whoever is nearer to that is no nearer to the truth; far right 1 − y rounds
    on both sides by more than the limit, so that neither is nearer."""
    trial = Trial("sigmoid", ig.Sigmoid(), (RNG.uniform(place, place + 1, (3, 4)),), {}, dtype, True)
    row, culprit = judged(pair, side, trial, what, 4 * TOLERANCE["node", dtype], 3)
    assert row.failed == (culprit is not None)
    assert culprit is None or culprit.guilty in ({"wrong"} if place < 0 else {"wrong", None})


EVEN = np.array([[1.0, -2.0], [0.5, 4.0]])  # powers of two: nothing is rounded, in float32 neither


class Off(NumpyBackend):
    """NumPy's engine, what it says of a loss, a clipping or a schedule off by so much in one entry, in one dtype."""

    def __init__(self, what: str, error: float, dtype: str) -> None:
        super().__init__(name="wrong")
        self.what, self.change = what, of_dtype(dtype, off_by(error, 1))

    def evaluate_loss(self, *asked: Any) -> Any:
        value, gradient = super().evaluate_loss(*asked)
        return (self.change(value), gradient) if self.what == "loss" else (value, self.change(gradient))

    def clip_gradients(self, *asked: Any) -> Any:
        return {path: self.change(g) for path, g in super().clip_gradients(*asked).items()}

    def learning_rates(self, *asked: Any) -> list[float]:
        return [float(rate) for rate in self.change(np.array(super().learning_rates(*asked)))]


def alone(pair: Pair, what: str, dtype: str) -> Any:
    """The rows and the culprit of one stage, its own limit the table's."""
    if what == "lr":
        return compare_schedule(pair, ig.FixedLR(), 0.5, 3, path="schedule")
    if what == "clipped gradient":
        return clipping_alone(pair, ig.ClipValue(1024.0), {"w": EVEN.astype(dtype)}, dtype)
    return compare_loss(pair, ig.MSELoss(), EVEN, np.zeros_like(EVEN), dtype=dtype, path="loss")


@pytest.mark.parametrize("side", [0, 1], ids=["left", "right"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("what", ["loss", "dprediction", "clipped gradient", "lr"])
def test_so_are_the_limits_of_losses_clipping_and_schedules(pair: Pair, what: str, dtype: str, side: int) -> None:
    dtype = "float64" if what == "lr" else dtype
    limit = TOLERANCE["node", dtype]
    for factor, fails in ((1.2, True), (0.8, False)):
        wrong = replace(pair, **{("left", "right")[side]: Off(what, factor * limit, dtype)})
        rows, culprit = alone(wrong, what, dtype)
        row = next(row for row in rows if row.what == what)
        assert (row.failed, row.allowed) == (fails, limit)
        assert (culprit.guilty if culprit else None) == ("wrong" if fails else None)
