"""What is drawn at random: by torch, by Python, by NumPy; masks of dropout and of depth."""

from __future__ import annotations

import random
from random import random as early

import numpy as np
import torch
from timm.layers import DropPath
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import StochasticDepth

from imports.pitfalls.table import refused, right


@refused("a number that random draws", (4,))
class BranchesOnPythonsGenerator(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if random.random() < 0.5:  # refused
            return x * 2
        return x


@refused("a number that random draws", (4,))
class BranchesOnAGeneratorBoundEarly(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 2 if early() < 0.5 else x  # refused


@refused("a number that random draws", (4,))
class ScalesByPythonsGenerator(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * random.gauss(0.0, 1.0)  # refused


@refused("a number that random draws", (4,))
class ScalesByAGeneratorOfItsOwn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = random.Random(0)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.numbers.uniform(0.5, 2.0)  # refused


@refused("a number that numpy.random draws", (4,))
class ScalesByNumPysGenerator(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * float(np.random.rand())  # refused


@refused("a number that numpy.random draws", (4,))
class ScalesByANewGeneratorOfNumPy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = np.random.default_rng(0)

    def forward(self, x: Tensor) -> Tensor:
        return x * float(self.numbers.normal())  # refused


@refused("numpy.random.default_rng()", (4,))
class ScalesByAGeneratorMadeOnTheWay(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * float(np.random.default_rng().normal())  # refused


@refused("one that asks", (4,))
class BranchesOnTorchsGenerator(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if torch.rand([]) < 0.5:  # refused
            return x * 2
        return x


@refused("no layer", (4,))
class AddsNoise(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + torch.randn_like(x)  # refused


@right((4, 5, 5))
class DropsInEveryWay(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.values, self.channels = nn.Dropout(0.3), nn.Dropout2d(0.2)
        self.rows, self.batch, self.path = StochasticDepth(0.2, "row"), StochasticDepth(0.4, "batch"), DropPath(0.1)
        self.nothing = nn.Dropout(0.0)

    def forward(self, x: Tensor) -> Tensor:
        y = x + self.rows(self.values(x) * 2)
        y = y + self.batch(self.channels(y).sin())
        return self.nothing(y + self.path(y * 3)) + F.dropout(x, 0.1, self.training)


@refused("in evaluation", (4,))
class DropsInEvaluationToo(nn.Module):
    """Monte-Carlo dropout: in evaluation a model of ours is certain."""

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, 0.5, training=True)  # refused


@refused("in evaluation", (5, 4))
class DropsAttentionInEvaluationToo(nn.Module):
    """scaled_dot_product_attention knows no mode: what is given is dropped."""

    def forward(self, x: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(x, x, x, dropout_p=0.1)  # refused


@refused("in evaluation", (4, 3, 3))
class DropsPathsInEvaluationToo(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        keep = x.new_empty((x.shape[0], 1, 1, 1)).bernoulli_(0.8)
        return x * keep.div_(0.8)  # refused


@right((5, 8))
class DropsAttentionInTraining(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, dropout=0.2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.attention(x, x, x, need_weights=False)[0]
        return y + F.scaled_dot_product_attention(x, x, x, dropout_p=0.3 if self.training else 0.0)


@refused("in evaluation", (4,))
class DropsInEvaluationOnly(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, 0.5, training=not self.training)  # refused
