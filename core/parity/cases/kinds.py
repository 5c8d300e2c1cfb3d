"""What a case is, for each family of descriptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from isograd.core.base.forms import Form
from isograd.core.base.initializers import Fans, Initializer
from isograd.core.base.types import Shape
from isograd.core.layers.base import Layer
from isograd.core.learning.losses import Loss
from isograd.core.learning.optimizers import Clipping, Optimizer
from isograd.core.learning.schedules import Schedule


@dataclass(frozen=True)
class Case:
    """A layer on inputs drawn from N(0, scale²): each is one sample's shape, or the form of what is no batch of them.

    `large`: it is there for a path that engines take for large sizes alone; checks entry by entry leave it out.
    `among`: the only numbers that its inputs are drawn from. `values`: the whole numbers of integer inputs, where the
    layer does not say which it takes.
    """

    layer: Layer
    inputs: tuple[Shape | Form, ...]
    why: str
    batch: int = 5
    scale: float = 1.0
    large: bool = False
    among: tuple[float, ...] = ()
    values: range = range(3)

    @property
    def forms(self) -> tuple[Form, ...]:
        return tuple(x if isinstance(x, Form) else Form.of_sample(x) for x in self.inputs)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """What stands behind the first axis of each input."""
        return tuple(form.shape for form in self.forms)


Targets = Literal[
    "values",
    "equal",
    "unit",
    "labels",
    "ignored",
    "masked",
    "probabilities",
    "shares",
    "logarithms",
    "counts",
    "signs",
    "one of several",
    "sign of several",
    "sign a row",
    "none",
    "sets",
    "sequences",
    "too long",
]
"""What the targets of a loss case are."""


@dataclass(frozen=True)
class LossCase:
    """A loss on predictions of this shape (batch included) and targets of this kind.

    `predictions`: any numbers, numbers in (0, 1), above 0, or above 0 the second of those side by side.
    `among`: drawn from these alone, so that many stand exactly where a formula changes.
    """

    loss: Loss
    shape: Shape
    targets: Targets
    why: str
    scale: float = 1.0
    predictions: Literal["values", "unit", "positive", "second positive"] = "values"
    among: tuple[float, ...] = ()


@dataclass(frozen=True)
class OptimizerCase:
    """An optimizer (and clipping) over locked steps of a small network with so many units between its two layers.

    `matrices`: it trains matrices alone, so that the layers have no bias.
    """

    optimizer: Optimizer
    why: str
    clip: Clipping | None = None
    units: int = 5
    matrices: bool = False


@dataclass(frozen=True)
class ScheduleCase:
    """A schedule over so many positions; `measured`: what it follows, as it was before positions 1, 2, …"""

    schedule: Schedule
    why: str
    lr: float = 0.1
    total: int = 7
    measured: tuple[float, ...] = ()


@dataclass(frozen=True)
class LawCase:
    law: Initializer
    shape: Shape
    fans: Fans
    why: str
