"""Modules that are another in evaluation than in training."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from imports.pitfalls.table import refused, right


@right((4,))
class HasAHeadForTrainingAlone(nn.Module):
    """As GoogLeNet and Inception have."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head, self.aux = nn.Linear(4, 4), nn.Linear(4, 3), nn.Linear(4, 2)
        self.norm = nn.BatchNorm1d(4)

    def forward(self, x: Tensor) -> Any:
        y = self.norm(self.body(x))
        if self.training:
            return self.head(y), self.aux(y.sin())
        return self.head(y)


@right((4,))
class OrdersItsOutputsByMode(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(4, 3), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Any:
        a, b = self.one(x), self.other(x)
        return (a, b) if self.training else (b, a)


@refused("in evaluation", (4,))
class ScalesInEvaluation(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x)
        if not self.training:
            y = y * 0.5  # refused
        return y


@refused("in evaluation", (4,))
class TakesASoftmaxInEvaluation(nn.Module):
    """Logits for the loss, probabilities for the user."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x)
        return y if self.training else y.softmax(1)  # refused


@refused("in evaluation", (4,))
class ClipsInTraining(nn.Module):
    """Every step of evaluation is one of training; the outputs are not."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x)  # refused
        return y.clamp(-1, 1) if self.training else y


@right((4,))
class KeepsAPartInEvaluation(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.part = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))

    def train(self, mode: bool = True) -> KeepsAPartInEvaluation:
        super().train(mode)
        self.part[1].eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.part(x)
        return y


@right((4,))
class LeavesOutAPartInEvaluation(nn.Module):
    """Noise that is not: what evaluation leaves out feeds an output of training alone."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.extra = nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        y = self.layer(x)
        found = {"out": y.relu()}
        if self.training:
            found["aux"] = self.extra(torch.cat([y[:, :2], x[:, 2:]], 1))
        return found
