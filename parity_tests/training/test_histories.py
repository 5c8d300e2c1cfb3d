"""The same training gives the same history in both engines; dropout's masks are the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from training_helpers import BOTH, LABELS, X, Y, model, trainer

import isograd as ig
from isograd.core.engine.context import Run
from isograd.core.parity.matching import TOLERANCE, difference


def two_in_three_out() -> ig.Model:
    a, b = ig.Input((3,)), ig.Input((2,))
    h = ig.Tanh()(ig.Concat()(a, b))
    return ig.Model(
        inputs=[a, b], outputs=[ig.Linear(2)(h), ig.Linear(7, name="untrained")(h), ig.Linear(2, name="classes")(h)]
    )


RUNS: dict[str, Callable[[str, str], tuple[ig.Trainer, Any]]] = {
    "regression": lambda backend, dtype: (trainer(backend, dtype=dtype, metrics=[ig.MAE(), ig.R2()]), (X, Y)),
    "classes, dropout, Adam": lambda backend, dtype: (
        trainer(
            backend,
            model(ig.Dropout(0.3)),
            dtype=dtype,
            loss=ig.CrossEntropyLoss(),
            optimizer=ig.Adam(0.01),
            metrics=[ig.Accuracy()],
        ),
        (X, LABELS),
    ),
    "warm-up by step, clipped": lambda backend, dtype: (
        trainer(backend, dtype=dtype, schedule=ig.WarmUp(length=3, per="step"), clip=ig.ClipNorm(0.1)),
        (X, Y),
    ),
    "whole-number targets": lambda backend, dtype: (
        trainer(backend, dtype=dtype, loss=ig.HuberLoss()),
        (X, np.stack([LABELS] * 2, 1)),
    ),
    "two inputs, two of three outputs": lambda backend, dtype: (
        trainer(
            backend,
            two_in_three_out(),
            dtype=dtype,
            loss=(ig.MSELoss(), None, ig.CrossEntropyLoss()),
            metrics=[ig.RMSE()],
        ),
        ((X, Y), (Y, LABELS)),
    ),
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_training_gives_the_same_history_in_both_engines(name: str, dtype: str) -> None:
    """float64: as a free run. float32: the first step as a locked step; later ones part, as roundings do."""
    made = [RUNS[name](backend, dtype) for backend in ("numpy", "torch")]
    ours, theirs = (t.fit(data, validation=data, epochs=3, batch_size=6) for t, data in made)
    if dtype == "float32":
        assert not difference(np.float64(ours.step_losses[0]), np.float64(theirs.step_losses[0])).exceeds(
            TOLERANCE["locked step", dtype]
        )
        return
    allowed = TOLERANCE["free run", dtype]
    for entry in ("train_loss", "validation_loss", "lr", *ours.epochs[0].metrics):
        a, b = (np.array([value for _, value in h.series(entry)]) for h in (ours, theirs))
        assert len(a) == 3
        assert not difference(a, b).exceeds(allowed), entry
    assert not difference(np.array(ours.step_losses), np.array(theirs.step_losses)).exceeds(allowed)
    states = [t.net.state_dict() for t, _ in made]
    assert not any(difference(v, states[1][path]).exceeds(allowed) for path, v in states[0].items())


@BOTH
def test_an_output_without_a_loss_is_not_trained(backend: str) -> None:
    made, data = RUNS["two inputs, two of three outputs"](backend, "float64")
    before = made.net.state_dict()
    made.fit(data, epochs=1, batch_size=6)
    changed = {path for path, values in made.net.state_dict().items() if (values != before[path]).any()}
    assert changed == {"linear.weight", "linear.bias", "classes.weight", "classes.bias"}


def test_masks_depend_on_seed_node_step_and_row_and_on_nothing_else() -> None:
    whole = Run(training=True, seed=1, step=2).at("drop").random((7, 5))
    for cut in (1, 3):
        parts = [Run(training=True, seed=1, step=2, first_row=row).at("drop") for row in (0, cut)]
        split = [parts[1].random((7 - cut, 5)), parts[0].random((cut, 5))]  # the later part read first
        np.testing.assert_array_equal(np.concatenate(split[::-1]), whole)
    others = [Run(True, 2, 2), Run(True, 1, 3)]
    assert not any((run.at("drop").random((7, 5)) == whole).any() for run in [*others])
    assert not (Run(True, 1, 2).at("drop2").random((7, 5)) == whole).any()


@BOTH
def test_dropout_masks_change_with_the_step_and_leave_evaluation_alone(backend: str) -> None:
    drop = ig.Sequential([ig.Dropout(0.5)], input_shape=(200,))
    net = ig.build(drop, backend=backend, seed=4, shared_randomness=True)
    x = np.ones((3, 200), np.float32)
    first = net.forward(x, training=True)
    np.testing.assert_array_equal(net.forward(x, training=True), first)
    np.testing.assert_array_equal(first, 2.0 * (Run(True, 4, 0).at("0").random((3, 200)) >= 0.5))
    np.testing.assert_array_equal(net.forward(x), x)
    np.testing.assert_array_equal(net.predict(x), x)
    net.at_step(1)
    assert (net.forward(x, training=True) != first).any()
    net.at_step(0)
    np.testing.assert_array_equal(net.forward(x, training=True), first)
