"""Losses alone, a stage of `check_parity` with its culprit; and what is told where a stage cannot be, or raises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from stage_helpers import BOTH, MODEL, Other, X, Y, sides, told

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.base.errors import BackendError
from isograd.core.base.forms import BATCH, Form
from isograd.core.engine.protocol import clips

CLASSES = np.arange(6) % 3
LOSSES = {  # of the loss: (value, gradient) as another engine has them
    "value": (lambda v, g: (v * v.dtype.type(1.001), g), "loss"),
    "gradient": (lambda v, g: (v, g * g.dtype.type(1.001)), "dprediction"),
    "value not a number": (lambda v, g: (v * np.nan, g), "loss"),
    "gradient of another dtype": (lambda v, g: (v, g.astype(np.float16)), "dprediction"),
    "gradient missing": (lambda v, g: (v, None), "dprediction"),
    "one gradient not finite": (
        lambda v, g: (v, np.where(np.arange(g.size).reshape(g.shape) == 2, np.inf, g)),
        "dprediction",
    ),
}


@BOTH
@pytest.mark.parametrize("fault", LOSSES)
@pytest.mark.parametrize("loss", [ig.MSELoss(), ig.CrossEntropyLoss(), ig.HuberLoss()], ids=repr)
def test_a_wrong_loss_is_a_culprit_of_its_own(loss: ig.Loss, fault: str, first: bool) -> None:
    change, what = LOSSES[fault]

    class Wrong(Other):
        def evaluate_loss(self, *asked: Any) -> Any:
            with np.errstate(invalid="ignore"):
                return change(*super().evaluate_loss(*asked))

    y = CLASSES if isinstance(loss, ig.CrossEntropyLoss) else Y
    report = ig.check_parity(MODEL, X, y, loss=loss, backends=sides(Wrong(), first))
    assert told(report, "loss") == [("float64", "loss", what, "wrong"), ("float32", "loss", what, "wrong")]
    assert {row.stage for row in report.rows if row.failed} == {"loss"}  # its networks compute another one


@BOTH
def test_what_a_wrong_loss_brings_about_is_inherited_from_it(first: bool) -> None:
    def wrong(spec: Any, p: Any, t: Any) -> Any:
        value, back = STANDARD.losses[ig.MSELoss](spec, p, t)
        return value, lambda dL: 2 * back(dL)

    engine = Other(losses={ig.MSELoss: wrong})
    report = ig.check_parity(MODEL, X, Y, loss=ig.MSELoss(), backends=sides(engine, first))
    assert told(report, "loss") == [(dtype, "loss", "dprediction", "wrong") for dtype in ("float64", "float32")]
    whole = [c for c in report.culprits if c.stage == "end to end"]
    assert [c.inherited for c in whole] == ["MSELoss(), whose gradient is wrong by itself"] * 2
    assert not any(c.judged for c in whole)
    assert str(report.culprits[0].source).startswith("`wrong` in ")


def test_of_several_losses_the_wrong_one_is_named_and_outputs_without_one_are_not_asked() -> None:
    def wrong(spec: Any, p: Any, t: Any) -> Any:
        value, back = STANDARD.losses[ig.L1Loss](spec, p, t)
        return value * value.dtype.type(2), back

    inputs = ig.Input((5,))
    several = ig.Model(inputs=inputs, outputs=[ig.Linear(2)(inputs), ig.Linear(3)(inputs), ig.Linear(3)(inputs)])
    losses = (None, ig.MSELoss(), ig.L1Loss())
    backends = (Other(losses={ig.L1Loss: wrong}), "torch")
    report = ig.check_parity(several, X, (Y, -Y), loss=losses, backends=backends, dtypes=("float64",))
    assert told(report, "loss") == [("float64", "loss of output2", "loss", "wrong")]
    rows = [(row.path, row.what, row.failed) for row in report.rows if row.stage == "loss"]
    assert rows == [
        ("loss of output1", "loss", False),
        ("loss of output1", "dprediction", False),
        ("loss of output2", "loss", True),
        ("loss of output2", "dprediction", False),
    ]


@pytest.mark.parametrize("scale", [1.0, 20.0, 300.0])
def test_a_loss_that_is_all_but_nothing_is_no_failure(scale: float) -> None:
    """What is left of a batch that is known by heart is the rounding of what was taken away."""
    loss, eye = ig.CrossEntropyLoss(), np.eye(3)[CLASSES]
    one = ig.Sequential([ig.Linear(3, bias=False)], input_shape=(3,))
    x = eye + 1e-3 * np.random.default_rng(11).normal(size=eye.shape)
    report = ig.check_parity(one, x, CLASSES, loss=loss, weights={"0.weight": scale * np.eye(3)})
    assert not [row.text for row in report.rows if row.failed and row.stage == "loss"]
    for near, value in (
        (ig.MSELoss(), Y),
        (ig.L1Loss(), Y),
        (ig.HuberLoss(), Y),
        (ig.BCEWithLogitsLoss(), (Y > 0) * 1.0),
    ):
        exact = {
            "0.weight": np.linalg.lstsq(X, Y, rcond=None)[0].T
            if not isinstance(near, ig.BCEWithLogitsLoss)
            else scale * Y.T @ X
        }
        flat = ig.Sequential([ig.Linear(3, bias=False)], input_shape=(5,))
        report = ig.check_parity(flat, X, value, loss=near, weights=exact)
        assert not [row.text for row in report.rows if row.failed and row.stage == "loss"]


def test_whole_numbers_are_values_to_a_loss_that_is_not_over_classes() -> None:
    assert ig.check_parity(MODEL, X, np.round(3 * Y).astype(int), loss=ig.MSELoss()).passed


@BOTH
def test_a_loss_that_raises_or_writes_to_what_it_is_given_is_blamed(first: bool) -> None:
    class Raises(Other):
        def evaluate_loss(self, *asked: Any) -> Any:
            raise ZeroDivisionError("by nothing")

    class Writes(Other):
        def evaluate_loss(self, loss: Any, p: Any, t: Any, dy: Any) -> Any:
            found = super().evaluate_loss(loss, p.copy(), t, dy)
            p += 1
            return found

    for engine, words in (
        (Raises(), "raised ZeroDivisionError: by nothing"),
        (Writes(), "the loss wrote to its predictions"),
    ):
        report = ig.check_parity(MODEL, X, Y, loss=ig.MSELoss(), backends=sides(engine, first))
        assert told(report, "loss") == [(dtype, "loss", "run", "wrong") for dtype in ("float64", "float32")]
        assert words in report.text


class Silent:
    """A third party's engine without anything that is asked for alone."""

    name = "silent"

    def build(self, *given: Any, **options: Any) -> Any:
        return NumpyBackend().build(*given, **options)

    def source(self, description: Any) -> str:
        return "silent.py"


def test_what_an_engine_cannot_be_asked_for_is_told_and_is_no_failure() -> None:
    report = ig.check_parity(
        MODEL,
        X,
        Y,
        loss=ig.MSELoss(),
        optimizer=ig.SGD(0.1),
        clip=ig.ClipNorm(0.1),
        schedule=ig.CosineDecay(),
        steps=2,
        backends=("numpy", Silent()),
    )
    assert report.passed
    assert {row.stage for row in report.rows} == {"node", "end to end", "locked step", "free run"}
    assert [(entry.engine, entry.stage, entry.what) for entry in report.not_judged] == [
        ("silent", "loss", "MSELoss"),
        ("silent", "schedule", "CosineDecay"),
        ("silent", "clipping", "ClipNorm"),
    ]
    alone = "silent cannot be asked for losses, schedules and initial laws by themselves (Judged)"
    assert f"not judged: 2 cases of MSELoss, CosineDecay: {alone}" in report.text
    assert (
        "not judged: 1 case of ClipNorm: silent cannot be asked for clipping by itself (clip_gradients)" in report.text
    )


def test_an_engine_that_lacks_clipping_alone_is_asked_for_the_rest() -> None:
    class Old(Silent):
        def __getattr__(self, name: str) -> Any:
            if name == "clip_gradients":
                raise AttributeError(name)
            return getattr(NumpyBackend(), name)

    assert clips(Old()) is None
    report = ig.check_parity(MODEL, X, Y, loss=ig.MSELoss(), clip=ig.ClipNorm(0.1), backends=("numpy", Old()))
    assert report.passed
    assert {row.stage for row in report.rows} == {"node", "loss", "end to end"}
    assert [entry.stage for entry in report.not_judged] == ["clipping"]


def test_a_name_with_options_can_be_asked_for_clipping_where_its_engine_can() -> None:
    named = ig.get_backend("torch:compile")
    assert clips(named) is named.engine  # type: ignore[attr-defined]


def test_the_line_that_raised_is_shown_in_every_stage() -> None:
    def raises(spec: Any, *given: Any, run: Any = None) -> Any:
        return given[-1] + "a word"

    wrong = {"operations": {ig.Tanh: raises}, "losses": {ig.MSELoss: raises}, "optimizers": {ig.SGD: raises}}
    for stage, (table, entries) in zip(("node", "loss", "locked step"), wrong.items(), strict=True):
        engine = Other(**{table: entries})
        report = ig.check_parity(MODEL, X, Y, loss=ig.MSELoss(), optimizer=ig.SGD(0.1), backends=(engine, "torch"))
        told = next(c.quantity for c in report.culprits if c.stage == stage)
        assert told.startswith("wrong raised ")
        assert told.endswith(f"(parity_tests/parity/test_stages.py:{raises.__code__.co_firstlineno + 1})")


def test_what_an_installed_library_raises_is_told_by_the_line_that_called_it() -> None:
    def raises(spec: Any, p: Any, t: Any) -> Any:
        return np.linalg.inv(np.zeros((2, 2)))

    report = ig.check_parity(MODEL, X, Y, loss=ig.MSELoss(), backends=(Other(losses={ig.MSELoss: raises}), "torch"))
    told = next(c.quantity for c in report.culprits if c.stage == "loss")
    line = raises.__code__.co_firstlineno + 1
    assert told == f"wrong raised LinAlgError: Singular matrix (parity_tests/parity/test_stages.py:{line})"


def test_an_engine_that_lacks_a_loss_says_so_and_nothing_crashes() -> None:
    class Lacks(Other):
        def evaluate_loss(self, *asked: Any) -> Any:
            raise BackendError("wrong: MSELoss", wanted="another", got="MSELoss", fix="write it")

    report = ig.check_parity(MODEL, X, Y, loss=ig.MSELoss(), dtypes=("float64",), backends=(Lacks(), "torch"))
    assert [row.fault for row in report.rows if row.stage == "loss"] == ["not implemented"]


@pytest.mark.parametrize("batch", [1, 5])
def test_a_model_whose_batch_stands_elsewhere_is_compared_by_all_stages(batch: int) -> None:
    x = ig.Input.of(Form((3, BATCH, 4)))
    model = ig.Model(inputs=x, outputs=ig.Tanh()(ig.Linear(2, name="in_the_middle")(x)))
    report = ig.check_parity(model, np.random.default_rng(0).normal(size=(3, batch, 4)))
    assert report.passed, str(report)
    assert {row.stage for row in report.rows} == {"node", "end to end"}
    assert "in_the_middle" in {row.path for row in report.rows}
    assert f"10 weights, {batch} samples, " in str(report)


def test_a_model_of_single_numbers_is_compared_as_well() -> None:
    flag = ig.Input.of(Form((), "boolean"))
    report = ig.check_parity(ig.Model(inputs=flag, outputs=ig.Stack()(flag)), np.array(True))
    assert report.passed, str(report)
