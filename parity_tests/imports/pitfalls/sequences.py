"""Recurrent layers: their states, directions, lengths; what is padded and what is kept for later."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from imports.pitfalls.table import drawn, refused, right


@right((5, 3))
class RecursBatchFirst(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 4, batch_first=True)
        self.gru = nn.GRU(4, 4, batch_first=True, bias=False)
        self.rnn = nn.RNN(4, 2, batch_first=True, nonlinearity="relu")

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y, (h, c) = self.lstm(x)
        z, _ = self.rnn(self.gru(y)[0])
        return z, h[-1] + c[0]


@right((3, 3))
class RecursInBothDirectionsAndLayers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True, dropout=0.3)
        self.gru = nn.GRU(8, 2, num_layers=2, bidirectional=True, batch_first=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y, (h, _) = self.lstm(x)
        z, g = self.gru(y)
        return z, torch.cat([h[-2], h[-1], g[0]], 1)


@right((5, 3))
class RecursTimeFirst(nn.Module):
    """The module turns the axes itself: time stands in front within."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.gru = nn.LSTM(3, 4), nn.GRU(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.lstm(x.transpose(0, 1))
        return self.gru(y)[0].permute(1, 0, 2)


@right((5, 3), (4,), (4,))
class StartsFromGivenStates(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.gru = nn.LSTM(3, 4, batch_first=True), nn.GRU(4, 4, batch_first=True)
        self.start = nn.Parameter(drawn((1, 4)))

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, ...]:
        y, (a, b) = self.lstm(x, (h[None], c[None]))
        z, _ = self.gru(y, self.start.expand(x.shape[0], -1)[None].contiguous())
        return z, a[0] * b[0]


@refused("lstm_cell", (3,))
class RunsACell(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.cell(x)[0]  # refused
        return y


@refused("TypeError", (5, 3), path="lstm")
class PacksWhatIsPadded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 4, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        lengths = torch.tensor([5, 4, 3])
        packed = pack_padded_sequence(x, lengths, batch_first=True)
        y, _ = self.lstm(packed)  # refused
        return pad_packed_sequence(y, batch_first=True)[0]


@right((5, 3))
class GivesItsCaches(nn.Module):
    """Keys and values among the outputs, as a language model keeps them."""

    def __init__(self) -> None:
        super().__init__()
        self.k, self.v = nn.Linear(3, 4), nn.Linear(3, 4)

    def forward(self, x: Tensor, caching: bool = True) -> dict[str, Any]:
        k, v = self.k(x), self.v(x)
        y = (k @ k.transpose(1, 2)).softmax(-1) @ v
        return {"y": y, "past": ((k, v),) if caching else None}


class Cache:
    """No structure that an export knows."""

    def __init__(self, k: Tensor) -> None:
        self.k = k


@refused("Cache", (5, 3))
class GivesACacheOfItsOwnKind(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Cache]:
        return x * 2, Cache(x)
