"""Options of operations that are easily passed over, and cuts along the batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imports.pitfalls.table import drawn, refused, right


@right((4, 5))
class CountsFromTheEnd(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        y = x[:, -1] + x[:, -3:-1].sum(1) + x[:, ::3].mean(1) + x[:, [-1, 0]].prod(1)
        return y, x[:, [0, 2], [1, -1]], x[..., None, 1:-1].select(-1, -2), x.flip(-1)[:, :, -100:2]


@right((4, 5))
class ScalesWhatItAdds(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = torch.add(x, x.sin(), alpha=3) - torch.sub(x, 1.5, alpha=2)
        return torch.rsub(x, y, alpha=2) + torch.full_like(x, fill_value=2.0) + x.new_full((5,), 0.5)


@right((4, 5))
class ReducesInManyWays(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        y = x.var(1, unbiased=False) + x.std(1) + torch.linalg.vector_norm(x, ord=1, dim=1)
        z = F.normalize(x, dim=-1) + x.logsumexp(1, keepdim=True) + x.amax((1, 2), keepdim=True)
        return y + x.norm(p=3, dim=1), z, x.max(1).values, x.sort(-1, descending=True).values.cumsum(-1)


@right((4, 5))
class TakesTheLargestOfAll(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        found = x.topk(2, largest=False, sorted=True)
        return x / x.max() + x.abs().sum().sqrt(), found.values, found.indices, x.argmax(-1)


@right((6,))
class PadsWhatItPools(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = F.pad(x[:, None], (2, -1), value=0.5)
        y = F.avg_pool1d(y, 3, stride=2, padding=1, count_include_pad=False, ceil_mode=True)
        return F.pad(y, (1, 1), mode="reflect") + F.interpolate(x[:, None], scale_factor=1.0)


@right((2, 5, 6))
class PutsBackWhatItPools(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        y, places = F.max_pool2d(x, 2, return_indices=True)
        grid, at = F.adaptive_max_pool2d(x, (2, 3), return_indices=True)
        rows = F.adaptive_max_pool1d(x.flatten(2), 4) + F.avg_pool2d(x, 2, divisor_override=3).flatten(2)[..., :4]
        return F.max_unpool2d(y * y, places, 2, output_size=(5, 6)), grid, at, rows


@right((4,))
class LooksAtOneRow(nn.Module):
    """A value without the batch, that came of it."""

    def forward(self, x: Tensor) -> Tensor:
        return x * x[0] + x.sum(0)


@refused("round.decimals", (4,))
class RoundsToTenths(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * x.round(decimals=1)  # refused


@right(example=lambda rows: (torch.arange(rows * 3).reshape(rows, 3) % 5,))
class ScalesGradientsByFrequency(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(5, 4, scale_grad_by_freq=True)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.table(x)
        return y


@refused("torch.uint8", example=lambda rows: (torch.full((rows, 3), 200, dtype=torch.uint8),))
class OverflowsBytes(nn.Module):
    """200 + 200 is 144 there."""

    def forward(self, x: Tensor) -> Tensor:
        return (x + x).float()  # refused


@right(example=lambda rows: ((drawn((rows, 3, 4, 4)) * 50).abs().to(torch.uint8),))
class TakesImagesOfBytes(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 2, 3, 1).float().div(255)


@refused("torch.float64", (4,))
class ComputesInDouble(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x).softmax(-1, dtype=torch.float64).to(x.dtype)  # refused


@refused("batch", (4,))
class CutsOffTheFirstRow(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[1:] * 2  # refused


@refused("", (4,))
class TakesTwoRows(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:2] * 2  # refused


@refused("", (4,))
class TakesEveryOtherRow(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[::2] * 2  # refused


@refused("batch", (3,), rows=4)
class PairsItsRows(nn.Module):
    """Right for an even number of rows alone."""

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(-1, 2, 3) * 2  # refused


@refused("batch", (4,))
class TakesASingleRowForAnotherThing(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 3 if x.shape[0] == 1 else x * 2  # refused


@right((4,))
class TakesASingleRowForTheSame(nn.Module):
    """As masks are expanded unless there is one row."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm = nn.Linear(4, 4), nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        places = torch.arange(4, dtype=x.dtype)[None]
        if x.shape[0] != places.shape[0]:
            places = places.expand(x.shape[0], -1)
        return self.drop(self.norm(self.layer(x) * places))


@refused("batch", (4,))
class TakesManyRowsForAnotherThing(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 3 if x.shape[0] > 100 else x * 2  # refused


@refused("self.previous", (4,))
class KeepsATensorForTheNextCall(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.previous = torch.zeros(4)

    def forward(self, x: Tensor) -> Tensor:
        y = x + self.previous.to(x.dtype)  # refused
        self.previous = x.detach().mean(0)
        return y


@refused("self.kept[0]", (4,), path="")
class KeepsTensorsInAList(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.kept = [torch.zeros(4)]

    def forward(self, x: Tensor) -> Tensor:
        y = x + self.kept[0]
        self.kept[0] = x.detach().mean(0)
        return y


@right((4,))
class KeepsWhatNobodyReads(nn.Module):
    """Maps of attention, for those who look at them afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Tensor | None = None
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        self.seen = self.layer(x).softmax(-1)
        return x * self.seen


@refused("where.default", (4,))
class FindsPlaces(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x > 0)[0] + 1  # refused
