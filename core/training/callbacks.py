"""What may look on, and step in, while a trainer fits."""

from __future__ import annotations

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
