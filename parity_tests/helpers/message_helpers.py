"""What the tests of messages share: a trainer that has something to lose, and what it holds to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import isograd as ig

BOTH = pytest.mark.parametrize("backend", ["numpy", "torch"])
X = np.linspace(-1.0, 1.0, 30, dtype=np.float32).reshape(6, 5)
LABELS = np.array([0, 1, 2, 0, 1, 2])
VALUES = np.linspace(0.0, 1.0, 18, dtype=np.float32).reshape(6, 3)


def raised(action: Callable[[], Any]) -> str:
    """The kind and the words of the error that `action` raises."""
    with pytest.raises(ig.IsogradError) as caught:
        action()
    return f"{type(caught.value).__name__}: {caught.value}"


def spoilt(values: np.ndarray, index: tuple[Any, ...], entry: Any) -> np.ndarray:
    """A copy with one entry replaced."""
    copy = values.copy()
    copy[index] = entry
    return copy


def trained(backend: str, loss: Any) -> ig.Trainer:
    """A trainer that has made one step, so that its optimizer has something to lose."""
    model = ig.Sequential([ig.Linear(4), ig.Tanh(), ig.Linear(3)], input_shape=(5,))
    trainer = ig.Trainer(ig.build(model, backend=backend), loss=loss, optimizer=ig.SGD(0.1, momentum=0.9))
    trainer.step(X, LABELS if isinstance(loss, ig.CrossEntropyLoss) else VALUES)
    return trainer


def memory(trainer: ig.Trainer) -> dict[str, bytes]:
    """Everything that training changes, to the last bit."""
    held = {**trainer.net.state_dict(), **{f"optimizer/{k}": v for k, v in trainer.learner.state_dict().items()}}
    assert len(held) == 9  # four weights, their velocities, the step
    return {name: values.tobytes() for name, values in held.items()}
