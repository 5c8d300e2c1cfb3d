"""A step ends what was going on before it: a backward of the old weights is refused, masks are those of the next."""

from __future__ import annotations

import numpy as np
import pytest
from training_helpers import BOTH, X, Y, trainer

import isograd as ig


@BOTH
def test_a_backward_of_the_weights_before_a_step_is_refused(backend: str) -> None:
    fitted = trainer(backend)
    net = fitted.net
    y = net.forward(X)
    net.backward(np.ones_like(y))
    fitted.step(X, Y)
    with pytest.raises(ig.ShapeError, match="none since the weights were set"):
        net.backward(np.ones_like(y))
    net.forward(X)
    fitted.learner.load_state_dict(fitted.learner.state_dict())
    with pytest.raises(ig.ShapeError, match="none since the weights were set"):
        net.backward(np.ones_like(y))


@BOTH
def test_what_a_forward_drops_after_steps_is_what_the_next_step_drops(backend: str) -> None:
    model = ig.Sequential([ig.Dropout(0.5)], input_shape=(40,))
    ones = np.ones((3, 40))

    def after(steps: int) -> np.ndarray:
        net = ig.build(model, backend=backend, dtype="float64", seed=1)
        fitted = ig.Trainer(net, loss=ig.MSELoss(), optimizer=ig.SGD(0.1))
        for _ in range(steps):
            fitted.step(ones, ones)
        dropped: np.ndarray = net.forward(ones, training=True)
        return dropped

    masks = [after(steps) for steps in range(3)]
    assert len({mask.tobytes() for mask in masks}) == 3
    assert np.array_equal(after(2), masks[2])
    net = ig.build(model, backend=backend, dtype="float64", seed=1)
    net.at_step(2)
    assert np.array_equal(net.forward(ones, training=True), masks[2])


@BOTH
def test_what_a_forward_drops_after_a_memory_is_taken_over_is_what_the_next_step_drops(backend: str) -> None:
    model, ones = ig.Sequential([ig.Dropout(0.5)], input_shape=(40,)), np.ones((3, 40))
    nets = [ig.build(model, backend=backend, dtype="float64", seed=1) for _ in range(2)]
    one, other = (net.learner((ig.MSELoss(),), ig.SGD(0.1)) for net in nets)
    for _ in range(2):
        one.step((ones,), (ones,), 0.1)
    other.load_state_dict(one.state_dict())
    assert np.array_equal(*(net.forward(ones, training=True) for net in nets))


@BOTH
def test_a_backward_of_the_weights_before_others_are_loaded_is_refused(backend: str) -> None:
    net = ig.build(ig.Sequential([ig.Linear(2)], input_shape=(3,)), backend=backend)
    y = net.forward(np.ones((4, 3)))
    net.load_state_dict(net.state_dict())
    with pytest.raises(ig.ShapeError, match="none since the weights were set"):
        net.backward(np.ones_like(y))
