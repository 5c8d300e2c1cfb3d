"""What a trainer tells whoever looks on, and the watcher that carries early stopping out."""

from __future__ import annotations

from math import isnan
from typing import Any, Protocol

from isograd.core.base.errors import SpecError
from isograd.core.base.types import State
from isograd.core.learning.stopping import EarlyStopping
from isograd.core.training.history import Epoch, History

WEIGHTS = "weights/"


class StopFit(Exception):
    """Raised by a callback to end the fit after this step or epoch; the reason goes into the history."""


class Watcher(Protocol):
    """What a trainer tells; `isograd.core.training.callbacks.Callback` is the base to derive from."""

    def fit_starts(self, trainer: Any, epochs: int, steps: int) -> None: ...

    def step_ends(self, trainer: Any, loss: float) -> None: ...

    def epoch_ends(self, trainer: Any, epoch: Epoch) -> None: ...

    def fit_ends(self, trainer: Any, history: History) -> None: ...

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: dict[str, Any]) -> None: ...


class BestWeights:
    """Carries EarlyStopping out: remembers the best weights, which the trainer puts back when the fit is over."""

    def __init__(self, rule: EarlyStopping) -> None:
        self.rule = rule
        self.best: float | None = None
        self.best_epoch: int | None = None
        self.weights: State = {}
        self.waited = 0

    def fit_starts(self, trainer: Any, epochs: int, steps: int) -> None:
        labels = ["validation_loss", *(metric.label for metric in trainer.metrics)]
        if self.rule.monitor not in labels:
            raise SpecError(
                repr(self.rule),
                wanted=f"monitor among {', '.join(labels)}",
                got=repr(self.rule.monitor),
                fix="name one of them, or give the trainer that metric",
            )
        self.sign = next((-1.0 for m in trainer.metrics if m.label == self.rule.monitor and m.greater_is_better), 1.0)

    def step_ends(self, trainer: Any, loss: float) -> None:
        """Nothing: weights are judged epoch by epoch."""

    def epoch_ends(self, trainer: Any, epoch: Epoch) -> None:
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

    def fit_ends(self, trainer: Any, history: History) -> None:
        """Nothing: a fit that is interrupted keeps the weights that it goes on with."""

    def state(self) -> dict[str, Any]:
        weights = {f"{WEIGHTS}{path}": values for path, values in self.weights.items()}
        return {"best": self.best, "best_epoch": self.best_epoch, "waited": self.waited, **weights}

    def restore(self, state: dict[str, Any]) -> None:
        self.best, self.best_epoch, self.waited = state["best"], state["best_epoch"], state["waited"]
        self.weights = {k.removeprefix(WEIGHTS): v for k, v in state.items() if k.startswith(WEIGHTS)}

    def put_back(self, trainer: Any, history: History) -> None:
        """Let the network have the best weights, where any were measured."""
        if self.weights:
            trainer.net.load_state_dict(self.weights)
            history.best_epoch = self.best_epoch
