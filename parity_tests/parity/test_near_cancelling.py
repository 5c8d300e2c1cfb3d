"""Right engines on numbers of which almost nothing is left: no false alarm end to end, and every fault still seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tampered import TamperedEngine

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.tables import STANDARD

Made = tuple[ig.Model | ig.Sequential, Any, dict[str, Any]]


def one_feature() -> Made:
    return ig.Sequential([ig.LayerNorm()], input_shape=(1,)), drawn(3, 1), {}


def equal_values() -> Made:
    return ig.Sequential([ig.InstanceNorm2d()], input_shape=(2, 3, 5)), np.full((2, 2, 3, 5), 1003.1), {}


def equal_values_behind_others() -> Made:
    x = ig.Input((4,))
    spread = ig.Expand(("N", 2, 3, 5))(ig.Reshape((1, 1, 1))(ig.Linear(1, name="linear")(x)), x)
    model = ig.Model(inputs=x, outputs=ig.Tanh()(ig.InstanceNorm2d(affine=True)(spread)))
    return model, drawn(2, 4), {"y": np.zeros((2, 2, 3, 5)), "loss": ig.MSELoss()}


def a_small_error_of_large_numbers() -> Made:
    """The loss is of what is left of predictions and targets: the last digits, rounding among them."""
    model, x = ig.Sequential([ig.Linear(7), ig.Linear(3)], input_shape=(9,)), 1e4 * drawn(2, 9)
    net = ig.build(model, dtype="float64", seed=0)
    return model, x, {"weights": net.state_dict(), "y": net.forward(x) - 0.1, "loss": ig.SmoothL1Loss(beta=0.4)}


def sure_gates() -> Made:
    layer = ig.GRU(5, num_layers=2, bidirectional=True)
    x = ig.Input((3, 6))
    return ig.Model(inputs=x, outputs=layer(x)[0]), 1e4 * drawn(2, 3, 6), {}


def one_key() -> Made:
    """Nothing reaches query and key: the share of a single key is 1."""
    query, key = ig.Input((3, 4)), ig.Input((1, 4))
    x = drawn(2, 3, 4), drawn(2, 1, 4)
    return ig.Model(inputs=[query, key], outputs=ig.MultiheadAttention(2)(query, key, key)), x, {}


def repeated() -> Made:
    """What is repeated along the features has one length there: its cosines do not follow it."""
    a, b = ig.Input((8,)), ig.Input((2, 1, 1))
    numbers = drawn(1, 10, seed=4)
    x = numbers[:, :8], numbers[:, 8:, None, None]
    between = ig.Reshape((1, 2, 4))(a)
    return ig.Model(inputs=[a, b], outputs=ig.CosineSimilarity(dim=1)(between, b)), x, {}


def statistics_of_nothing() -> Made:
    layers = [ig.LayerNorm(elementwise_affine=False), ig.BatchNorm1d(eps=0.5), ig.Tanh()]
    return ig.Sequential(layers, input_shape=(1,)), drawn(3, 1), {}


def a_step_of_what_decay_cancels() -> Made:
    model = ig.Sequential([ig.Linear(1, bias=False)], input_shape=(2,))
    held = {"0.weight": np.array([[0.2 + 1e-6, 0.3]], np.float32).astype(np.float64)}
    told = {"weights": held, "y": np.zeros((1, 1)), "loss": ig.L1Loss(), "clip": ig.ClipValue(0.02)}
    optimizer = ig.Adam(0.01, maximize=True, weight_decay=0.1)
    return model, np.ones((1, 2)), told | {"optimizer": optimizer, "steps": 1}


def drawn(*shape: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


MADE: list[Callable[[], Made]] = [
    one_feature,
    equal_values,
    equal_values_behind_others,
    a_small_error_of_large_numbers,
    sure_gates,
    one_key,
    repeated,
    statistics_of_nothing,
    a_step_of_what_decay_cancels,
]


def checked(made: Callable[[], Made], *backends: Any) -> Any:
    model, x, told = made()
    return ig.check_parity(model, x, backends=backends, **told)


@pytest.mark.parametrize("made", MADE)
def test_right_engines_are_not_blamed(made: Callable[[], Made]) -> None:
    report = checked(made, "numpy", "torch")
    assert report.passed, str(report)


def a_little_off(found: dict[str, Any]) -> None:
    for path in found:
        found[path] = found[path] * (1 + 1e-3)


@pytest.mark.parametrize("made", [equal_values_behind_others, a_small_error_of_large_numbers])
def test_a_walk_that_is_a_little_off_is(made: Callable[[], Made]) -> None:
    report = checked(made, TamperedEngine(gradients=a_little_off), "torch")
    assert {row.stage for row in report.rows if row.failed} >= {"end to end"}, str(report)


def test_so_is_a_step_of_what_decay_cancels_by_another_rule() -> None:
    rule = STANDARD.optimizers[ig.Adam]
    other = {ig.Adam: lambda spec, *given: rule(replace(spec, eps=3e-8), *given)}
    wrong = NumpyBackend(replace(STANDARD, optimizers=STANDARD.optimizers.overlaid(other)), name="wrong")
    report = checked(a_step_of_what_decay_cancels, wrong, "torch")
    assert {row.stage for row in report.rows if row.failed} >= {"locked step"}, str(report)
