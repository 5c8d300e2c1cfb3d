"""One line a schedule: torch.optim.lr_scheduler's."""

from __future__ import annotations

from typing import Any

from torch import optim
from torch.optim import lr_scheduler

from isograd.core.base.table import Table
from isograd.core.learning import combined, cycles, schedulers, schedules
from isograd.core.learning.schedule_functions import FUNCTIONS

SCHEDULERS = Table("torch_impl/schedulers.py")


def _start(o: optim.Optimizer) -> float:
    """The optimizer's own rate: a scheduler that is made sets another at once."""
    group = o.param_groups[0]
    return float(group.get("initial_lr", group["lr"]))


def _exponential(s: schedules.ExponentialDecay, o: optim.Optimizer, total: int) -> Any:
    ratio = 1.0 if s.final_lr is None else s.final_lr / _start(o)
    gamma = s.gamma if s.gamma is not None else ratio ** (1 / max(total - 1, 1))
    return lr_scheduler.ExponentialLR(o, gamma)


def _linear(s: schedules.LinearDecay, o: optim.Optimizer, total: int) -> Any:
    end = s.final_lr / _start(o)
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


def _one_cycle(s: cycles.OneCycleLR, o: optim.Optimizer, total: int) -> Any:
    return lr_scheduler.OneCycleLR(
        o,
        s.max_lr,
        total_steps=total if s.total_steps is None and s.epochs is None else s.total_steps,
        epochs=s.epochs,
        steps_per_epoch=s.steps_per_epoch,
        pct_start=float(s.pct_start),
        anneal_strategy=s.anneal_strategy,
        cycle_momentum=False,
        div_factor=s.div_factor,
        final_div_factor=s.final_div_factor,
        three_phase=s.three_phase,
    )


def _cyclic(s: cycles.CyclicLR, o: optim.Optimizer, total: int) -> Any:
    scale: Any = None if s.scale_fn is None else FUNCTIONS[s.scale_fn]
    return lr_scheduler.CyclicLR(
        o,
        s.base_lr,
        s.max_lr,
        step_size_up=s.step_size_up,
        step_size_down=s.step_size_down,
        mode=s.mode,
        gamma=s.gamma,
        scale_fn=scale,
        scale_mode=s.scale_mode,
        cycle_momentum=False,
    )


def _plateau(s: combined.ReduceLROnPlateau, o: optim.Optimizer, total: int) -> Any:
    return lr_scheduler.ReduceLROnPlateau(
        o,
        mode=s.mode,
        factor=s.factor,
        patience=s.patience,
        threshold=s.threshold,
        threshold_mode=s.threshold_mode,
        cooldown=s.cooldown,
        min_lr=s.min_lr,
        eps=s.eps,
    )


def _parts(s: combined.SequentialLR | combined.ChainedScheduler, o: optim.Optimizer, total: int) -> list[Any]:
    return [SCHEDULERS[type(part)](part, o, total) for part in s.schedulers]


SCHEDULERS[schedulers.StepLR] = lambda s, o, total: lr_scheduler.StepLR(o, s.step_size, s.gamma)
SCHEDULERS[schedulers.MultiStepLR] = lambda s, o, total: lr_scheduler.MultiStepLR(o, s.milestones, s.gamma)
SCHEDULERS[schedulers.ExponentialLR] = lambda s, o, total: lr_scheduler.ExponentialLR(o, s.gamma)
SCHEDULERS[schedulers.LinearLR] = lambda s, o, total: lr_scheduler.LinearLR(
    o, s.start_factor, s.end_factor, s.total_iters
)
SCHEDULERS[schedulers.ConstantLR] = lambda s, o, total: lr_scheduler.ConstantLR(o, s.factor, s.total_iters)
SCHEDULERS[schedulers.PolynomialLR] = lambda s, o, total: lr_scheduler.PolynomialLR(o, s.total_iters, s.power)
SCHEDULERS[schedulers.CosineAnnealingLR] = lambda s, o, total: lr_scheduler.CosineAnnealingLR(o, s.T_max, s.eta_min)
SCHEDULERS[schedulers.CosineAnnealingWarmRestarts] = lambda s, o, total: lr_scheduler.CosineAnnealingWarmRestarts(
    o, s.T_0, s.T_mult, s.eta_min
)
SCHEDULERS[schedulers.LambdaLR] = lambda s, o, total: lr_scheduler.LambdaLR(o, FUNCTIONS[s.lr_lambda])
SCHEDULERS[cycles.OneCycleLR] = _one_cycle
SCHEDULERS[cycles.CyclicLR] = _cyclic
SCHEDULERS[combined.SequentialLR] = lambda s, o, total: lr_scheduler.SequentialLR(
    o, _parts(s, o, total), list(s.milestones)
)
SCHEDULERS[combined.ChainedScheduler] = lambda s, o, total: lr_scheduler.ChainedScheduler(_parts(s, o, total), o)
SCHEDULERS[combined.ReduceLROnPlateau] = _plateau
