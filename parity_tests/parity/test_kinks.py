"""At a kink both slopes are slopes: the documented rule says which is right, and the side that breaks it is blamed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.base.types import Array

RNG = np.random.default_rng(5)
ROUND = np.round(RNG.normal(size=(4, 1, 6, 6)))  # zeros, and equal entries, in plenty
Rule = Callable[[Array, Array, Array], Array]


def last_of_equals(x: Array, y: Array, dy: Array) -> Array:
    """All of dy to the last of equal entries of each window of two by two."""
    shape = (4, 1, 3, 2, 3, 2)
    windows = x.reshape(shape).transpose(0, 1, 2, 4, 3, 5).reshape(-1, 4)
    last = 3 - windows[:, ::-1].argmax(1)
    spread = np.zeros_like(windows)
    spread[np.arange(len(windows)), last] = dy.reshape(-1)
    return spread.reshape(4, 1, 3, 3, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(x.shape)


def shared_by_equals(x: Array, y: Array, dy: Array) -> Array:
    """A share of dy for each of equal entries."""
    largest = y.repeat(2, 2).repeat(2, 3) == x
    counts = largest.reshape(4, 1, 3, 2, 3, 2).sum((3, 5))
    return np.asarray((dy / counts.astype(dy.dtype)).repeat(2, 2).repeat(2, 3) * largest)


def at_zero(of: Callable[[Array], Array]) -> Rule:
    """Another derivative where x is 0: this many dy more."""
    return lambda x, y, dy: np.asarray(dy * np.where(x == 0, of(x), 0).astype(dy.dtype))


BROKEN: dict[str, tuple[ig.Layer, Rule, bool]] = {  # (layer, another dx, whether it comes on top of the right one)
    "ReLU: all at 0": (ig.ReLU(), at_zero(np.ones_like), True),
    "ReLU: half at 0": (ig.ReLU(), at_zero(lambda x: np.ones_like(x) / 2), True),
    "LeakyReLU: 1 at 0": (ig.LeakyReLU(negative_slope=0.2), at_zero(lambda x: np.ones_like(x) * 0.8), True),
    "LeakyReLU: between at 0": (ig.LeakyReLU(negative_slope=0.2), at_zero(lambda x: np.ones_like(x) * 0.4), True),
    "ELU: 1 at 0": (ig.ELU(alpha=0.5), at_zero(lambda x: np.ones_like(x) * 0.5), True),
    "Softplus: 1 at the threshold": (ig.Softplus(threshold=0), at_zero(lambda x: np.ones_like(x) * 0.5), True),
    "MaxPool2d: the last of equal ones": (ig.MaxPool2d(2), last_of_equals, False),
    "MaxPool2d: shared": (ig.MaxPool2d(2), shared_by_equals, False),
    "AdaptiveMaxPool2d: the last of equal ones": (ig.AdaptiveMaxPool2d(3), last_of_equals, False),
}


def breaking(kind: type, rule: Rule, more: bool) -> NumpyBackend:
    """NumPy's engine with this derivative at kinks."""
    right = STANDARD.operations[kind]

    def operation(spec: Any, p: Any, x: Array, *, run: Any) -> Any:
        y, back = right(spec, p, x, run=run)
        return y, lambda dy: (rule(x, y, dy) + (back(dy)[0] if more else 0), {})

    return NumpyBackend(replace(STANDARD, operations=STANDARD.operations.overlaid({kind: operation})), name="wrong")


@pytest.mark.parametrize("first", [True, False], ids=["left", "right"])
@pytest.mark.parametrize("name", BROKEN)
def test_the_side_that_breaks_the_rule_of_a_layer_is_blamed(name: str, first: bool) -> None:
    layer, rule, more = BROKEN[name]
    wrong = breaking(type(layer), rule, more)
    model = ig.Sequential([layer, ig.Flatten()], input_shape=(1, 6, 6))
    report = ig.check_parity(model, ROUND, backends=(wrong, "torch") if first else ("torch", wrong))
    assert {row.dtype for row in report.rows if row.failed} == {"float64", "float32"}
    judged = [culprit for culprit in report.culprits if culprit.stage == "node"]
    assert {(culprit.what, culprit.guilty) for culprit in judged} == {("dx", "wrong")}
    assert {culprit.witness for culprit in judged} == {"formula's derivative"}


@pytest.mark.parametrize("first", [True, False], ids=["left", "right"])
def test_inside_a_recurrence_and_behind_other_nodes_as_well(first: bool) -> None:
    """A rectified recurrence of zeros, which no small move of its inputs would tell apart."""

    def operation(spec: Any, p: Any, *x: Any, run: Any) -> Any:
        y, back = STANDARD.operations[ig.RNNCell](spec, p, *x, run=run)
        return y, lambda dy: (lambda dx, grads: (dx, grads | {"bias_ih": grads["bias_ih"] + dy.sum(0) / 2}))(*back(dy))

    tables = replace(STANDARD, operations=STANDARD.operations.overlaid({ig.RNNCell: operation}))
    wrong = NumpyBackend(tables, name="wrong")
    model = ig.Sequential([ig.RNNCell(3, nonlinearity="relu"), ig.Linear(2)], input_shape=(4,))
    x = np.zeros((2, 4))
    weights = {path: np.zeros_like(w) for path, w in ig.build(model, dtype="float64").state_dict().items()}
    backends = (wrong, "torch") if first else ("torch", wrong)
    report = ig.check_parity(model, x, weights=weights, backends=backends)
    assert report.culprit is not None
    assert (report.culprit.path, report.culprit.what, report.culprit.guilty) == ("0", "dbias_ih", "wrong")


def loss_with(kind: type, rule: Callable[[Any, Array, Array], Array]) -> NumpyBackend:
    """NumPy's engine, its gradient of this loss other where p = t."""
    right = STANDARD.losses[kind]

    def loss(spec: Any, p: Array, t: Array) -> Any:
        value, back = right(spec, p, t)
        return value, lambda dL: back(dL) + np.where(p == t, rule(spec, p, t), 0).astype(p.dtype)

    return NumpyBackend(replace(STANDARD, losses=STANDARD.losses.overlaid({kind: loss})), name="wrong")


@pytest.mark.parametrize("first", [True, False], ids=["left", "right"])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_loss_that_breaks_the_rule_where_prediction_and_target_are_equal_is_blamed(first: bool, share: float) -> None:
    """End to end this hides: a nudge moves every prediction off its target, so that the noise floor is as large."""
    wrong = loss_with(ig.L1Loss, lambda spec, p, t: np.full_like(p, share / p.size))
    model = ig.Sequential([ig.Linear(3), ig.ReLU()], input_shape=(4,))
    x = RNG.normal(size=(6, 4))
    dead = {"0.weight": np.zeros((3, 4)), "0.bias": np.array([-1.0, 0.5, -1.0])}
    backends = (wrong, "torch") if first else ("torch", wrong)
    report = ig.check_parity(model, x, np.zeros((6, 3)), loss=ig.L1Loss(), weights=dead, backends=backends)
    found = [culprit for culprit in report.culprits if culprit.stage == "loss"]
    assert [(culprit.dtype, culprit.what, culprit.guilty) for culprit in found] == [
        ("float64", "dprediction", "wrong"),
        ("float32", "dprediction", "wrong"),
    ]
