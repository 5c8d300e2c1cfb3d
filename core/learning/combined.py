"""Schedules made of others, and the one that follows what is measured; under torch's names."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import field
from functools import lru_cache
from math import inf
from threading import Lock
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, InstanceOf

from isograd.core.base.description import NonNegative, as_int, as_tuple, describes
from isograd.core.base.errors import SpecError
from isograd.core.learning.schedulers import Milestones, Scheduler
from isograd.core.learning.schedules import Schedule


def _some(value: object) -> object:
    """JSON has lists where Python has tuples."""
    made = as_tuple(value)
    if not isinstance(made, tuple) or not made or not all(isinstance(part, Scheduler) for part in made):
        raise ValueError("one schedule or more that may stand in a chain: torch's but cycles and those made of others")
    return made


Parts = Annotated[tuple[InstanceOf[Scheduler], ...], BeforeValidator(_some)]
Waits = Annotated[int, BeforeValidator(as_int), Field(ge=0)]
LOCK = Lock()


def check_per(whole: Schedule, parts: Sequence[Schedule]) -> None:
    """SpecError unless the parts count what the whole does, or say nothing else."""
    for part in parts:
        if part.per == "step" and whole.per == "epoch":
            raise SpecError(
                repr(whole),
                wanted='per="step" of the whole, as one of its parts has it',
                got='per="epoch"',
                fix=f'{type(whole).__name__}(…, per="step")',
            )


@describes("schedule")
class SequentialLR(Schedule):
    """One schedule after another, each from its own start: the k-th until t = milestones[k]

    Made of schedules that may stand in a chain: torch's but for cycles, which have no start of their own here, and
    for those made of others, which torch cannot put after a milestone. `per` of the whole says what all count.
    SpecError unless there is one milestone fewer than schedules, in order.

    >>> from isograd.core.learning.schedulers import ExponentialLR, LinearLR
    >>> made = SequentialLR([LinearLR(0.5, total_iters=2), ExponentialLR(0.5)], milestones=[2])
    >>> [made.at(t, 5, 1.0) for t in range(5)]
    [0.5, 0.75, 1.0, 0.5, 0.25]
    """

    schedulers: Parts = field(kw_only=False)
    milestones: Milestones

    def __post_init__(self) -> None:
        check_per(self, self.schedulers)
        if len(self.milestones) != len(self.schedulers) - 1 or list(self.milestones) != sorted(self.milestones):
            raise SpecError(
                repr(self),
                wanted="a milestone between every two schedules, in order",
                got=f"{len(self.schedulers)} schedules, milestones={list(self.milestones)}",
                fix="SequentialLR([first, second], milestones=[5])",
            )

    def at(self, position: int, total: int, lr: float) -> float:
        place = bisect_right(self.milestones, position)
        start = self.milestones[place - 1] if place else 0
        return self.schedulers[place].at(position - start, max(total - start, 1), lr)


@describes("schedule")
class ChainedScheduler(Schedule):
    """All of them at every position, in turn: each goes on from the rate that the one before it left

    What multiplies (steps, lines, exponentials, polynomials) multiplies what is there; a cosine brings the distance
    from its eta_min down by its share; LambdaLR and CosineAnnealingWarmRestarts start from η whatever is there.
    Made of schedules that may stand in a chain: torch's but for cycles and those made of others.

    >>> from isograd.core.learning.schedulers import ConstantLR, ExponentialLR
    >>> [ChainedScheduler([ConstantLR(0.5, total_iters=2), ExponentialLR(0.5)]).at(t, 4, 1.0) for t in range(4)]
    [0.5, 0.25, 0.25, 0.125]
    """

    schedulers: Parts = field(kw_only=False)

    def __post_init__(self) -> None:
        check_per(self, self.schedulers)

    def at(self, position: int, total: int, lr: float) -> float:
        with LOCK:
            rates = _rates(self, lr)
            while len(rates) <= position:
                rate = rates[-1] if rates else lr
                for part in self.schedulers:
                    rate = part.chained(len(rates), rate, lr)
                rates.append(rate)
            return rates[position]


@lru_cache(maxsize=8)
def _rates(chain: ChainedScheduler, lr: float) -> list[float]:
    """A chain's rates as far as they are known: each is made of the one before it."""
    return []


@describes("schedule")
class ReduceLROnPlateau(Schedule):
    """η, times factor whenever `monitor` has not been better than the best so far for more than `patience` measurements

    Better: below best·(1 − threshold) ("rel") or best − threshold ("abs"); with mode="max" above best·(1 + threshold)
    or best + threshold. After a reduction the next `cooldown` measurements are not counted against it. The rate stays
    at min_lr or above, and as it is where it would change by no more than eps.
    `monitor`: "validation_loss", "train_loss" or the label of a metric; epochs that are not measured are passed over.

    >>> rule = ReduceLROnPlateau(factor=0.5, patience=1)
    >>> [rule.seeing([3.0, 2.0, 2.0, 2.0, 2.0][:t], t, 6, 1.0) for t in range(6)]
    [1.0, 1.0, 1.0, 1.0, 0.5, 0.5]
    """

    mode: Literal["min", "max"] = field(kw_only=False, default="min")
    factor: Annotated[float, Field(ge=0, lt=1)] = 0.1
    patience: Waits = 10
    threshold: NonNegative = 1e-4
    threshold_mode: Literal["rel", "abs"] = "rel"
    cooldown: Waits = 0
    min_lr: NonNegative = 0.0
    eps: NonNegative = 1e-8
    monitor: str = "validation_loss"

    @property
    def follows(self) -> str:
        return self.monitor

    def at(self, position: int, total: int, lr: float) -> float:
        return lr

    def seeing(self, measured: Sequence[float], position: int, total: int, lr: float) -> float:
        best, waited, cooling = (inf if self.mode == "min" else -inf), 0, 0
        for value in measured:
            if self._better(value, best):
                best, waited = value, 0
            else:
                waited += 1
            if cooling:
                cooling, waited = cooling - 1, 0
            if waited > self.patience:
                lower = max(lr * self.factor, self.min_lr)
                lr = lower if lr - lower > self.eps else lr
                waited, cooling = 0, self.cooldown
        return lr

    def _better(self, value: float, best: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "abs":
            return sign * value > sign * best + self.threshold
        return sign * value > sign * (best * (1 + sign * self.threshold))
