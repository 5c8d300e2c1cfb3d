"""One line an optimizer, a clipping and a schedule: torch.optim's, or the book's (Weidman 2019) velocity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.optim import lr_scheduler

from isograd.core.base.table import Table
from isograd.core.learning import optimizers as core
from isograd.core.learning import schedules

OPTIMIZERS = Table("torch_impl/optimizers.py")
CLIPPINGS = Table("torch_impl/optimizers.py")
SCHEDULERS = Table("torch_impl/optimizers.py")


class StepVelocitySGD(optim.Optimizer):
    """SGD whose velocity is a step: v ← μv + (1−τ)ηg, w ← w − v (the book, scikit-learn)."""

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        momentum: float,
        dampening: float,
        weight_decay: float,
        nesterov: bool,
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "dampening": dampening}
        super().__init__(params, defaults | {"weight_decay": weight_decay, "nesterov": nesterov})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for w in group["params"]:
                if w.grad is None:
                    continue
                move = w.grad.add(w, alpha=group["weight_decay"]).mul_(group["lr"])
                if group["momentum"]:
                    v = self.state[w].setdefault("momentum_buffer", torch.zeros_like(w))
                    v.mul_(group["momentum"]).add_(move, alpha=1 - group["dampening"])
                    move = move.add(v, alpha=group["momentum"]) if group["nesterov"] else v
                w.sub_(move)


def _sgd(s: core.SGD, params: list[Tensor]) -> optim.Optimizer:
    options: dict[str, Any] = {
        "momentum": s.momentum,
        "dampening": s.dampening,
        "weight_decay": s.weight_decay,
        "nesterov": s.nesterov,
    }
    if s.velocity == "step":
        return StepVelocitySGD(params, s.lr, **options)
    on_cpu = all(p.device.type == "cpu" for p in params)
    return optim.SGD(params, s.lr, fused=on_cpu or None, **options)  # one pass over each weight instead of three


OPTIMIZERS[core.SGD] = _sgd
OPTIMIZERS[core.Adagrad] = lambda s, params: optim.Adagrad(
    params,
    lr=s.lr,
    lr_decay=s.lr_decay,
    weight_decay=s.weight_decay,
    initial_accumulator_value=s.initial_accumulator_value,
    eps=s.eps,
)
OPTIMIZERS[core.RMSprop] = lambda s, params: optim.RMSprop(
    params, lr=s.lr, alpha=s.alpha, eps=s.eps, weight_decay=s.weight_decay, momentum=s.momentum, centered=s.centered
)
OPTIMIZERS[core.Adam] = lambda s, params: optim.Adam(
    params, lr=s.lr, betas=s.betas, eps=s.eps, weight_decay=s.weight_decay, amsgrad=s.amsgrad
)
OPTIMIZERS[core.AdamW] = lambda s, params: optim.AdamW(
    params, lr=s.lr, betas=s.betas, eps=s.eps, weight_decay=s.weight_decay, amsgrad=s.amsgrad
)

CLIPPINGS[core.ClipValue] = lambda s, params: nn.utils.clip_grad_value_(params, s.limit)
CLIPPINGS[core.ClipNorm] = lambda s, params: nn.utils.clip_grad_norm_(params, s.max_norm)


def clipped(s: core.Clipping, gradients: Sequence[Tensor]) -> list[Tensor]:
    """What clipping makes of these gradients, in place, on stand-ins for the parameters."""
    stand_ins = [torch.empty_like(g) for g in gradients]
    for stand_in, g in zip(stand_ins, gradients, strict=True):
        stand_in.grad = g
    CLIPPINGS[type(s)](s, stand_ins)
    return [s.grad for s in stand_ins if s.grad is not None]


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
