"""Nonlinearities with options, shuffles, measures of similarity, and a module that is nothing but a normalisation."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imports.pitfalls.table import right


@right((4, 6))
class ShrinksInEveryWay(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        bent = F.celu(x, 0.5) + F.logsigmoid(x) + F.softsign(x) + F.threshold(x, 0.1, 2.0)
        return bent + F.softshrink(x, 0.3) * F.hardshrink(x) - F.tanhshrink(x) + F.softmin(x, 1)


@right((6, 4, 4))
class ShufflesChannelsAndPixels(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner, self.norm = nn.PixelUnshuffle(2), nn.InstanceNorm3d(3, affine=True, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        mixed = F.pixel_shuffle(F.channel_shuffle(self.inner(x), 3), 2)
        return self.norm(mixed.reshape(-1, 3, 2, 4, 4)) + F.local_response_norm(x, 3).reshape(-1, 3, 2, 4, 4)


@right((5, 4), (5, 4))
class MeasuresHowAlikeTwoAre(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.join, self.norm = nn.Bilinear(4, 4, 5), nn.InstanceNorm1d(5)

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        measures = [
            F.cosine_similarity(a, b, 2),
            F.pairwise_distance(a, b, 1.5),
            F.pairwise_distance(a, b, keepdim=True)[..., 0],
        ]
        return torch.stack(measures, 2), self.norm(self.join(a, b))


@right((3, 4, 4))
class IsANorm(nn.BatchNorm2d):
    """Its statistics have no name in front of theirs."""

    def __init__(self) -> None:
        super().__init__(3, bias=False)
