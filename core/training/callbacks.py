"""What may look on, and step in, while a trainer fits."""

from __future__ import annotations

from typing import Any

from isograd.core.training.history import Epoch, History
from isograd.core.training.trainer import Trainer


class Callback:
    """Override what you want to see. Raise StopFit to end the fit."""

    def fit_starts(self, trainer: Trainer, epochs: int, steps: int) -> None:
        """Before the first step: how many epochs, of how many steps each."""

    def step_ends(self, trainer: Trainer, loss: float) -> None:
        """After every step, with its loss."""

    def epoch_ends(self, trainer: Trainer, epoch: Epoch) -> None:
        """After every epoch and its validation."""

    def fit_ends(self, trainer: Trainer, history: History) -> None:
        """After the fit, however it ended."""

    def state(self) -> dict[str, Any]:
        """What it remembers and a training taken up again must know: plain values and NumPy arrays by name.

        Asked by `Trainer.state` while a fit is going on; none unless overridden.
        """
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave: after `fit_starts` of a fit that goes on."""
