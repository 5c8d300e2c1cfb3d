"""What is zero by mathematics and rounding in practice is no failure; a fault that is more than rounding is one."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
from false_alarms import DTYPES, ORDINARY, checked, checks
from tampered import TamperedEngine

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.base.types import State
from isograd.core.parity.added import added_up
from isograd.core.parity.matching import NOISE_FACTOR, TOLERANCE, allowed_by, difference
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.stages.trial import Trial
from isograd.core.parity.verdict import Row

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(6, 2, 4, 4)), np.arange(6) % 3
MODEL = ig.Sequential(
    [ig.Conv2d(3, 3, padding=1), ig.BatchNorm2d(), ig.ReLU(), ig.Flatten(), ig.Linear(3)], input_shape=(2, 4, 4)
)
BIAS = "0.bias"


def report_of(engine: Any, dtype: str, **options: Any) -> list[Row]:
    given = {"loss": ig.CrossEntropyLoss(), "dtypes": (dtype,), "backends": (engine, "torch"), **options}
    return ig.check_parity(MODEL, X, Y, **given).rows


def failed(rows: list[Row]) -> list[tuple[str, str, str]]:
    return [(row.stage, row.path, row.what) for row in rows if row.failed]


@pytest.mark.parametrize("name", ORDINARY)
@pytest.mark.parametrize("dtype", DTYPES)
def test_an_ordinary_model_raises_no_false_alarm(name: str, dtype: str) -> None:
    report = checked(name, 0, dtype)
    assert report.passed, str(report)
    assert {row.stage for row in report.rows} >= {"node", "end to end", "locked step", "free run"}


@pytest.mark.slow
def test_three_hundred_checks_raise_no_false_alarm() -> None:
    alarms = [given for given in islice(checks(), 300) if not checked(*given).passed]
    assert alarms == []


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("label", ["gradient", "gradient of the loss"])
def test_a_gradient_that_cancels_may_be_off_by_a_share_of_its_terms_and_by_no_more(dtype: str, label: str) -> None:
    """The bias's terms are the dy that a normalisation lets through, about as large as the weight's gradient here."""

    def off_by(share: float) -> TamperedEngine:
        def change(found: State) -> None:
            found[BIAS] += found[BIAS].dtype.type(share * np.abs(found["0.weight"]).max())

        return TamperedEngine(gradients=change)

    least = NOISE_FACTOR * np.finfo(dtype).eps
    assert failed(report_of(off_by(least / 100), dtype)) == []
    assert ("end to end", BIAS, label) in failed(report_of(off_by(30 * least), dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("path", [BIAS, "1.running_mean", "4.weight"])
def test_a_step_that_does_not_follow_the_rules_is_found_though_the_gradient_is_rounding(dtype: str, path: str) -> None:
    """Adam makes a step of up to its rate out of a bias's rounding; a share of that beside the rules is a fault."""

    def change(state: State) -> None:
        state[path] += state[path].dtype.type(100 * TOLERANCE["locked step", dtype])

    rows = report_of(TamperedEngine(stepped=change), dtype, optimizer=ig.Adam(0.01), steps=2)
    assert ("locked step", path, "after it") in failed(rows)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_rule_that_takes_too_long_a_step_is_blamed_though_the_gradients_are_rounding(dtype: str) -> None:
    """Where the sides differ most it is by their gradients: the witness is asked where the rule was broken most."""
    right = STANDARD.optimizers[ig.Adam]

    def longer(spec: ig.Adam, lr: float, t: int, w: Any, g: Any, s: Any) -> None:
        right(spec, 2 * lr if np.abs(g).max() < NOISE_FACTOR * np.finfo(g.dtype).eps else lr, t, w, g, s)

    engine = NumpyBackend(replace(STANDARD, optimizers=STANDARD.optimizers.overlaid({ig.Adam: longer})))
    for seed in range(4):
        report = ig.check_parity(
            MODEL,
            X,
            Y,
            loss=ig.CrossEntropyLoss(),
            optimizer=ig.Adam(0.01),
            steps=1,
            dtypes=(dtype,),
            backends=(engine, "torch"),
            seed=seed,
        )
        blamed = [(one.path, one.guilty) for one in report.culprits]
        assert blamed == [(BIAS, "numpy")]


@pytest.mark.parametrize("path", [BIAS, "4.weight"])
def test_a_memory_that_grows_between_steps_is_found_in_the_free_run(path: str) -> None:
    """It is lost whenever memory is set, before every locked step."""

    def change(state: State, steps: int) -> None:
        if steps > 1:
            state[path] += 1e-3

    rows = report_of(TamperedEngine(stepped_since=change), "float64", optimizer=ig.Adam(0.01), steps=4)
    assert {stage for stage, _, _ in failed(rows)} == {"free run"}
    assert ("free run", path, "weights") in failed(rows)


def test_an_engine_that_does_not_repeat_itself_is_not_excused_by_its_own_noise() -> None:
    glitch = np.random.default_rng(1)

    def change(found: State) -> None:
        found["4.weight"] *= 1 + 1e-6 * glitch.normal()

    rows = report_of(TamperedEngine(gradients=change), "float64")
    assert ("end to end", "4.weight", "gradient") in failed(rows)

    def stepped(state: State, steps: int) -> None:
        if steps > 1:
            state["4.weight"] *= 1 + 1e-6 * glitch.normal()

    rows = report_of(TamperedEngine(stepped_since=stepped), "float64", optimizer=ig.Adam(0.01), steps=3)
    assert ("free run", "4.weight", "weights") in failed(rows)


def test_where_a_nudge_turns_kinks_the_limit_is_a_few_times_the_floor() -> None:
    assert allowed_by(1.0) < NOISE_FACTOR / 10
    assert allowed_by(1e-9) == NOISE_FACTOR * 1e-9


def of_layer(layer: ig.Layer, *inputs: np.ndarray[Any, Any], **weights: Any) -> dict[str, float]:
    return added_up(Trial("it", layer, inputs, weights, "float64", True))


def test_what_a_linear_layer_adds_up_is_the_sum_of_absolute_values() -> None:
    x, w, dy = RNG.normal(size=(5, 3)), RNG.normal(size=(2, 3)), RNG.normal(size=(5, 2))
    found = added_up(Trial("it", ig.Linear(2), (x,), {"weight": w, "bias": w[:, 0]}, "float64", True, given=(dy,)))
    for name, terms in (("dweight", np.abs(dy).T @ np.abs(x)), ("dbias", np.abs(dy).sum(0))):
        assert not difference(np.array(found[name]), terms.mean()).exceeds(TOLERANCE["node", "float64"]), name


def test_what_a_convolution_adds_up_is_the_sum_of_absolute_values_over_places() -> None:
    x, w = RNG.normal(size=(2, 1, 4)), RNG.normal(size=(1, 1, 2))
    dy = RNG.normal(size=(2, 1, 3))
    found = added_up(
        Trial("it", ig.Conv1d(1, 2), (x,), {"weight": w, "bias": w[0, 0, :1]}, "float64", True, given=(dy,))
    )
    terms = [np.sum(np.abs(dy[:, 0]) * np.abs(x[:, 0, k : k + 3])) for k in range(2)]
    assert not difference(np.array(found["dweight"]), np.mean(terms)).exceeds(TOLERANCE["node", "float64"])
    assert not difference(np.array(found["dbias"]), np.abs(dy).sum()).exceeds(TOLERANCE["node", "float64"])


def test_a_normalisation_adds_up_what_it_is_given_though_nothing_is_left_of_two_values() -> None:
    x, w = np.array([[1.0], [3.0]]), {"weight": np.array([2.0]), "bias": np.zeros(1)}
    held = {"running_mean": np.array([-7.0]), "running_var": np.ones(1), "num_batches_tracked": np.array(0)}
    found = added_up(
        Trial("it", ig.BatchNorm1d(eps=1e-300), (x,), w | held, "float64", True, given=(np.array([[1.0], [4.0]]),))
    )
    for what, terms in {
        "dx": 2.0 * 4.0 + 2.0 * (5.0 + 5.0),  # g + μ (|z| mean g + mean g|z|), g = w·dy = 2, 8; σ = |z| = 1
        "dweight": 1.0 * 1.0 + 4.0 * 3.0,  # Σ |dy x|/σ
        "output": 2.0 * 3.0,  # w·x/σ
        "buffer running_mean": 0.9 * 7 + 0.1 * 2,
    }.items():
        assert not difference(np.array(found[what]), np.array(terms)).exceeds(TOLERANCE["node", "float64"]), what


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_root_mean_square_adds_up_what_it_is_given_though_nothing_is_left_of_one_value(dtype: str) -> None:
    x, w = np.array([[2.0], [-4.0]]), {"weight": np.array([3.0])}
    trial = Trial("it", ig.RMSNorm(), (x,), w, dtype, True, given=(np.array([[1.0], [4.0]]),))
    wanted = np.array(3.0 * 4.0 / 4.0)  # w·|dy|/√(mean x²) where it is largest, but for eps
    assert not difference(np.array(added_up(trial)["dx"]), wanted).exceeds(TOLERANCE["node", "float32"])
    rows, culprit = compare_node(Pair.named("numpy", "torch"), trial)
    assert culprit is None, str(rows)


def test_a_sure_softmax_adds_up_what_it_is_given() -> None:
    assert of_layer(ig.Softmax(), np.array([[800.0, 0.0]]))["dx"] >= 0.5  # dy is at least 0.5


def test_the_slope_of_a_tanh_far_from_zero_is_what_is_left_of_one() -> None:
    for far in np.linspace(4, 12, 9):
        x = far + np.random.default_rng(0).uniform(0, 1, (4, 3))
        report = ig.check_parity(ig.Sequential([ig.Tanh()], input_shape=(3,)), x)
        assert report.passed, str(report)
