"""Schedules: from which position they count, and how many positions there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from isograd.core.learning.schedules import Schedule, WarmUp
from isograd.core.parity.conventions.table import Variant, convention
from isograd.core.parity.formulas import SCHEDULE_FORMULAS

SCHEDULES = tuple(SCHEDULE_FORMULAS)


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


@convention("position of a schedule", *SCHEDULES, by="code that counts from 1, or moves the rate before the update")
def position(spec: Schedule) -> Iterator[Variant]:
    """t + 1, or t − 1"""
    rule = SCHEDULE_FORMULAS[type(spec)]

    def later(spec: Any, lr: float, t: int, total: int, *seen: Any) -> float:
        return rule(spec, lr, t + 1, total, *seen)  # type: ignore[no-any-return]

    def earlier(spec: Any, lr: float, t: int, total: int, *seen: Any) -> float:
        return rule(spec, lr, max(t - 1, 0), total, *seen)  # type: ignore[no-any-return]

    yield Variant("it is one step ahead", later)
    yield Variant("it is one step behind", earlier)


@convention("number of positions", *SCHEDULES, by="code that divides by total, or by total − 1")
def length(spec: Schedule) -> Iterator[Variant]:
    """The end is reached at position total, or one before the last."""
    rule = SCHEDULE_FORMULAS[type(spec)]

    def longer(spec: Any, lr: float, t: int, total: int, *seen: Any) -> float:
        return rule(spec, lr, t, total + 1, *seen)  # type: ignore[no-any-return]

    def shorter(spec: Any, lr: float, t: int, total: int, *seen: Any) -> float:
        return rule(spec, lr, t, max(total - 1, 1), *seen)  # type: ignore[no-any-return]

    yield Variant("it counts one position more", longer)
    yield Variant("it counts one position less", shorter)
