"""Who runs a workload: each contender gives a function that takes one full training step, ↦ its loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from workloads import BATCHES, LR, MOMENTUM, Workload

import isograd as ig

Step = Callable[[int], float]
"""k ↦ the loss of batch k mod BATCHES, before the update that the step then makes."""


LOSSES = {"label": ig.CrossEntropyLoss(), "copy": ig.MSELoss(), "symbols": ig.CrossEntropyLoss(dim=-1)}


def trainer(workload: Workload, backend: str) -> ig.Trainer:
    """isograd's trainer of this workload in `backend`; equal weights in each."""
    net = ig.build(workload.model(), backend=backend, seed=0, dtype="float32")
    return ig.Trainer(net, loss=LOSSES[workload.task], optimizer=ig.SGD(lr=LR, momentum=MOMENTUM))


def isograd_step(workload: Workload, backend: str) -> Step:
    """`Trainer.step`, as a user calls it, with all its checks."""
    train, batches = trainer(workload, backend), workload.batches()

    def step(k: int) -> float:
        return train.step(*batches[k % BATCHES])

    return step


def torch_step(workload: Workload) -> Step:
    """PyTorch by hand: the loop of its tutorials, on resident tensors."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    module, criterion = workload.by_hand(), nn.MSELoss() if workload.task == "copy" else nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(module.parameters(), lr=LR, momentum=MOMENTUM)
    weights = ig.build(workload.model(), seed=0, dtype="float32").state_dict()
    module.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
    batches = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in workload.batches()]

    def step(k: int) -> float:
        x, y = batches[k % BATCHES]
        optimizer.zero_grad()
        if workload.task == "symbols":
            loss = criterion(module(x).flatten(0, 1), y.flatten())
        else:
            loss = criterion(module(x), y)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


CONTENDERS: dict[str, Callable[[Workload], Step]] = {
    "NumPy engine": lambda workload: isograd_step(workload, "numpy"),
    "torch engine": lambda workload: isograd_step(workload, "torch"),
    "PyTorch by hand": torch_step,
}


def require_equal_losses(what: str, losses: dict[str, list[float]]) -> None:
    """Nothing is timed before everyone has computed the same: SystemExit where they differ."""
    (first, wanted), *others = losses.items()
    for name, got in others:
        if not np.allclose(got, wanted, rtol=1e-4, atol=0):
            raise SystemExit(f"{what}: the losses of {name} {got} are not those of {first} {wanted}")


def checked_steps(workload: Workload) -> dict[str, Step]:
    """The steps of all contenders, after the losses of one round of batches have been compared."""
    steps = {name: make(workload) for name, make in CONTENDERS.items()}
    losses: dict[str, Any] = {name: [step(k) for k in range(BATCHES)] for name, step in steps.items()}
    require_equal_losses(workload.title, losses)
    return steps
