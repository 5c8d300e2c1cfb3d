"""Numbers that an export burns in: of the batch, of the arguments, of the forward's own arrays and buffers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from imports.pitfalls.table import refused, right


@right((3, 4))
class DividesByTheSizeOfTheBatch(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        n, t, f = x.size()
        y = x / x.shape[0] + x.sum(0, keepdim=True) / n
        return y.view(n * t, f).exp().reshape(x.size(0), t, f) * float(t)


@refused("batch", (4,))
class DividesByTheLengthOfTheBatch(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x / len(x)  # refused


@refused("batch", (4,))
class WritesTheBatchAsANumber(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(3, 2, 2).flatten(1)  # refused


@refused("batch", (4,))
class LoopsOverTheRows(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([row * k for k, row in enumerate(x)])  # refused


@refused("batch", (4,))
class BranchesOnTheSizeOfTheBatch(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 2 if x.shape[0] == 3 else x  # refused


@right((4,))
class MakesArraysAsItGoes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.plain, self.row = torch.tensor([1.0, 0.5, 2.0, 3.0]), [torch.ones(4), torch.arange(4.0)]

    def forward(self, x: Tensor) -> Tensor:
        y = x * torch.tensor([1.0, 2.0, 3.0, 4.0]).to(x.dtype) + self.plain.to(x.dtype)
        y = y - self.row[1].to(x.dtype) * torch.tensor(2.0).to(x.dtype)
        return y + torch.arange(x.shape[1]).to(x.dtype) + torch.arange(x.shape[0]).to(x.dtype)[:, None]


@right((4,))
class HoldsBuffersThatItDoesNotKeep(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.randn(4), persistent=False)
        self.register_buffer("kept", torch.randn(4))
        self.register_buffer("counts", torch.arange(4))
        self.register_buffer("none", None)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.table + self.kept * self.counts


@refused("total", (4,))
class AssignsABuffer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.total = self.total + x.mean()  # refused
        return x * 2


@refused("total", (4,))
class WritesIntoABuffer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(4))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.total.mul_(0.9).add_(x.mean(0), alpha=0.1)  # refused
        return x - self.total


@refused("running_mean", (4,))
class MovesTheStatisticsOfANormItself(nn.Module):
    """A norm reads them, but it is the forward that changes them."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(x)
        assert self.norm.running_mean is not None
        self.norm.running_mean.mul_(0.5)  # refused
        return y


@refused("a parameter that forward changes", example=lambda rows: (torch.arange(rows * 3).reshape(rows, 3) % 5,))
class KeepsItsTableShort(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(5, 4, max_norm=1.0)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.table(x)  # refused
        return y


@refused("u0 places", (4,))
class PicksWhereAMaskIsTrue(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + x[x > 0].sum()  # refused


@refused("torch.float16", (4,))
class ComputesInHalf(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * x.half().exp().to(x.dtype)  # refused


@right((4,))
class CountsInIntegers(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        places = (x > 0).long().cumsum(1)
        return x * places + (places % 2 == 0)
