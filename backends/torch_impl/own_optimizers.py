"""Optimizers that torch.optim has not (the book's velocity: Weidman 2019), or has in another precision."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, optim


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
        maximize: bool,
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "dampening": dampening}
        more = {"weight_decay": weight_decay, "nesterov": nesterov, "maximize": maximize}
        super().__init__(params, defaults | more)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for w in group["params"]:
                if w.grad is None:
                    continue
                g = w.grad.neg() if group["maximize"] else w.grad
                move = g.add(w, alpha=group["weight_decay"]).mul_(group["lr"])
                if group["momentum"]:
                    v = self.state[w].setdefault("momentum_buffer", torch.zeros_like(w))
                    v.mul_(group["momentum"]).add_(move, alpha=1 - group["dampening"])
                    move = move.add(v, alpha=group["momentum"]) if group["nesterov"] else v
                w.sub_(move)


class OwnDtypeNAdam(optim.NAdam):
    """torch's, but for mu_product, which torch keeps in float32: here in the weight's dtype."""

    def step(self, closure: Callable[[], float] | None = None) -> Any:
        for w in (w for group in self.param_groups for w in group["params"] if w.grad is not None):
            if not self.state[w]:
                zeros = {name: torch.zeros_like(w) for name in ("exp_avg", "exp_avg_sq")}
                one = torch.ones((), dtype=w.dtype, device=w.device)
                self.state[w] = {"step": torch.tensor(0.0), "mu_product": one, **zeros}
        return super().step(closure)


class OwnDtypeASGD(optim.ASGD):
    """torch's, but for eta and mu, which torch rounds to float32: here in the weight's dtype."""

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        held = [(group, w) for group in self.param_groups for w in group["params"] if w.grad is not None]
        for group, w in held:
            if not self.state[w]:
                numbers = {"eta": group["lr"], "mu": 1.0}
                own = {name: torch.tensor(value, dtype=w.dtype, device=w.device) for name, value in numbers.items()}
                self.state[w] = {"step": torch.zeros((), device=w.device), "ax": torch.zeros_like(w), **own}
        loss = super().step(closure)
        for group, w in held:
            t, lr = float(self.state[w]["step"]), group["lr"]
            self.state[w]["eta"].fill_(lr / (1 + group["lambd"] * lr * t) ** group["alpha"])
            self.state[w]["mu"].fill_(1 / max(1.0, t - group["t0"]))
        return loss


class MatrixMuon(optim.Muon):
    """torch's, but that it orthogonalizes in the weight's dtype (torch: in bfloat16), and can maximize."""

    def __init__(self, params: Iterable[Tensor], *, maximize: bool, **options: Any) -> None:
        super().__init__(params, **options)
        for group in self.param_groups:
            group["maximize"] = maximize

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            keep = group["momentum"]
            for w in group["params"]:
                if w.grad is None:
                    continue
                g = w.grad.neg() if group["maximize"] else w.grad
                held = self.state[w].setdefault("momentum_buffer", torch.zeros_like(w)).lerp_(g, 1 - keep)
                made = orthogonal(g.lerp(held, keep) if group["nesterov"] else held, group)
                w.mul_(1 - group["lr"] * group["weight_decay"])
                w.add_(made, alpha=-group["lr"] * _scale(group["adjust_lr_fn"], *w.shape))


class CopiedLBFGS(optim.LBFGS):
    """torch's, but that a copy of it can make steps: torch's own forgets its parameters."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._params, self._numel_cache = self.param_groups[0]["params"], None


def orthogonal(u: Tensor, group: dict[str, Any]) -> Tensor:
    """Newton–Schulz iteration: the singular values of a matrix are brought towards 1."""
    a, b, c = group["ns_coefficients"]
    x = u.T if u.size(0) > u.size(1) else u
    x = x / torch.linalg.matrix_norm(x).clamp(min=group["eps"])
    for _ in range(group["ns_steps"]):
        gram = x.mm(x.T)
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if u.size(0) > u.size(1) else x


def _scale(how: str | None, rows: int, columns: int) -> float:
    ratio: float = rows / columns
    scales = {"match_rms_adamw": 0.04 * max(rows, columns), "spectral_unclamped": ratio}
    return float(scales.get(how or "original", max(1.0, ratio)) ** 0.5)
