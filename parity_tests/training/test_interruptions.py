"""Errors and Ctrl-C in the middle of a fit: it can be gone on with after its last whole step."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from state_helpers import STEPS, Situation, Taking, end, taken_up, uninterrupted
from training_helpers import BOTH, X, Y

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.tables import STANDARD


class Failing(ig.ArrayDataset):
    """Fails once, at the batch of this number."""

    def __init__(self, at: int, action: Callable[[], None]) -> None:
        super().__init__(X, Y)
        self.left, self.action = at, action

    def batch(self, indices: np.ndarray) -> Any:
        self.left -= 1
        if self.left == 0:
            self.action()
        return super().batch(indices)


def failing() -> None:
    raise OSError("the disk is gone")


def interrupted() -> None:
    raise KeyboardInterrupt


@BOTH
@pytest.mark.parametrize(
    ("action", "kind", "done"),
    [
        (failing, OSError, 6),
        (interrupted, KeyboardInterrupt, 6),
        (lambda: signal.raise_signal(signal.SIGINT), KeyboardInterrupt, 7),
    ],
    ids=["an error", "an interruption outside a step", "Ctrl-C"],
)
def test_a_fit_that_breaks_off_is_gone_on_with_after_its_last_whole_step(
    backend: str, action: Callable[[], None], kind: type[BaseException], done: int
) -> None:
    """Ctrl-C waits for the end of the step: half of the weights are never updated."""
    for situation in (Situation(), Situation(fit={"validation": (X, Y), "early_stopping": ig.EarlyStopping()})):
        whole, expected, _ = uninterrupted(situation, backend)
        made = situation.trainer(backend)
        with pytest.raises(kind):
            made.fit(**{**situation.call(), "train": Failing(7, action)})
        state = made.state()
        fit = state.record["fit"]
        assert fit["epoch"] * STEPS + fit["step"] == state.record["steps_done"] == done
        assert len(state.arrays["fit/step_losses"]) == done
        made, history = taken_up(situation, backend, state)
        assert end(made, history) == end(whole, expected)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_in_the_middle_of_an_update_waits() -> None:
    real, calls = STANDARD.optimizers[ig.SGD], []

    def rule(*given: Any) -> None:
        calls.append(given)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGINT)
        real(*given)

    tables = replace(STANDARD, optimizers=STANDARD.optimizers.overlaid({ig.SGD: rule}))
    made, untouched = Situation().trainer(NumpyBackend(tables)), Situation().trainer("numpy")
    with pytest.raises(KeyboardInterrupt):
        made.fit(**Situation().call())
    taking = Taking()
    untouched.fit(**Situation().call(taking))
    for path, values in made.net.state_dict().items():
        assert np.array_equal(values, taking.taken["1.1"].arrays[f"weights/{path}"])


@BOTH
def test_a_second_ctrl_c_does_not_wait(backend: str) -> None:
    def twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    made = Situation().trainer(backend)
    with pytest.raises(KeyboardInterrupt):
        made.fit(**{**Situation().call(), "train": Failing(3, twice)})
    assert made.state().record["steps_done"] == 2
