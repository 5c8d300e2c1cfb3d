"""What may look on, and step in, while a trainer fits."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from isograd.core.description import Count, Description, NonNegative, describes
from isograd.core.errors import SpecError
from isograd.core.training.history import Epoch, History
from isograd.core.types import State

if TYPE_CHECKING:
    from isograd.core.training.trainer import Trainer


class StopFit(Exception):
    """Raised by a callback to end the fit after this step or epoch; the reason goes into the history."""


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


@describes("stopping")
class EarlyStopping(Description):
    """Stop when `monitor` has not improved by more than min_delta in `patience` validations; keep the best weights.

    `monitor` is "validation_loss" or the label of a metric ("accuracy"), whose good direction is known.
    """

    patience: Count = 5
    min_delta: NonNegative = 0.0
    monitor: str = "validation_loss"


class BestWeights(Callback):
    """Carries EarlyStopping out: remembers the best weights and puts them back when the fit ends."""

    def __init__(self, rule: EarlyStopping) -> None:
        self.rule = rule
        self.best: float | None = None
        self.best_epoch: int | None = None
        self.weights: State = {}
        self.waited = 0

    def fit_starts(self, trainer: Trainer, epochs: int, steps: int) -> None:
        labels = ["validation_loss", *(metric.label for metric in trainer.metrics)]
        if self.rule.monitor not in labels:
            raise SpecError(
                repr(self.rule),
                wanted=f"monitor among {', '.join(labels)}",
                got=repr(self.rule.monitor),
                fix="name one of them, or give the trainer that metric",
            )
        self.sign = next((-1.0 for m in trainer.metrics if m.label == self.rule.monitor and m.greater_is_better), 1.0)

    def epoch_ends(self, trainer: Trainer, epoch: Epoch) -> None:
        value = epoch.value(self.rule.monitor)
        if value is None:
            return
        if self.best is None or isnan(self.best) or self.sign * (self.best - value) > self.rule.min_delta:
            self.best, self.best_epoch, self.waited = value, epoch.number, 0
            self.weights = trainer.net.state_dict()
            return
        self.waited += 1
        if self.waited >= self.rule.patience:
            raise StopFit(f"{self.rule.monitor} has not improved since epoch {self.best_epoch}")

    def fit_ends(self, trainer: Trainer, history: History) -> None:
        if self.weights:
            trainer.net.load_state_dict(self.weights)
            history.best_epoch = self.best_epoch
