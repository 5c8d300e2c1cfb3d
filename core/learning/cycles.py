"""Cycles of the learning rate under torch's names: between two rates of their own, whatever the optimizer's is."""

from __future__ import annotations

from dataclasses import field
from math import cos, floor, pi
from typing import Literal

from isograd.core.base.description import Count, Fraction, NonNegative, Positive, describes
from isograd.core.base.errors import SpecError
from isograd.core.learning.schedule_functions import Registered, called
from isograd.core.learning.schedules import Schedule


def no_momentum(spec: Schedule, cycled: bool) -> None:
    """SpecError where momentum is to be cycled: a schedule sets the rate alone."""
    if cycled:
        raise SpecError(
            repr(spec),
            wanted="cycle_momentum=False: a schedule sets the rate alone",
            got="cycle_momentum=True, torch's default",
            fix=f"{type(spec).__name__}(…, cycle_momentum=False)",
        )


@describes("schedule")
class OneCycleLR(Schedule):
    """From max_lr/div_factor up to max_lr at position pct_start·n − 1, then down to the first/final_div_factor at n − 1

    n = total_steps, or epochs·steps_per_epoch, or, where nothing is said, the positions of the fit (torch refuses).
    three_phase: down to the first rate in as many positions as up, then on to the last. Each phase is half a cosine, or
    a line (anneal_strategy="linear"). η plays no part. SpecError for a fit of more than n + 1 positions, as torch's
    error; for cycle_momentum=True, which torch does by default: give cycle_momentum=False. (Smith & Topin 2018)

    >>> cycle = OneCycleLR(1.0, pct_start=0.5, div_factor=4.0, final_div_factor=5.0, cycle_momentum=False)
    >>> [round(cycle.at(t, 6, 0.1), 3) for t in range(6)]
    [0.25, 0.625, 1.0, 0.762, 0.288, 0.05]
    """

    max_lr: Positive = field(kw_only=False)
    total_steps: Count | None = None
    epochs: Count | None = None
    steps_per_epoch: Count | None = None
    pct_start: Fraction = 0.3
    anneal_strategy: Literal["cos", "linear"] = "cos"
    cycle_momentum: bool = True
    div_factor: Positive = 25.0
    final_div_factor: Positive = 1e4
    three_phase: bool = False

    def __post_init__(self) -> None:
        no_momentum(self, self.cycle_momentum)

    def length(self, total: int) -> int:
        """n, for a fit of `total` positions"""
        if self.total_steps is None and self.epochs is not None and self.steps_per_epoch is not None:
            return self.epochs * self.steps_per_epoch
        return total if self.total_steps is None else self.total_steps

    def at(self, position: int, total: int, lr: float) -> float:
        length, first = self.length(total), self.max_lr / self.div_factor
        rise = self.pct_start * length
        ends = [(rise - 1, self.max_lr), (length - 1, first / self.final_div_factor)]
        if self.three_phase:
            ends.insert(1, (2 * rise - 2, first))
        start, rate = 0.0, first
        while position > ends[0][0] and len(ends) > 1:
            start, rate = ends.pop(0)
        end, after = ends[0]
        if position > length:
            wanted, got = f"at most {length + 1} positions", f"position {position}, counted from 0"
            raise SpecError(repr(self), wanted=wanted, got=got, fix=f"total_steps={total}")
        if end == start:
            wanted, got = "phases that take some positions", f"one from {start:g} to {end:g}"
            raise SpecError(repr(self), wanted=wanted, got=got, fix="more total_steps, or another pct_start")
        share = (position - start) / (end - start)
        if self.anneal_strategy == "linear":
            return rate + (after - rate) * share
        return after + (rate - after) * (1 + cos(pi * share)) / 2


@describes("schedule")
class CyclicLR(Schedule):
    """base_lr + (max_lr − base_lr)·s·h, s from 0 up to 1 in step_size_up positions, down in step_size_down (the same)

    h by mode: 1 ("triangular"), ½^(cycle − 1) ("triangular2"), gammaᵗ ("exp_range"); or scale_fn, a function with
    @ig.schedule_function above it, of the cycle, counted from 1, or with scale_mode="iterations" of t. η plays no
    part. SpecError for cycle_momentum=True, which torch does by default: give cycle_momentum=False.    (Smith 2017)

    >>> [CyclicLR(1.0, 3.0, step_size_up=2, cycle_momentum=False).at(t, 6, 0.1) for t in range(6)]
    [1.0, 2.0, 3.0, 2.0, 1.0, 2.0]
    """

    base_lr: NonNegative = field(kw_only=False)
    max_lr: NonNegative = field(kw_only=False)
    step_size_up: Count = 2000
    step_size_down: Count | None = None
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular"
    gamma: NonNegative = 1.0
    scale_fn: Registered | None = None
    scale_mode: Literal["cycle", "iterations"] = "cycle"
    cycle_momentum: bool = True

    def __post_init__(self) -> None:
        no_momentum(self, self.cycle_momentum)

    def at(self, position: int, total: int, lr: float) -> float:
        up, down = self.step_size_up, self.step_size_down or self.step_size_up
        cycle = floor(1 + position / (up + down))
        since = position - (cycle - 1) * (up + down)
        share = since / up if since <= up else (up + down - since) / down
        return self.base_lr + (self.max_lr - self.base_lr) * share * self._height(cycle, position)

    def _height(self, cycle: int, position: int) -> float:
        if self.scale_fn is not None:
            return called(self.scale_fn, cycle if self.scale_mode == "cycle" else position)
        heights = {"triangular": 1.0, "triangular2": 0.5 ** (cycle - 1), "exp_range": self.gamma**position}
        return float(heights[self.mode])
