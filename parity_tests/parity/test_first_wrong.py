"""`check_gradients` names the first wrong gradient in the order of the backward, and where the engine computes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from mutants import engine_with, mutants_of

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend, program
from isograd.backends.numpy_impl.operations import linear
from isograd.backends.numpy_impl.tables import STANDARD

RNG = np.random.default_rng(2)
X, Y, CLASSES = RNG.normal(size=(4, 5)), RNG.normal(size=(4, 3)), np.arange(4) % 3
MODEL = ig.Sequential(
    [ig.Linear(4), ig.Sequential([ig.Tanh(), ig.Linear(4, name="middle"), ig.LayerNorm()]), ig.ReLU(), ig.Linear(3)],
    input_shape=(5,),
)
Change = Callable[[Any, Any], tuple[Any, Any]]


def with_backward(kind: type, change: Change) -> NumpyBackend:
    """NumPy's engine, (dx, weight gradients) of this layer changed."""
    right = STANDARD.operations[kind]

    def operation(spec: Any, p: Any, *x: Any, run: Any) -> Any:
        y, back, *buffers = right(spec, p, *x, run=run)
        return (y, lambda *dy: change(*back(*dy)), *buffers)

    return NumpyBackend(replace(STANDARD, operations=STANDARD.operations.overlaid({kind: operation})), name="wrong")


def one_more(gradient: Any, by: float) -> Any:
    wrong = gradient.copy()
    wrong.reshape(-1)[-1] += by
    return wrong


FAULTS: dict[str, tuple[type, Change, tuple[str, str, str]]] = {
    "dx of the last": (ig.Linear, lambda dx, dw: (-dx, dw), ("3", "Linear(3)", "dx")),
    "a weight of a node inside": (
        ig.LayerNorm,
        lambda dx, dw: (dx, dw | {"bias": one_more(dw["bias"], 1e-3)}),
        ("1.2", "LayerNorm()", "dbias"),
    ),
    "one entry by little": (ig.Tanh, lambda dx, dw: (one_more(dx, 1e-5), dw), ("1.0", "Tanh()", "dx")),
    "a factor": (ig.ReLU, lambda dx, dw: (2 * dx, dw), ("2", "ReLU()", "dx")),
    "no number": (ig.Tanh, lambda dx, dw: (dx * np.nan, dw), ("1.0", "Tanh()", "dx")),
    "not finite": (ig.Tanh, lambda dx, dw: (one_more(dx, np.inf), dw), ("1.0", "Tanh()", "dx")),
}


@pytest.mark.parametrize("loss", [None, ig.MSELoss()], ids=repr)
@pytest.mark.parametrize("name", FAULTS)
def test_the_node_whose_own_backward_is_wrong_is_named(name: str, loss: Any) -> None:
    kind, change, (path, layer, what) = FAULTS[name]
    with np.errstate(invalid="ignore"):
        engine = with_backward(kind, change)
        report = ig.check_gradients(MODEL, X, None if loss is None else Y, loss=loss, backend=engine)
    culprit = report.culprit
    assert not report.passed
    assert culprit is not None
    assert (culprit.stage, culprit.path, culprit.layer, culprit.what) == ("gradients", path, layer, what)
    assert (culprit.guilty, culprit.witness) == ("wrong", "finite difference")
    assert str(culprit.source).startswith("`operation` in ")
    assert culprit.values["wrong"] is culprit.claims["wrong"]
    assert len(culprit.index) == (1 if what == "dbias" else 2)


def test_a_sound_engine_has_no_culprit_and_is_asked_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    from isograd.core.parity import gradients

    monkeypatch.setattr(gradients, "first_wrong", lambda *given: pytest.fail("asked"))
    report = ig.check_gradients(MODEL, X, CLASSES, loss=ig.CrossEntropyLoss())
    assert report.passed
    assert report.culprit is None


def test_the_text_names_layer_place_claim_difference_and_line() -> None:
    fault = next(m for m in mutants_of(linear.__name__) if m.after == "return (-dx, grads)")
    model = ig.Sequential([ig.Linear(4), ig.Tanh(), ig.Linear(3)], input_shape=(5,))
    report = ig.check_gradients(model, X, Y, loss=ig.MSELoss(), backend=engine_with(fault))
    assert report.culprit is not None
    head, evidence, tail = report.culprit.text.splitlines()
    assert head.startswith("GradientError: dx of Linear(3), 2, is wrong first, worst at [")
    assert head.endswith(" > 1e-06 (float64, training)")
    analytic, numeric = report.culprit.claims["numpy"], report.culprit.truth
    index = list(report.culprit.index)
    assert evidence == f"  dx{index}    numpy {analytic:.9g}    finite difference {numeric:.9g}"
    assert tail == "  look at `linear` in backends/numpy_impl/operations/linear.py"
    assert report.culprit.text in str(report)
    assert [row.path for row in report.rows if row.failed] == ["0.weight", "0.bias"]  # the input's sign is wrong twice


@pytest.mark.parametrize("change", [lambda dp: 2 * dp, lambda dp: one_more(dp, 1e-4)], ids=["twice", "one entry"])
def test_a_loss_whose_gradient_is_wrong_stands_before_every_node(change: Callable[[Any], Any]) -> None:
    def wrong(spec: Any, p: Any, t: Any) -> Any:
        value, back = STANDARD.losses[ig.MSELoss](spec, p, t)
        return value, lambda dL: change(back(dL))

    engine = NumpyBackend(replace(STANDARD, losses=STANDARD.losses.overlaid({ig.MSELoss: wrong})), name="wrong")
    culprit = ig.check_gradients(MODEL, X, Y, loss=ig.MSELoss(), backend=engine).culprit
    assert culprit is not None
    assert (culprit.path, culprit.layer, culprit.what) == ("loss", "MSELoss()", "dprediction")


def test_where_every_node_is_right_the_walk_through_them_is_not() -> None:
    fault = next(m for m in mutants_of(program.__name__) if m.function == "added" and m.kind == "sign")
    x = ig.Input((5,))
    h = ig.Linear(4)(x)
    forked = ig.Model(inputs=x, outputs=ig.Tanh()(h) + ig.Linear(4)(h))
    culprit = ig.check_gradients(forked, X, backend=engine_with(fault)).culprit
    assert culprit is not None
    assert (culprit.path, culprit.guilty) == ("the whole graph", "numpy")
    assert culprit.source == "`Program` in backends/numpy_impl/program.py"


def test_a_frozen_row_has_no_gradient_whatever_the_slope() -> None:
    """What the padding row would get, were it not frozen, is its slope: right by differences, and wrong."""

    def unfrozen(spec: Any, p: Any, x: Any, *, run: Any) -> Any:
        return STANDARD.operations[ig.Embedding](replace(spec, padding_idx=None), p, x, run=run)

    tables = replace(STANDARD, operations=STANDARD.operations.overlaid({ig.Embedding: unfrozen}))
    words = ig.Sequential([ig.Embedding(5, 2, padding_idx=0), ig.Flatten(), ig.Linear(1)], input_shape=(3,))
    x = np.array([[0, 1, 2], [3, 0, 4]])
    culprit = ig.check_gradients(words, x, backend=NumpyBackend(tables, name="wrong")).culprit
    assert culprit is not None
    assert (culprit.path, culprit.what, culprit.index[0], culprit.truth) == ("0", "dweight", 0, 0.0)
    assert ig.check_gradients(words, x).passed


def test_a_gradient_that_is_scaled_by_description_is_held_against_no_difference() -> None:
    words = ig.Sequential([ig.Embedding(3, 2, scale_grad_by_freq=True), ig.Flatten(), ig.Linear(1)], input_shape=(4,))
    report = ig.check_gradients(words, np.array([[0, 1, 1, 1], [1, 2, 1, 0]]))
    assert report.passed, str(report)
    assert [row.path for row in report.rows] == ["2.weight", "2.bias"]
