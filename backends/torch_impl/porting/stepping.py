"""Optimizer steps of both sides, each from theirs' weights and slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn, optim

from isograd.backends.torch_impl.losses import LOSSES
from isograd.backends.torch_impl.optimizers import OPTIMIZERS
from isograd.backends.torch_impl.porting.comparing import Comparison, Judgement, judgements
from isograd.backends.torch_impl.porting.side import Found, Side, is_parameter, numbers
from isograd.backends.torch_impl.porting.structures import Inputs
from isograd.core.base.types import State
from isograd.core.learning.losses import Loss
from isograd.core.learning.optimizers import Optimizer


@dataclass(frozen=True)
class Steps:
    """How both sides are trained: one loss for each output that has one, and its targets."""

    losses: Sequence[Loss | None]
    targets: Sequence[Tensor | None]
    optimizer: Optimizer
    count: int


@dataclass
class _Learner:
    """A side in training."""

    side: Side
    inputs: Inputs
    steps: Steps

    def __post_init__(self) -> None:
        self.weights = {p: w for p, w in self.side.weights.items() if is_parameter(w) and w.requires_grad}
        self.optimizer: optim.Optimizer = OPTIMIZERS[type(self.steps.optimizer)](
            self.steps.optimizer, list(self.weights.values())
        )
        dtype = getattr(torch, self.side.dtype)
        self.criteria = [None if loss is None else _criterion(loss, dtype) for loss in self.steps.losses]

    def step(self) -> float:
        """One step on the one batch; the loss before it."""
        with self.side.drawing(training=True):
            given = self.inputs.cloned()
            outputs = self.side.ends("", self.side.half.parts[""](*given.args, **given.kwargs), training=True)
            terms = zip(outputs, self.criteria, self.steps.targets, strict=False)
            loss: Any = sum(criterion(y, target) for y, criterion, target in terms if criterion is not None)
            self.optimizer.zero_grad()
            self.side.watching = False  # a backward may compute some of it again
            if loss.requires_grad:
                loss.backward()
            self.optimizer.step()
        return float(loss.detach())

    def follow(self, other: _Learner) -> None:
        """Take over the other's slots, of weights by their common names."""
        theirs = {other.side.label(p): w for p, w in other.weights.items()}
        for p, weight in self.weights.items():
            held = other.optimizer.state.get(theirs.get(self.side.label(p), weight), {})
            turned = self.side.sources.get(p, ("", False))[1]
            for slot, values in held.items():
                matrix = isinstance(values, Tensor) and values.dim() == 2 and turned
                self.optimizer.state[weight][slot] = (
                    (values.T if matrix else values).clone() if isinstance(values, Tensor) else values
                )


def _criterion(loss: Loss, dtype: torch.dtype) -> nn.Module:
    made: nn.Module = LOSSES[type(loss)](loss)
    return made.to(dtype)


def locked_steps(comparison: Comparison, steps: Steps) -> list[list[Judgement]]:
    """Of every step the weights and statistics after it and the loss before it, up to the first step that differs."""

    def trajectory(state: State, inputs: tuple[Inputs, Inputs]) -> tuple[list[Found], list[Found]]:
        learners = []
        for side, given in zip(comparison.sides, inputs, strict=True):
            side.load(state)
            learners.append(_Learner(side, given, steps))
        found: tuple[list[Found], list[Found]] = ([], [])
        for number in range(1, steps.count + 1):
            if number > 1:
                after = comparison.theirs.state()
                with torch.no_grad():
                    for path in comparison.mine.sources:
                        comparison.mine.half.weight(path).copy_(comparison.mine.given(path, after))
                learners[1].follow(learners[0])
            for learner, made in zip(learners, found, strict=True):
                loss = learner.step()
                made.append(_after(learner, number) | {("loss", f"before step {number}"): np.asarray(loss)})
        return found

    both = trajectory(comparison.state, comparison.inputs)
    runs: dict[tuple[int, int], tuple[list[Found], list[Found]]] = {}

    def moved(side: int, units: int, draw: int) -> tuple[list[Found], list[Found]]:
        if (units, draw) not in runs:
            state = comparison.theirs.shaken(comparison.state, units, draw)
            inputs = (comparison.inputs[0].nudged(units, draw), comparison.inputs[1].nudged(units, draw))
            runs[units, draw] = trajectory(state, inputs)
        return runs[units, draw]

    judged: list[list[Judgement]] = []
    for k in range(steps.count):
        judged.append(
            judgements(
                comparison.names,
                (both[0][k], both[1][k]),
                comparison.dtype,
                lambda side, units, draw, k=k: moved(side, units, draw)[side][k],  # type: ignore[misc]
            )
        )
        if any(each.failed for each in judged[-1]):
            break
    return judged


def _after(learner: _Learner, number: int) -> Found:
    side = learner.side
    return {
        (side.names[p], f"after step {number}"): numbers(w.T if p in side.turned else w)
        for p, w in side.weights.items()
        if p in side.names
    }
