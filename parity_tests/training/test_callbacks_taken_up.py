"""Callbacks of one kind are told apart by their order when a fit is taken up again."""

from __future__ import annotations

from typing import Any

import numpy as np
from training_helpers import X, Y, trainer

import isograd as ig


class Heard(ig.Callback):
    """Keeps what it heard, under a name of its own."""

    def __init__(self, name: str) -> None:
        self.name, self.losses = name, np.zeros(0)

    def step_ends(self, trainer: Any, loss: float) -> None:
        self.losses = np.append(self.losses, loss)

    def state(self) -> dict[str, Any]:
        return {"name": self.name, "losses": self.losses}

    def restore(self, state: dict[str, Any]) -> None:
        assert state["name"] == self.name
        self.losses = state["losses"]


class Stop(ig.Callback):
    """Ends a fit after its third step; has no state, and so may be missing afterwards."""

    def __init__(self) -> None:
        self.steps = 0

    def step_ends(self, trainer: Any, loss: float) -> None:
        self.steps += 1
        if self.steps == 3:
            raise ig.StopFit("enough")


def test_two_of_one_kind_each_get_their_own_state_back() -> None:
    call = {"epochs": 2, "batch_size": 5}
    broken = trainer("numpy")
    broken.fit((X, Y), callbacks=[Heard("a"), Heard("b"), Stop()], **call)
    heard = [Heard("a"), Heard("b")]
    whole = trainer("numpy")
    whole.restore(broken.state())
    history = whole.fit((X, Y), callbacks=heard, **call)
    assert len(history.step_losses) == 10
    for one in heard:
        assert one.losses.tolist() == history.step_losses
