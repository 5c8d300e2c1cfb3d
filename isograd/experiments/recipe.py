"""A recipe: one model and the way to train it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from isograd.core.base.types import Array
from isograd.core.engine.carry import Carry
from isograd.core.graph.composite import Composite
from isograd.core.learning.losses import ClassLoss, Loss, Losses
from isograd.core.learning.optimizers import Clipping, Optimizer
from isograd.core.learning.schedules import FixedLR, Schedule
from isograd.experiments.kinds import check_counts, check_kinds, each, is_a, maybe


@dataclass(frozen=True)
class Recipe:
    """One model and the way to train it; `loss` is one for each output, None where one is not trained on.

    `baselines(recipe, seed)` gives unfitted scikit-learn estimators by name; it imports them itself. An
    estimator predicts the trained output (classes, or their scores), or a tuple of all outputs. `published` holds
    results of others: {"the book": {"accuracy": 0.97}} (Weidman 2019). Of data with several inputs the model takes
    those at the places `inputs` (None: all), the baselines the one at `baseline_input`: numbers as rows, text as it is.
    `carry` as in `ig.Trainer`.
    """

    model: Composite
    loss: Loss | tuple[Loss | None, ...]
    optimizer: Optimizer
    epochs: int
    batch_size: int
    schedule: Schedule = field(default_factory=FixedLR)
    clip: Clipping | None = None
    carry: Carry | None = None
    baselines: Callable[[Recipe, int], Mapping[str, Any]] = lambda recipe, seed: {}
    published: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    inputs: tuple[int, ...] | None = None
    baseline_input: int = 0

    def __post_init__(self) -> None:
        one = is_a(Loss)
        check_kinds(
            self,
            model=("a Model or Sequential", is_a(Composite)),
            loss=("a loss, or a tuple with one for each output", lambda loss: one(loss) or each(maybe(one))(loss)),
            optimizer=("an optimizer", is_a(Optimizer)),
            schedule=("a schedule", is_a(Schedule)),
            clip=("a clipping, or None", maybe(is_a(Clipping))),
            baselines=("a function of (recipe, seed)", callable),
            published=("results by name", is_a(Mapping)),
        )
        check_counts(self, "epochs", "batch_size", least=1)

    @property
    def losses(self) -> Losses:
        """One for each output."""
        return self.loss if isinstance(self.loss, tuple) else (self.loss,)

    @property
    def trained(self) -> int:
        """Which output the metrics are about: the first that has a loss."""
        return next(k for k, loss in enumerate(self.losses) if loss is not None)

    @property
    def classifies(self) -> bool:
        """Whether predictions are scores of classes, to be read by their largest entry."""
        return isinstance(self.losses[self.trained], ClassLoss)

    def classes_of(self, scores: Array) -> Array:
        """The class with the largest score, of each prediction of the trained output."""
        loss = self.losses[self.trained]
        assert isinstance(loss, ClassLoss)
        found: Array = scores.argmax(loss.dim)
        return found

    @property
    def encodes(self) -> bool:
        """Whether this is an autoencoder: an encoder and a decoder by these names, outputs reconstruction and code."""
        names = {node.name for node in self.model.graph(*self.model.input_shapes).nodes}
        return {"encoder", "decoder"} <= names and len(self.losses) == 2

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON records."""
        parts = {
            "model": self.model,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
            "clip": self.clip,
        }
        records = {name: part.to_dict() if part else None for name, part in parts.items()}
        losses = [loss.to_dict() if loss else None for loss in self.losses]
        return {**records, "losses": losses, "carry": self.carry, "epochs": self.epochs, "batch_size": self.batch_size}
