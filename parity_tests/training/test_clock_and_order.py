"""The order of batches is that of (net.seed, epoch) exactly, and the seconds of an epoch are those of its steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from training_helpers import BOTH, X, Y, trainer

import isograd as ig
from isograd.core.base.randomness import batch_order
from isograd.core.training import fitting


class Read:
    """A data set that remembers which samples it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def __len__(self) -> int:
        return len(X)

    def batch(self, indices: np.ndarray) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
        self.asked.append(indices.tolist())
        return (X[indices],), (Y[indices],)


@BOTH
def test_batches_are_those_of_the_networks_seed_and_of_the_epoch(backend: str) -> None:
    data = Read()
    trainer(backend, seed=3).fit(data, epochs=2, batch_size=5)
    drawn = [
        batch.tolist()
        for epoch in range(2)
        for batch in batch_order(len(X), 5, seed=3, epoch=epoch, shuffle=True, drop_last=False)
    ]
    assert data.asked[1:] == drawn  # after the look at the first sample


class Clock(ig.Callback):
    """Time goes on by a second a step, and never else."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.now, self.stop_at = 100.0, stop_at

    def step_ends(self, trainer: Any, loss: float) -> None:
        self.now += 1.0
        if self.now - 100.0 == self.stop_at:
            raise ig.StopFit("enough")


def test_an_epoch_lasts_as_long_as_its_steps_before_and_after_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(stop_at=7)
    monkeypatch.setattr(fitting, "perf_counter", lambda: clock.now)
    fitted = trainer("numpy")
    call = {"epochs": 3, "batch_size": 5, "callbacks": [clock]}
    first = fitted.fit((X, Y), **call)
    assert [epoch.seconds for epoch in first.epochs] == [5.0]
    clock.now += 1000.0
    fitted.restore(fitted.state())
    again = fitted.fit((X, Y), **call)
    assert [epoch.seconds for epoch in again.epochs] == [5.0, 5.0, 5.0]
