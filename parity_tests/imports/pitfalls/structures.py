"""What goes in and comes out: dicts, classes, None, numbers, things given twice, nothing at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from imports.pitfalls.table import drawn, refused, right


@dataclass
class Pair:
    one: Tensor
    other: Tensor | None = None


class Row(NamedTuple):
    left: Tensor
    right: Tensor


pytree.register_dataclass(Pair)


@right(example=lambda rows: ({"image": drawn((rows, 4)), "extra": {"mask": drawn((rows, 4), 1) > 0}},))
class TakesAndGivesDicts(nn.Module):
    def forward(self, given: dict[str, Any]) -> dict[str, Any]:
        x = given["image"].masked_fill(given["extra"]["mask"], 0.5)
        return {"b": x * 2, "a": [x.sin(), (x.exp(),)]}


@right(
    example=lambda rows: (Pair(drawn((rows, 4)), drawn((rows, 4), 1)), Row(drawn((rows, 4), 2), drawn((rows, 4), 3)))
)
class TakesAndGivesClasses(nn.Module):
    def forward(self, pair: Pair, row: Row) -> Row:
        assert pair.other is not None
        return Row(pair.one * row.left, pair.other - row.right)


@right((4,))
class GivesNoneAndNumbers(nn.Module):
    def forward(self, x: Tensor) -> tuple[Any, ...]:
        return x * 2, None, 7, "text", x.shape[1], x + 1


@right(example=lambda rows: (drawn((rows, 4)), None, 3, "sum"))
class TakesNoneAndNumbers(nn.Module):
    def forward(self, x: Tensor, mask: Tensor | None, times: int, how: str) -> Tensor:
        return (x if mask is None else x * mask).sum(1, keepdim=True) * times if how == "sum" else x


@right((4,), keywords=lambda rows: {"scale": drawn((rows, 1), 5), "times": 2})
class TakesKeywords(nn.Module):
    def forward(self, x: Tensor, *, times: int, scale: Tensor) -> Tensor:
        return x * scale * times


@right((4,), keywords=lambda rows: {"last": drawn((rows, 4), 6), "first": drawn((rows, 4), 7)})
class TakesKeywordsInAnotherOrder(nn.Module):
    def forward(self, x: Tensor, first: Tensor, last: Tensor) -> Tensor:
        return x / (first.exp() + 1) - last


@right((4,), (3,), (2,))
class ReadsOneInputOfThree(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.used, self.unused = nn.Linear(3, 2), nn.Conv2d(3, 4, 3)
        self.register_buffer("also_unused", torch.ones(2))

    def forward(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        out: Tensor = self.used(y)
        return out


@right((4,))
class GivesItsInputAndOneThingTwice(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        y = x * 2
        return x, y, y


@right((4,))
class GivesAViewOfItsInput(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return x.view(-1, 2, 2), x[:, :2]


@right((3, 4))
class HasNoParameters(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.softmax(1).transpose(1, 2)


@right(example=lambda rows: (torch.arange(rows * 3).reshape(rows, 3) % 5, drawn((rows, 3)) > 0))
class TakesIntegersAndBooleans(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(5, 4, padding_idx=1)

    def forward(self, x: Tensor, keep: Tensor) -> Tensor:
        y: Tensor = self.table(x * 2 % 5) * keep[:, :, None]
        return y + x[:, :, None]


@right(example=lambda rows: (drawn((rows, 3, 5, 5)).to(memory_format=torch.channels_last),))
class TakesChannelsLast(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x).flatten(1) * 2


@right((4,), rows=1)
class IsShownASingleRow(nn.Module):
    """An example batch of one is still any batch."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x).view(x.size(0), -1).softmax(-1)


@right((4,))
class GivesAConstant(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(3))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x * 2, self.w * 2


@right((4,))
class GivesALoss(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.square().mean()


@right((4,))
class GivesTheBatchLast(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.t()


@right((4,))
class GivesTwoRowsForEach(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(-1, 2)


@right((4,))
class ComparesAllRows(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x @ x.t()


@refused("no tensor", (4,))
class GivesNothing(nn.Module):
    def forward(self, x: Tensor) -> None:
        return None
