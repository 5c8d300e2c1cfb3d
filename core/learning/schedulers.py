"""Learning-rate schedules under torch's names: each is what torch.optim.lr_scheduler's is after t calls of `step`.

A position is an epoch or, with per="step", an optimizer step: where a PyTorch program calls `scheduler.step()`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import field
from math import cos, pi
from typing import Annotated

from pydantic import BeforeValidator, Field

from isograd.core.base.description import Count, Fraction, NonNegative, as_int, as_tuple, describes
from isograd.core.learning.schedule_functions import Registered, called
from isograd.core.learning.schedules import Schedule

Part = Annotated[float, Field(gt=0, le=1)]
Milestones = Annotated[tuple[Annotated[int, BeforeValidator(as_int), Field(ge=0)], ...], BeforeValidator(as_tuple)]


@describes("schedule", abstract=True)
class Scheduler(Schedule):
    """A schedule that may stand in a chain, where others change the rate between its turns."""

    def chained(self, position: int, rate: float, lr: float) -> float:
        """The rate after its turn at `position`, from the one before it; some start from η whatever that is."""
        return self.at(position, position + 1, lr)


@describes("schedule", abstract=True)
class Factor(Scheduler):
    """lr(t) = η · scale(t)"""

    def scale(self, position: int) -> float:
        raise NotImplementedError

    def at(self, position: int, total: int, lr: float) -> float:
        return lr * self.scale(position)

    def chained(self, position: int, rate: float, lr: float) -> float:
        before = self.scale(position - 1) if position else 1.0
        return rate * self.scale(position) / before if before else rate


@describes("schedule")
class StepLR(Factor):
    """lr(t) = η · gamma^⌊t/step_size⌋    (StepDecay is the same)

    >>> [round(StepLR(2).at(t, 5, 1.0), 3) for t in range(5)]
    [1.0, 1.0, 0.1, 0.1, 0.01]
    """

    step_size: Count = field(kw_only=False)
    gamma: NonNegative = 0.1

    def scale(self, position: int) -> float:
        return float(self.gamma ** (position // self.step_size))


@describes("schedule")
class MultiStepLR(Factor):
    """lr(t) = η · gamma^(how many milestones are at t or before); a milestone that stands twice counts twice

    >>> [round(MultiStepLR([1, 3]).at(t, 4, 1.0), 3) for t in range(4)]
    [1.0, 0.1, 0.1, 0.01]
    """

    milestones: Milestones = field(kw_only=False)
    gamma: NonNegative = 0.1

    def scale(self, position: int) -> float:
        return float(self.gamma ** bisect_right(sorted(self.milestones), position))


@describes("schedule")
class ExponentialLR(Factor):
    """lr(t) = η · gammaᵗ    (ExponentialDecay is the same, and can be told where to end)

    >>> [ExponentialLR(0.5).at(t, 3, 1.0) for t in range(3)]
    [1.0, 0.5, 0.25]
    """

    gamma: NonNegative = field(kw_only=False)

    def scale(self, position: int) -> float:
        return float(self.gamma**position)


@describes("schedule")
class LinearLR(Factor):
    """lr(t) = η · (start_factor + (end_factor − start_factor)·t/total_iters), and η · end_factor from total_iters on

    (LinearDecay ends at a rate, with the last position of the fit.)

    >>> [round(LinearLR(total_iters=4).at(t, 5, 0.6), 3) for t in range(5)]
    [0.2, 0.3, 0.4, 0.5, 0.6]
    """

    start_factor: Part = field(kw_only=False, default=1 / 3)
    end_factor: Fraction = 1.0
    total_iters: Count = 5

    def scale(self, position: int) -> float:
        share = min(position, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * share


@describes("schedule")
class ConstantLR(Factor):
    """lr(t) = η · factor for t < total_iters, then η    (FixedLR is η always)

    The factor is above 0: PyTorch, which accepts 0, fails when it divides by it.

    >>> [ConstantLR(0.5, total_iters=2).at(t, 3, 1.0) for t in range(3)]
    [0.5, 0.5, 1.0]
    """

    factor: Part = field(kw_only=False, default=1 / 3)
    total_iters: Count = 5

    def scale(self, position: int) -> float:
        return self.factor if position < self.total_iters else 1.0


@describes("schedule")
class PolynomialLR(Factor):
    """lr(t) = η · (1 − t/total_iters)^power, and 0 from total_iters on

    >>> [PolynomialLR(total_iters=4, power=2.0).at(t, 5, 1.0) for t in range(5)]
    [1.0, 0.5625, 0.25, 0.0625, 0.0]
    """

    total_iters: Count = field(kw_only=False, default=5)
    power: NonNegative = 1.0

    def scale(self, position: int) -> float:
        return float((1 - min(position, self.total_iters) / self.total_iters) ** self.power)


@describes("schedule")
class CosineAnnealingLR(Scheduler):
    """lr(t) = eta_min + (η − eta_min)·(1 + cos(π·t/T_max))/2, down and up again without end (Loshchilov & Hutter)

    (CosineDecay is the same, with the whole fit as its period unless it is told another.)

    >>> [round(CosineAnnealingLR(2).at(t, 5, 1.0), 3) for t in range(5)]
    [1.0, 0.5, 0.0, 0.5, 1.0]
    """

    T_max: Count = field(kw_only=False)
    eta_min: NonNegative = 0.0

    def at(self, position: int, total: int, lr: float) -> float:
        return self.eta_min + (lr - self.eta_min) * (1 + cos(pi * position / self.T_max)) / 2

    def chained(self, position: int, rate: float, lr: float) -> float:
        if position == 0:
            return rate
        turned = (position - 1 - self.T_max) % (2 * self.T_max) == 0
        if turned:  # where the one before it stands at eta_min, nothing can be a share of
            return rate + (lr - self.eta_min) * (1 - cos(pi / self.T_max)) / 2
        now, before = (1 + cos(pi * t / self.T_max) for t in (position, position - 1))
        return self.eta_min + (rate - self.eta_min) * now / before


@describes("schedule")
class CosineAnnealingWarmRestarts(Scheduler):
    """lr(t) = eta_min + (η − eta_min)·(1 + cos(π·s/T))/2, s positions into a period of T: T_0, T_0·T_mult, …

    >>> [round(CosineAnnealingWarmRestarts(2, T_mult=2).at(t, 7, 1.0), 3) for t in range(7)]
    [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """

    T_0: Count = field(kw_only=False)
    T_mult: Count = 1
    eta_min: NonNegative = 0.0

    def at(self, position: int, total: int, lr: float) -> float:
        since, period = position, self.T_0
        if self.T_mult == 1:
            since %= period
        while since >= period:
            since, period = since - period, period * self.T_mult
        return self.eta_min + (lr - self.eta_min) * (1 + cos(pi * since / period)) / 2


@describes("schedule")
class LambdaLR(Scheduler):
    """lr(t) = η · f(t), f with @ig.schedule_function above it: files hold its name, and never code

    >>> LambdaLR("inverse_root").at(3, 5, 1.0)
    0.5
    """

    lr_lambda: Registered = field(kw_only=False)

    def at(self, position: int, total: int, lr: float) -> float:
        return lr * called(self.lr_lambda, position)
