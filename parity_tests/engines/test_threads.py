"""BLAS threads belong to a network while it computes, and to the process outside of it."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.operations import OPERATIONS
from isograd.backends.numpy_impl.tables import STANDARD

X, Y = np.ones((4, 3)), np.ones((4, 3))
SEEN: list[int] = []


def threads() -> int:
    (count,) = {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}
    return int(count)


def looking(spec: ig.Identity, p: Any, x: np.ndarray, *, run: Any) -> Any:
    """y = x, and what holds meanwhile is seen, forward and backward."""

    def backward(dy: np.ndarray) -> Any:
        SEEN.append(threads())
        return dy, {}

    SEEN.append(threads())
    return x, backward


ENGINE = NumpyBackend(replace(STANDARD, operations=OPERATIONS.overlaid({ig.Identity: looking})))


def seen(action: Any) -> set[int]:
    SEEN.clear()
    action()
    return set(SEEN)


@pytest.mark.parametrize("outside", [1, 2])
def test_each_network_has_its_own_and_the_process_keeps_its(outside: int) -> None:
    model = ig.Sequential([ig.Linear(3), ig.Identity()], input_shape=(3,))
    nets = {count: ig.build(model, backend=ENGINE, threads=count) for count in (1, 2)}
    nets[2] = pickle.loads(pickle.dumps(nets[2]))
    ig.build(model, threads=1)
    trainers = {
        count: ig.Trainer(net, loss=ig.MSELoss(), optimizer=ig.SGD(0.1), metrics=[ig.MAE()])
        for count, net in nets.items()
    }
    with threadpool_limits(limits=outside, user_api="blas"):
        for _ in range(2):
            for count, net in nets.items():
                made = trainers[count]
                for action in (
                    lambda net=net: (net.forward(X, training=True), net.backward(Y)),
                    lambda net=net: net.predict(X),
                    lambda net=net: net.activations(X),
                    lambda made=made: made.step(X, Y),
                    lambda made=made: made.learner.gradients((X,), (Y,)),
                    lambda made=made: made.evaluate((X, Y)),
                    lambda made=made: made.fit((X, Y), validation=(X, Y), batch_size=2),
                ):
                    assert seen(action) == {count}
                    assert threads() == outside
        broken = nets[2 if outside == 1 else 1]
        with pytest.raises(ig.IsogradError):
            ig.Trainer(broken, loss=ig.MSELoss(), optimizer=ig.SGD(0.1)).step(X, Y * np.nan)
        assert threads() == outside


@pytest.mark.parametrize("count", [0, -1, True, 1.5, "two", np.array([1, 2])], ids=repr)
def test_a_number_of_threads_that_cannot_be(count: Any) -> None:
    with pytest.raises(ig.core.base.errors.BackendError) as caught:
        ig.build(ig.Sequential([ig.Linear(3)], input_shape=(3,)), threads=count)
    assert str(caught.value) == f"threads={count!r}\n  wanted 1 or more\n  got    {count!r}\n  fix    threads=1"
