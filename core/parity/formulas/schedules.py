"""Formulas of the schedules: (spec, η, t, total) → the rate at position t = 0 … total − 1."""

from __future__ import annotations

from math import cos, pi

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
