"""What a case is, for each family of descriptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from isograd.core.base.initializers import Fans, Initializer
from isograd.core.base.types import Shape
from isograd.core.layers.base import Layer
from isograd.core.learning.losses import Loss
from isograd.core.learning.optimizers import Clipping, Optimizer
from isograd.core.learning.schedules import Schedule


@dataclass(frozen=True)
class Case:
    """A layer on inputs of these shapes (one sample's), drawn from N(0, scale²), or where given from `among` these.

    `large`: it is there for a path that engines take for large sizes alone; checks entry by entry leave it out.
    """

    layer: Layer
    shapes: tuple[Shape, ...]
    why: str
    batch: int = 5
    scale: float = 1.0
    large: bool = False
    among: tuple[float, ...] = ()


@dataclass(frozen=True)
class LossCase:
    """A loss on predictions of this shape (batch included) and targets of this kind."""

    loss: Loss
    shape: Shape
    targets: Literal["values", "equal", "unit", "labels", "ignored", "masked", "probabilities"]
    why: str
    scale: float = 1.0


@dataclass(frozen=True)
class OptimizerCase:
    """An optimizer (and clipping) over locked steps of a small network with so many units between its two layers."""

    optimizer: Optimizer
    why: str
    clip: Clipping | None = None
    units: int = 5


@dataclass(frozen=True)
class ScheduleCase:
    schedule: Schedule
    why: str
    lr: float = 0.1
    total: int = 7


@dataclass(frozen=True)
class LawCase:
    law: Initializer
    shape: Shape
    fans: Fans
    why: str
