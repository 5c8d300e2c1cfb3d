"""Schedules: from which position they count, and how many positions there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from isograd.core.learning.combined import ReduceLROnPlateau
from isograd.core.learning.cycles import OneCycleLR
from isograd.core.learning.schedules import CosineDecay, ExponentialDecay, FixedLR, LinearDecay, Schedule, WarmUp
from isograd.core.parity.conventions.table import Variant, convention
from isograd.core.parity.formulas import SCHEDULE_FORMULAS

MOVING = tuple(kind for kind in SCHEDULE_FORMULAS if kind not in (FixedLR, ReduceLROnPlateau))
ENDING = (LinearDecay, ExponentialDecay, CosineDecay, WarmUp, OneCycleLR)


@convention("first step of a warm-up", WarmUp, by="code that warms up by (t + 1)/length")
def warm_up(spec: WarmUp) -> Iterator[Variant]:
    """s = (t + 1)/length up to length"""
    rule = SCHEDULE_FORMULAS[WarmUp]
    yield Variant(
        "its warm-up is one step ahead",
        lambda spec, lr, t, total: rule(spec, lr, t, total) if t >= spec.length else _ahead(spec, lr, t),
    )


def _ahead(spec: WarmUp, lr: float, t: int) -> float:
    s = (t + 1) / spec.length
    return lr * (spec.start_factor * (1 - s) + s)


@convention("position of a schedule", *MOVING, by="code that counts from 1, or moves the rate before the update")
def position(spec: Schedule) -> Iterator[Variant]:
    """t + 1, or t − 1"""
    rule = SCHEDULE_FORMULAS[type(spec)]

    def later(spec: Any, lr: float, t: int, total: int) -> float:
        return rule(spec, lr, t + 1, total)  # type: ignore[no-any-return]

    def earlier(spec: Any, lr: float, t: int, total: int) -> float:
        return rule(spec, lr, max(t - 1, 0), total)  # type: ignore[no-any-return]

    yield Variant("it is one step ahead", later)
    yield Variant("it is one step behind", earlier)


@convention("number of positions", *ENDING, by="code that divides by total, or by total − 1")
def length(spec: Schedule) -> Iterator[Variant]:
    """The end is reached at position total, or one before the last."""
    rule = SCHEDULE_FORMULAS[type(spec)]

    def longer(spec: Any, lr: float, t: int, total: int) -> float:
        return rule(spec, lr, t, total + 1)  # type: ignore[no-any-return]

    def shorter(spec: Any, lr: float, t: int, total: int) -> float:
        return rule(spec, lr, t, max(total - 1, 1))  # type: ignore[no-any-return]

    yield Variant("it counts one position more", longer)
    yield Variant("it counts one position less", shorter)
