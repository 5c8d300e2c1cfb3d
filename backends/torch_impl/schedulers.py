"""One line a schedule: torch.optim.lr_scheduler's."""

from __future__ import annotations

from typing import Any

from torch import optim
from torch.optim import lr_scheduler

from isograd.core.base.table import Table
from isograd.core.learning import schedules

SCHEDULERS = Table("torch_impl/schedulers.py")


def _exponential(s: schedules.ExponentialDecay, o: optim.Optimizer, total: int) -> Any:
    lr = o.param_groups[0]["lr"]
    gamma = s.gamma if s.gamma is not None else (s.final_lr / lr) ** (1 / max(total - 1, 1))
    return lr_scheduler.ExponentialLR(o, gamma)


def _linear(s: schedules.LinearDecay, o: optim.Optimizer, total: int) -> Any:
    end = s.final_lr / o.param_groups[0]["lr"]
    return lr_scheduler.LinearLR(o, start_factor=1.0, end_factor=end, total_iters=max(total - 1, 1))


def _warm_up(s: schedules.WarmUp, o: optim.Optimizer, total: int) -> Any:
    first = lr_scheduler.LinearLR(o, start_factor=s.start_factor, total_iters=s.length)
    rest = SCHEDULERS[type(s.then)](s.then, o, max(total - s.length, 1))
    return lr_scheduler.SequentialLR(o, [first, rest], milestones=[s.length])


SCHEDULERS[schedules.FixedLR] = lambda s, o, total: lr_scheduler.LambdaLR(o, lambda t: 1.0)
SCHEDULERS[schedules.LinearDecay] = _linear
SCHEDULERS[schedules.ExponentialDecay] = _exponential
SCHEDULERS[schedules.StepDecay] = lambda s, o, total: lr_scheduler.StepLR(o, s.step_size, s.gamma)
SCHEDULERS[schedules.CosineDecay] = lambda s, o, total: lr_scheduler.CosineAnnealingLR(o, s.period or total, s.final_lr)
SCHEDULERS[schedules.WarmUp] = _warm_up
