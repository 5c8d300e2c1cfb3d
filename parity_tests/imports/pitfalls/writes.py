"""Writes that other names read: through views, into slices, over what came in."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imports.pitfalls.table import refused, right


@right((4, 5))
class ZeroesASliceOfWhatItReturns(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = x * 2
        y[:, 0] = 0
        return y


@right((2, 3))
class ActivatesAnAliasInPlace(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        a = x + 1
        b = a.view(-1, 6)
        a.relu_()
        return b


@right((6, 6))
class FillsSlicesOfAMask(nn.Module):
    """As Swin Transformers number their windows."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.randn(6, 6))

    def forward(self, x: Tensor) -> Tensor:
        mask = x.new_zeros((6, 6))
        count = 0
        for h in (slice(0, -3), slice(-3, -1), slice(-1, None)):
            for w in (slice(0, -3), slice(-3, -1), slice(-1, None)):
                mask[h, w] = count
                count += 1
        return x * self.scale + mask


@right((6,))
class ZeroesASliceOfACopiedParameter(nn.Module):
    """As Swin V2 does with the bias of its keys."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(9, 6)), nn.Parameter(torch.randn(9))

    def forward(self, x: Tensor) -> Tensor:
        bias = self.bias.clone()
        bias[3:6].zero_()
        return F.linear(x, self.weight, bias)


@right((4, 6))
class AddsToSlicesOfItsScores(nn.Module):
    """As MViT adds the pooled query."""

    def forward(self, x: Tensor) -> Tensor:
        y = torch.tanh(x) * 2
        y[:, 1:] += x[:, 1:]
        y[:, :1, 2:4].mul_(3)
        return y


@right((3, 4))
class CopiesIntoASelectedRow(nn.Module):
    """As ConViT builds its relative positions."""

    def forward(self, x: Tensor) -> Tensor:
        y = torch.zeros(3, 3, 4, dtype=x.dtype)
        y[0].copy_(torch.ones(3, 4, dtype=x.dtype))
        y.select(0, 2)[1:].copy_(torch.full((2, 4), 2.0, dtype=x.dtype))
        out = torch.empty_like(x)
        out.copy_(x * y.sum(0))
        return out


@right((3, 4))
class WritesRowsThatOthersRead(nn.Module):
    """A gradient flows through both the rows that stay and those that are written."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        base = x.sin()
        view = base.transpose(1, 2)
        row = view[:, 0]
        base[:, 1] = x[:, 0] * x[:, 2]
        return view.exp(), row * 2


@right((3, 8))
class ChangesEveryValueInPlace(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = F.relu_(x + 0.5) * 1.5
        y = F.leaky_relu_(F.elu_(y.add_(0.5) - 0.9) * 2) - 0.3
        y = (F.hardtanh_(y.neg_() * 2, -0.8, 1.2) * 1).exp_() * 2
        return F.selu_(y.sqrt() * 3 - 4).clone().clamp_(min=-1.1)


@right((4, 6, 6))
class LayersThatWorkInPlace(nn.Module):
    """But Hardsigmoid, whose gradient in float64 is torch's own 1/6 rounded to float32."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.acts = nn.ModuleList(
            kind(inplace=True)
            for kind in (
                nn.ReLU,
                nn.ReLU6,
                nn.SiLU,
                nn.Hardswish,
                nn.ELU,
                nn.LeakyReLU,
                nn.Mish,
                nn.SELU,
            )
        )
        self.drop = nn.Dropout(0.3, inplace=True)
        self.drops = nn.Dropout2d(0.3, inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        for act in self.acts:
            x = x + act(self.conv(x).add(-0.1))
        return self.drops(self.drop(x))


@right((4,))
class WritesOverItsInput(nn.Module):
    """What the caller sees of it is no part of a model; what it returns is."""

    def forward(self, x: Tensor) -> Tensor:
        y = x[:, :2]
        x.mul_(2)
        return x.sum(1, keepdim=True) + y


@refused("index_put", (5,))
class PutsValuesAtPlacesThatAreFixed(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = x.clone()
        y[:, [0, 2]] = x[:, [3, 4]] * 2  # refused
        return y


@right((5,))
class PutsWhereAMaskIsTrue(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = x * 3
        y[y > 0.5] = 0.5
        return y.masked_fill_(x < -1, -2.0)


@right((4,))
class AddsWhereItsOwnSumWasRead(nn.Module):
    """y += x with a view of x, read afterwards."""

    def forward(self, x: Tensor) -> Tensor:
        y = x * 1
        seen = y.view(-1, 2, 2)
        before = seen.sum(1)
        y += y
        return seen.flatten(1) * 2 + before.repeat(1, 2)


@right((4,))
class SwapsWithASlice(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = x.clone()
        y[:, :2], y[:, 2:] = y[:, 2:].clone(), y[:, :2].clone()
        return y + x


@right((3, 4))
class WritesAlongTheBatch(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = x * 2
        y[:, ::2, 1:3] = -1.0
        y[..., -1] = x[..., 0]
        return y


@right((4,))
class SumsIntoAList(nn.Module):
    """A buffer that grows in a Python loop."""

    def forward(self, x: Tensor) -> Tensor:
        out = x.new_zeros(x.shape[0], 3, 4)
        for k in range(3):
            out[:, k] = x * (k + 1)
            x = x + out[:, k].tanh()
        return out


@right((3, 4))
class DropsInPlaceInAView(nn.Module):
    """As MViT's head does with its class token; evaluation writes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.drop, self.head = nn.Dropout(0.5, inplace=True), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        y, z = x * 2, x * 3
        return self.head(self.drop(y[:, 0])) - self.head(self.drop(z[:, 1:])).sum(1)


@refused("it reads", (4,))
class ReadsMemoryThatNobodyWrote(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = torch.empty_like(x)
        return x + y  # refused
