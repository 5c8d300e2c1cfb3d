"""Learning-rate schedules: closed formulas of the position t = 0 … total−1.

A position is an epoch or, with per="step", an optimizer step; `total` is how many of them a fit has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from math import cos, pi
from typing import Literal

from pydantic import InstanceOf

from isograd.core.base.description import Count, Description, Fraction, NonNegative, Positive, describes
from isograd.core.base.errors import SpecError


@describes("schedule", abstract=True)
class Schedule(Description):
    """lr(t): the learning rate at position t, from the optimizer's η."""

    per: Literal["epoch", "step"] = "epoch"

    @property
    def follows(self) -> str | None:
        """What it wants to see the measurements of: an entry of the history's epochs; None where it sees nothing."""
        return None

    def at(self, position: int, total: int, lr: float) -> float:
        raise NotImplementedError

    def seeing(self, measured: Sequence[float], position: int, total: int, lr: float) -> float:
        """The same, of a fit in which what it follows was measured so, before this position."""
        return self.at(position, total, lr)


@describes("schedule")
class FixedLR(Schedule):
    """lr(t) = η. (torch's ConstantLR is another schedule: it scales η for some epochs. See ig.ConstantLR.)"""

    def at(self, position: int, total: int, lr: float) -> float:
        return lr


@describes("schedule")
class LinearDecay(Schedule):
    """lr(t) = η + (final_lr − η) · t/(total−1): the last position gets final_lr (the book, Weidman 2019)

    >>> [round(LinearDecay(final_lr=0.1).at(t, 5, 0.5), 3) for t in range(5)]
    [0.5, 0.4, 0.3, 0.2, 0.1]
    """

    final_lr: NonNegative

    def at(self, position: int, total: int, lr: float) -> float:
        return lr + (self.final_lr - lr) * _share(position, total)


@describes("schedule")
class ExponentialDecay(Schedule):
    """lr(t) = η · gammaᵗ; given final_lr instead, gamma = (final_lr/η)^(1/(total−1)) (the book)

    >>> [round(ExponentialDecay(final_lr=0.1).at(t, 3, 0.4), 3) for t in range(3)]
    [0.4, 0.2, 0.1]
    """

    final_lr: Positive | None = None
    gamma: Positive | None = None

    def __post_init__(self) -> None:
        if (self.final_lr is None) == (self.gamma is None):
            raise SpecError(
                repr(self),
                wanted="final_lr= or gamma=, one of them",
                got="neither" if self.gamma is None else "both",
                fix="ExponentialDecay(gamma=0.9)",
            )

    def at(self, position: int, total: int, lr: float) -> float:
        if self.gamma is not None:
            return float(lr * self.gamma**position)
        assert self.final_lr is not None
        return float(lr * (self.final_lr / lr) ** _share(position, total))


@describes("schedule")
class StepDecay(Schedule):
    """lr(t) = η · gamma^⌊t/step_size⌋    (torch's name for it is StepLR)

    >>> [round(StepDecay(step_size=2).at(t, 5, 1.0), 3) for t in range(5)]
    [1.0, 1.0, 0.1, 0.1, 0.01]
    """

    step_size: Count
    gamma: Positive = 0.1

    def at(self, position: int, total: int, lr: float) -> float:
        return float(lr * self.gamma ** (position // self.step_size))


@describes("schedule")
class CosineDecay(Schedule):
    """lr(t) = final_lr + (η − final_lr)·(1 + cos(π·t/period))/2, period: total unless given (Loshchilov & Hutter)

    >>> [round(CosineDecay().at(t, 4, 1.0), 3) for t in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    """

    final_lr: NonNegative = 0.0
    period: Count | None = None

    def at(self, position: int, total: int, lr: float) -> float:
        return self.final_lr + (lr - self.final_lr) * (1 + cos(pi * position / (self.period or total))) / 2


@describes("schedule")
class WarmUp(Schedule):
    """lr(t) = η·(start_factor + (1 − start_factor)·t/length) for t < length, then `then` from its own start

    Both count what `per` of the whole says.

    >>> [round(WarmUp(length=2, start_factor=0.5).at(t, 4, 1.0), 3) for t in range(4)]
    [0.5, 0.75, 1.0, 1.0]
    """

    length: Count
    start_factor: Fraction = 1 / 3
    then: InstanceOf[Schedule] = field(default_factory=FixedLR)

    def __post_init__(self) -> None:
        if self.then.per == "step" and self.per == "epoch":
            raise SpecError(
                repr(self),
                wanted='per="step" of the whole, as `then` has it',
                got='per="epoch"',
                fix=f'WarmUp({self.length}, then=…, per="step")',
            )

    def at(self, position: int, total: int, lr: float) -> float:
        if position < self.length:
            return lr * (self.start_factor + (1 - self.start_factor) * position / self.length)
        return self.then.at(position - self.length, max(total - self.length, 1), lr)


def _share(position: int, total: int) -> float:
    return min(position / (total - 1), 1.0) if total > 1 else 0.0
