"""The rate of every step of a fit: the schedule's, by the step's place in the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from isograd.core.base.errors import SpecError
from isograd.core.learning.metrics import Metric
from isograd.core.learning.schedules import Schedule
from isograd.core.training.fitting import Fit


def rates(schedule: Schedule, lr: float, fit: Fit, steps: int) -> Callable[[int], float]:
    """The rate of a step of the running epoch, by its number in it, of so many; the epochs before it are measured."""
    epoch, epochs, followed = fit.epoch, fit.plan.epochs, schedule.follows
    measured = [] if followed is None else [value for _, value in fit.history.series(followed)]
    if schedule.per == "step":
        return lambda step: schedule.seeing(measured, epoch * steps + step, epochs * steps, lr)
    rate = schedule.seeing(measured, epoch, epochs, lr)
    return lambda step: rate


def check_schedule(schedule: Schedule, lr: float, fit: Fit, steps: int, metrics: Sequence[Metric]) -> None:
    """SpecError, before the first step, where the last one has no rate, or nothing measures what is followed."""
    total = fit.plan.epochs * (steps if schedule.per == "step" else 1)
    for position in (0, total - 1):
        schedule.at(position, total, lr)
    on_validation = ["validation_loss", *(metric.label for metric in metrics)]
    if schedule.follows is None or schedule.follows == "train_loss":
        return
    if schedule.follows not in on_validation:
        raise SpecError(
            repr(schedule),
            wanted=f"monitor among train_loss, {', '.join(on_validation)}",
            got=repr(schedule.follows),
            fix="name one of them, or give the trainer that metric",
        )
    if fit.held_out is None:
        raise SpecError(
            f"fit of {schedule!r}",
            wanted=f"validation data, on which {schedule.follows} is measured",
            got="none",
            fix='validation=(x, y), or monitor="train_loss"',
        )
