"""What happened during a fit."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Epoch:
    """One pass over the training data. Numbers count from 1; losses are those of all samples together."""

    number: int
    lr: float  # of its last step
    train_loss: float  # joined from the epoch's batches, as the weights changed
    validation_loss: float | None
    metrics: dict[str, float]  # on the validation data
    seconds: float

    def value(self, name: str) -> float | None:
        """An entry by name: train_loss, validation_loss, lr, seconds, or a metric's label."""
        found: float | None = self.metrics.get(name, getattr(self, name, None))
        return found


@dataclass
class History:
    """The epochs of a fit, and the loss of every step."""

    epochs: list[Epoch] = field(default_factory=list)
    step_losses: list[float] = field(default_factory=list)
    stopped: str | None = None  # why the fit ended before its last epoch
    best_epoch: int | None = None  # whose weights were restored by early stopping

    def series(self, name: str) -> list[tuple[int, float]]:
        """(epoch number, value) wherever the entry was measured.

        >>> History([Epoch(1, 0.1, 2.0, None, {}, 0.5)]).series("train_loss")
        [(1, 2.0)]
        """
        return [(e.number, value) for e in self.epochs if (value := e.value(name)) is not None]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)
