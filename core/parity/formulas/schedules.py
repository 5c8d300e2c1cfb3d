"""Formulas of the schedules: (spec, η, t, total) → the rate at position t = 0 … total − 1.

That of a schedule which follows something has what was measured before t as a fifth argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, inf, pi

from isograd.core.learning.combined import ChainedScheduler, ReduceLROnPlateau, SequentialLR
from isograd.core.learning.cycles import CyclicLR, OneCycleLR
from isograd.core.learning.schedule_functions import FUNCTIONS
from isograd.core.learning.schedulers import (
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from isograd.core.learning.schedules import CosineDecay, ExponentialDecay, FixedLR, LinearDecay, StepDecay, WarmUp
from isograd.core.parity.formulas.table import SCHEDULE_FORMULAS, schedule_formula


@schedule_formula(FixedLR)
def fixed(spec: FixedLR, lr: float, t: int, total: int) -> float:
    """η"""
    return lr


@schedule_formula(LinearDecay)
def linear(spec: LinearDecay, lr: float, t: int, total: int) -> float:
    """η·(1 − s) + final_lr·s,   s = t/(total − 1)"""
    s = t / max(total - 1, 1)
    return lr * (1 - s) + spec.final_lr * s


@schedule_formula(ExponentialDecay)
def exponential(spec: ExponentialDecay, lr: float, t: int, total: int) -> float:
    """η·γᵗ,   γ = gamma, or (final_lr/η)^(1/(total − 1))"""
    gamma = (spec.final_lr / lr) ** (1 / max(total - 1, 1)) if spec.final_lr is not None else spec.gamma
    return float(lr * gamma**t)  # type: ignore[operator]


@schedule_formula(StepDecay)
def step(spec: StepDecay, lr: float, t: int, total: int) -> float:
    """η·gamma after every step_size positions once more"""
    for _ in range(spec.step_size, t + 1, spec.step_size):
        lr *= spec.gamma
    return lr


@schedule_formula(CosineDecay)
def cosine(spec: CosineDecay, lr: float, t: int, total: int) -> float:
    """final_lr·(1 − s) + η·s,   s = (1 + cos(π·t/period))/2, period: total unless given"""
    s = (1 + cos(pi * t / (total if spec.period is None else spec.period))) / 2
    return spec.final_lr * (1 - s) + lr * s


@schedule_formula(WarmUp)
def warm_up(spec: WarmUp, lr: float, t: int, total: int) -> float:
    """η·(start_factor·(1 − s) + s),   s = t/length, up to length; then the formula of `then` from its own start"""
    if t >= spec.length:
        rate: float = SCHEDULE_FORMULAS[type(spec.then)](spec.then, lr, t - spec.length, max(total - spec.length, 1))
        return rate
    s = t / spec.length
    return lr * (spec.start_factor * (1 - s) + s)


@schedule_formula(StepLR)
def step_lr(spec: StepLR, lr: float, t: int, total: int) -> float:
    """η·gamma after every step_size positions once more"""
    for _ in range(spec.step_size, t + 1, spec.step_size):
        lr *= spec.gamma
    return lr


@schedule_formula(MultiStepLR)
def multi_step(spec: MultiStepLR, lr: float, t: int, total: int) -> float:
    """η·gamma once for every milestone ≤ t"""
    for milestone in spec.milestones:
        lr *= spec.gamma if milestone <= t else 1.0
    return lr


@schedule_formula(ExponentialLR)
def exponential_lr(spec: ExponentialLR, lr: float, t: int, total: int) -> float:
    """η·gamma once for every position before t"""
    for _ in range(t):
        lr *= spec.gamma
    return lr


@schedule_formula(LinearLR)
def linear_lr(spec: LinearLR, lr: float, t: int, total: int) -> float:
    """η·(start_factor·(1 − s) + end_factor·s),   s = min(t/total_iters, 1)"""
    s = min(t / spec.total_iters, 1.0)
    return lr * (spec.start_factor * (1 - s) + spec.end_factor * s)


@schedule_formula(ConstantLR)
def constant_lr(spec: ConstantLR, lr: float, t: int, total: int) -> float:
    """η·factor before total_iters, else η"""
    return lr if t >= spec.total_iters else spec.factor * lr


@schedule_formula(PolynomialLR)
def polynomial(spec: PolynomialLR, lr: float, t: int, total: int) -> float:
    """η·s^power,   s = max(total_iters − t, 0)/total_iters"""
    return float(lr * (max(spec.total_iters - t, 0) / spec.total_iters) ** spec.power)


@schedule_formula(CosineAnnealingLR)
def cosine_lr(spec: CosineAnnealingLR, lr: float, t: int, total: int) -> float:
    """eta_min·(1 − s) + η·s,   s = (1 + cos(π·t/T_max))/2"""
    s = (1 + cos(pi * t / spec.T_max)) / 2
    return spec.eta_min * (1 - s) + lr * s


@schedule_formula(CosineAnnealingWarmRestarts)
def warm_restarts(spec: CosineAnnealingWarmRestarts, lr: float, t: int, total: int) -> float:
    """The same with T and t of the running period: T_0, then T_mult times as long each"""
    start = 0
    periods = [spec.T_0]
    while start + periods[-1] <= t:
        start += periods[-1]
        periods.append(periods[-1] * spec.T_mult)
    s = (1 + cos(pi * (t - start) / periods[-1])) / 2
    return spec.eta_min * (1 - s) + lr * s


@schedule_formula(LambdaLR)
def function_lr(spec: LambdaLR, lr: float, t: int, total: int) -> float:
    """η·f(t)"""
    return FUNCTIONS[spec.lr_lambda](t) * lr


@schedule_formula(OneCycleLR)
def one_cycle(spec: OneCycleLR, lr: float, t: int, total: int) -> float:
    """a·(1 − s) + b·s between the corners (0, first), (pct·n − 1, max_lr), (2·pct·n − 2, first) of three, (n − 1, last)

    s = the share of the way, or (1 − cos(π·share))/2; beyond the last corner the last phase goes on.
    """
    n = spec.total_steps or (spec.epochs or 0) * (spec.steps_per_epoch or 0) or total
    first = spec.max_lr / spec.div_factor
    corners = [(0.0, first), (spec.pct_start * n - 1, spec.max_lr), (n - 1.0, first / spec.final_div_factor)]
    if spec.three_phase:
        corners[2:2] = [(2 * spec.pct_start * n - 2, first)]
    place = next((k for k in range(1, len(corners) - 1) if t <= corners[k][0]), len(corners) - 1)
    (begin, a), (end, b) = corners[place - 1 : place + 1]
    share = (t - begin) / (end - begin)
    s = share if spec.anneal_strategy == "linear" else (1 - cos(pi * share)) / 2
    return a * (1 - s) + b * s


@schedule_formula(CyclicLR)
def cyclic(spec: CyclicLR, lr: float, t: int, total: int) -> float:
    """base_lr + (max_lr − base_lr)·h·s, s along the sides of a triangle"""
    up = spec.step_size_up
    down = up if spec.step_size_down is None else spec.step_size_down
    cycle, since = divmod(t, up + down)
    s = min(since / up, 1 - (since - up) / down)
    if spec.scale_fn is not None:
        h = FUNCTIONS[spec.scale_fn](cycle + 1 if spec.scale_mode == "cycle" else t)
    else:
        h = {"triangular": 1.0, "triangular2": 2.0**-cycle, "exp_range": spec.gamma**t}[spec.mode]
    return spec.base_lr + (spec.max_lr - spec.base_lr) * h * s


@schedule_formula(SequentialLR)
def sequential(spec: SequentialLR, lr: float, t: int, total: int) -> float:
    """The formula of the one whose turn it is, from its own start"""
    start, part = 0, spec.schedulers[0]
    for milestone, following in zip(spec.milestones, spec.schedulers[1:], strict=True):
        if t >= milestone:
            start, part = milestone, following
    rate: float = SCHEDULE_FORMULAS[type(part)](part, lr, t - start, total)
    return rate


@schedule_formula(ChainedScheduler)
def chained(spec: ChainedScheduler, lr: float, t: int, total: int) -> float:
    """At each position, each in turn: the rate times f(t)/f(t − 1), f its formula of η = 1 (or what f is of η, alone)

    A cosine so brings down the distance from eta_min, and where it stood there adds what f gains of η.
    """
    rate = lr
    for k in range(t + 1):
        for part in spec.schedulers:
            formula = SCHEDULE_FORMULAS[type(part)]
            if isinstance(part, (LambdaLR, CosineAnnealingWarmRestarts)):
                rate = formula(part, lr, k, total)
                continue
            low = part.eta_min if isinstance(part, CosineAnnealingLR) else 0.0
            now, before = (formula(part, low + 1.0, j, total) - low for j in (k, k - 1)) if k else (0.0, 0.0)
            if k == 0:
                rate = low + (rate - low) * (formula(part, low + 1.0, 0, total) - low)
            elif abs(before) > 1e-12:
                rate = low + (rate - low) * now / before
            elif isinstance(part, CosineAnnealingLR):
                rate = rate + (lr - low) * now
    return rate


@schedule_formula(ReduceLROnPlateau)
def plateau(spec: ReduceLROnPlateau, lr: float, t: int, total: int, measured: Sequence[float] = ()) -> float:
    """η·factor once for every patience + 1 measurements in a row that are no better, cooldown ones after it left out"""
    sign = -1 if spec.mode == "min" else 1
    best, in_a_row, free = -inf, 0, 0
    for value in measured:
        margin = spec.threshold * (sign * best if spec.threshold_mode == "rel" else 1)
        better = best == -inf or sign * value > best + margin
        best = sign * value if better else best
        in_a_row = 0 if better or free else in_a_row + 1
        free = max(free - 1, 0)
        if in_a_row > spec.patience:
            lower = max(spec.factor * lr, spec.min_lr)
            lr, in_a_row, free = (lower if lr - lower > spec.eps else lr), 0, spec.cooldown
    return lr
