"""What `check_parity` and `check_gradients` say of what they cannot be asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from message_helpers import LABELS, X, raised

import isograd as ig

MODEL = ig.Sequential([ig.Linear(3)], input_shape=(5,))
WEIGHTS = ig.build(MODEL, dtype="float64").state_dict()
CALLS: dict[str, Callable[..., Any]] = {"check_parity": ig.check_parity, "check_gradients": ig.check_gradients}
BOTH_CALLS = pytest.mark.parametrize("call", CALLS)


def said(call: str, **given: Any) -> str:
    """The error of one call in which only what is `given` differs from what can be asked."""
    asked: dict[str, Any] = {"model": MODEL, "x": X, "y": LABELS, "loss": ig.CrossEntropyLoss(), **given}
    return raised(lambda: CALLS[call](**asked))


@BOTH_CALLS
@pytest.mark.parametrize("model", [3, ig.Linear(3)], ids=repr)
def test_a_model_is_wanted(call: str, model: Any) -> None:
    assert said(call, model=model) == (
        f"SpecError: {call}(model)\n"
        "  wanted a Model or Sequential\n"
        f"  got    {model!r}\n"
        "  fix    ig.Sequential([layer], input_shape=…)"
    )


@BOTH_CALLS
@pytest.mark.parametrize("loss", [3, "mse"])
def test_a_loss_is_wanted(call: str, loss: Any) -> None:
    assert said(call, loss=loss) == (
        f"SpecError: loss\n  wanted a loss description\n  got    {loss!r}\n  fix    loss=ig.MSELoss()"
    )


@BOTH_CALLS
def test_no_loss_at_all_in_a_list_is_not_no_loss(call: str) -> None:
    assert said(call, loss=[]).splitlines()[2] == "  got    0"


@BOTH_CALLS
def test_weights_are_wanted_by_path(call: str) -> None:
    assert said(call, weights=3) == (
        f"WeightsError: {call}(weights=…)\n"
        "  wanted a mapping {path: array}\n"
        "  got    3\n"
        "  fix    give the state_dict of a model with the same description; no weight was changed"
    )


@BOTH_CALLS
def test_a_seed_is_a_whole_number(call: str) -> None:
    text = f"SpecError: {call}(seed='a')\n  wanted a whole number\n  got    'a'\n  fix    seed=0"
    assert said(call, seed="a") == text


NO_NUMBER: dict[str, Any] = {
    "nothing": 0,
    "fewer": -1,
    "a text": "a",
    "a fraction": 1.5,
    "yes": True,
    "two": np.array([1, 2]),
}


@pytest.mark.parametrize("name", ["steps", "batch_size"])
@pytest.mark.parametrize("why", NO_NUMBER)
def test_steps_and_samples_are_counted_from_one(name: str, why: str) -> None:
    got = repr(NO_NUMBER[why])
    text = f"SpecError: check_parity({name}={got})\n  wanted 1 or more\n  got    {got}\n  fix    {name}=1"
    assert said("check_parity", **{"optimizer": ig.SGD(), name: NO_NUMBER[why]}) == text


@pytest.mark.parametrize("name", ["steps", "batch_size"])
def test_no_number_is_larger_than_an_array_is_long(name: str) -> None:
    text = f"""SpecError: check_parity({name}=9223372036854775808)
  wanted a whole number within ±9223372036854775807
  got    9223372036854775808
  fix    {name}=1"""
    assert said("check_parity", **{name: 2**63}) == text


PARTS = {
    "optimizer": ("an optimizer description, or None", "optimizer=ig.SGD(0.1)"),
    "clip": ("a clipping description, or None", "clip=ig.ClipNorm(1.0)"),
    "schedule": ("a schedule description, or None", "schedule=ig.CosineDecay()"),
}


@pytest.mark.parametrize("name", PARTS)
def test_descriptions_are_wanted(name: str) -> None:
    wanted, fix = PARTS[name]
    text = f"SpecError: check_parity({name}=…)\n  wanted {wanted}\n  got    'sgd'\n  fix    {fix}"
    assert said("check_parity", **{name: "sgd"}) == text


@pytest.mark.parametrize("dtypes", [3, (), None], ids=repr)
def test_dtypes_are_wanted(dtypes: Any) -> None:
    assert said("check_parity", dtypes=dtypes) == (
        "SpecError: check_parity(dtypes=…)\n"
        "  wanted one dtype or more: float32, float64\n"
        f"  got    {dtypes!r}\n"
        '  fix    dtypes=("float64", "float32")'
    )


def test_a_dtype_that_no_engine_has() -> None:
    text = "BackendError: dtype='f4'\n  wanted float32 or float64\n  got    'f4'\n  fix    dtype=\"float32\""
    assert said("check_parity", dtypes=("f4",)) == text


@pytest.mark.parametrize("backends", [3, ("numpy", 3)], ids=repr)
def test_engines_are_wanted(backends: Any) -> None:
    assert said("check_parity", backends=backends) == (
        "BackendError: backend=3\n"
        "  wanted an engine, or its name\n"
        "  got    no name, build, source\n"
        '  fix    backend="numpy"'
    )


def test_one_dtype_and_numpys_own_are_as_good_as_their_names() -> None:
    for dtypes in ("float64", [np.dtype("float64")]):
        report = ig.check_parity(MODEL, X, dtypes=dtypes)  # type: ignore[arg-type]
        assert {row.dtype for row in report.rows} == {"float64"}


@BOTH_CALLS
def test_the_weights_of_a_module_are_taken_as_they_stand(call: str) -> None:
    """Parameters of PyTorch, which have gradients; lists and whole numbers; in float32 as in float64."""
    module = ig.build(MODEL, WEIGHTS, backend="torch", dtype="float64").module  # type: ignore[attr-defined]
    given: list[Any] = [dict(module.named_parameters()), {path: v.tolist() for path, v in WEIGHTS.items()}]
    made = [CALLS[call](MODEL, X[:2], weights=weights) for weights in (WEIGHTS, *given)]
    assert all(report.passed for report in made)
    assert len({str(report) for report in made}) == 1
    ones = {path: np.ones(v.shape, np.int64) for path, v in WEIGHTS.items()}
    assert CALLS[call](MODEL, X[:2], weights=ones).passed


def test_weights_must_be_finite_in_every_dtype_that_is_asked_for() -> None:
    large = {path: np.full(v.shape, 1e300) for path, v in WEIGHTS.items()}
    assert said("check_parity", weights=large) == (
        "WeightsError: check_parity(weights=…): 0.weight\n"
        "  wanted numbers that are finite in float32, at most 3.4e+38\n"
        "  got    1e+300 at [0, 0]\n"
        '  fix    dtype="float64", or smaller numbers; nothing was changed'
    )
    assert ig.check_parity(MODEL, X / 1e9, weights=large, dtypes="float64").passed
