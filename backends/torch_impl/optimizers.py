"""One line an optimizer and a clipping: torch.optim's, or ours (`own_optimizers.py`) where torch has none like it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn, optim

from isograd.backends.torch_impl.own_optimizers import (
    CopiedLBFGS,
    MatrixMuon,
    OwnDtypeASGD,
    OwnDtypeNAdam,
    StepVelocitySGD,
)
from isograd.core.base.table import Table
from isograd.core.learning import adaptive, searching
from isograd.core.learning import optimizers as core

OPTIMIZERS = Table("torch_impl/optimizers.py")
CLIPPINGS = Table("torch_impl/optimizers.py")


def _sgd(s: core.SGD, params: list[Tensor]) -> optim.Optimizer:
    options: dict[str, Any] = {
        "momentum": s.momentum,
        "dampening": s.dampening,
        "weight_decay": s.weight_decay,
        "nesterov": s.nesterov,
        "maximize": s.maximize,
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
    maximize=s.maximize,
)
OPTIMIZERS[core.RMSprop] = lambda s, params: optim.RMSprop(
    params,
    lr=s.lr,
    alpha=s.alpha,
    eps=s.eps,
    weight_decay=s.weight_decay,
    momentum=s.momentum,
    centered=s.centered,
    maximize=s.maximize,
)
OPTIMIZERS[core.Adam] = lambda s, params: optim.Adam(
    params,
    lr=s.lr,
    betas=s.betas,
    eps=s.eps,
    weight_decay=s.weight_decay,
    amsgrad=s.amsgrad,
    maximize=s.maximize,
)
OPTIMIZERS[core.AdamW] = lambda s, params: optim.AdamW(
    params,
    lr=s.lr,
    betas=s.betas,
    eps=s.eps,
    weight_decay=s.weight_decay,
    amsgrad=s.amsgrad,
    maximize=s.maximize,
)
OPTIMIZERS[adaptive.Adadelta] = lambda s, params: optim.Adadelta(
    params, lr=s.lr, rho=s.rho, eps=s.eps, weight_decay=s.weight_decay, maximize=s.maximize
)
OPTIMIZERS[adaptive.Adamax] = lambda s, params: optim.Adamax(
    params, lr=s.lr, betas=s.betas, eps=s.eps, weight_decay=s.weight_decay, maximize=s.maximize
)
OPTIMIZERS[adaptive.NAdam] = lambda s, params: OwnDtypeNAdam(
    params,
    lr=s.lr,
    betas=s.betas,
    eps=s.eps,
    weight_decay=s.weight_decay,
    momentum_decay=s.momentum_decay,
    decoupled_weight_decay=s.decoupled_weight_decay,
    maximize=s.maximize,
)
OPTIMIZERS[adaptive.RAdam] = lambda s, params: optim.RAdam(
    params,
    lr=s.lr,
    betas=s.betas,
    eps=s.eps,
    weight_decay=s.weight_decay,
    decoupled_weight_decay=s.decoupled_weight_decay,
    maximize=s.maximize,
)
OPTIMIZERS[adaptive.ASGD] = lambda s, params: OwnDtypeASGD(
    params, lr=s.lr, lambd=s.lambd, alpha=s.alpha, t0=s.t0, weight_decay=s.weight_decay, maximize=s.maximize
)
OPTIMIZERS[adaptive.Rprop] = lambda s, params: optim.Rprop(
    params, lr=s.lr, etas=s.etas, step_sizes=s.step_sizes, maximize=s.maximize
)
OPTIMIZERS[adaptive.Adafactor] = lambda s, params: optim.Adafactor(
    params,
    lr=s.lr,
    beta2_decay=s.beta2_decay,
    eps=s.eps,
    d=s.d,
    weight_decay=s.weight_decay,
    maximize=s.maximize,
)
OPTIMIZERS[adaptive.Muon] = lambda s, params: MatrixMuon(
    params,
    lr=s.lr,
    weight_decay=s.weight_decay,
    momentum=s.momentum,
    nesterov=s.nesterov,
    ns_coefficients=s.ns_coefficients,
    eps=s.eps,
    ns_steps=s.ns_steps,
    adjust_lr_fn=s.adjust_lr_fn,
    maximize=s.maximize,
)

OPTIMIZERS[searching.LBFGS] = lambda s, params: CopiedLBFGS(
    params,
    lr=s.lr,
    max_iter=s.max_iter,
    max_eval=s.max_eval,
    tolerance_grad=s.tolerance_grad,
    tolerance_change=s.tolerance_change,
    history_size=s.history_size,
    line_search_fn=s.line_search_fn,
    maximize=s.maximize,
)


def _clip_value(s: core.ClipValue, params: Sequence[Tensor]) -> None:
    reached = [p for p in params if p.grad is not None]
    if reached:  # PyTorch raises where there is none
        nn.utils.clip_grad_value_(reached, s.limit)


CLIPPINGS[core.ClipValue] = _clip_value
CLIPPINGS[core.ClipNorm] = lambda s, params: nn.utils.clip_grad_norm_(params, s.max_norm)


def clipped(s: core.Clipping, gradients: Sequence[Tensor]) -> list[Tensor]:
    """What clipping makes of these gradients, in place, on stand-ins for the parameters."""
    stand_ins = [torch.empty_like(g) for g in gradients]
    for stand_in, g in zip(stand_ins, gradients, strict=True):
        stand_in.grad = g
    CLIPPINGS[type(s)](s, stand_ins)
    return [s.grad for s in stand_ins if s.grad is not None]
