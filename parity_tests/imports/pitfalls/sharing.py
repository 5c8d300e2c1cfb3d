"""One tensor or weight in several places: tied, parametrised, made into masks, given twice."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from imports.pitfalls.table import drawn, floats, refused, right


def thrice(rows: int) -> tuple[Tensor, ...]:
    x = drawn((rows, 5, 8))
    return x, x, x


@right(example=thrice, called=floats((5, 8), (5, 8), (5, 8)))
class AttendsToWhatIsGivenThrice(nn.Module):
    """The example is one tensor in three places; afterwards they differ."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        y: Tensor = self.attention(query, key, value, need_weights=False)[0]
        return y


@right((5, 8), (7, 8))
class AttendsAndTellsItsWeights(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True, add_bias_kv=True)

    def forward(self, query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        y: tuple[Tensor, Tensor] = self.attention(query, key, key)
        return y


@right(example=lambda rows: (torch.arange(rows * 5).reshape(rows, 5) % 7,))
class TiesItsHeadToItsEmbedding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.mix, self.head = nn.Embedding(7, 6), nn.Linear(6, 6), nn.Linear(6, 7, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(torch.tanh(self.mix(self.embedding(x))))
        return y


@right((4,))
class HoldsOneParameterUnderTwoNames(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(4))
        self.v = self.w

    def forward(self, x: Tensor) -> Tensor:
        return x * self.w + self.v.sin()


@right((4,))
class HoldsOneModuleUnderTwoPaths(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        part = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
        self.first, self.second = part, nn.ModuleList([part, nn.Linear(4, 4)])

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.second[1](self.second[0](self.first(x)))
        return y


@right((4,))
class CallsOneModuleThrice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.part, self.norm = nn.Linear(4, 4), nn.LayerNorm(4)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(3):
            x = x + self.norm(self.part(x)).relu()
        return x


class Halving(nn.Module):
    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part

    def forward(self, x: Tensor, depth: int) -> Tensor:
        y: Tensor = self.part(x)
        return y if depth == 0 else y + self(y / 2, depth - 1)


@right((4,))
class CallsItself(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.halving = Halving(nn.Linear(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.halving(x, 2)
        return y


@right((4,))
class LoopsOverItsLayers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
        self.scales = nn.ParameterList(torch.randn(4) for _ in range(3))
        self.named = nn.ParameterDict({"last": torch.randn(4)})

    def forward(self, x: Tensor) -> Tensor:
        for layer, scale in zip(self.layers, self.scales, strict=True):
            x = x + layer(x).tanh() * scale
        return x * self.named["last"]


@right((3, 5, 5))
class SeparatesLengthAndDirection(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = parametrizations.weight_norm(nn.Conv2d(3, 4, 3))
        self.head = parametrizations.weight_norm(nn.Linear(4, 2), dim=None)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.conv(x).mean((2, 3)))
        return y


class Symmetric(nn.Module):
    def forward(self, w: Tensor) -> Tensor:
        return w.triu() + w.triu(1).transpose(-1, -2)


@right((4,))
class KeepsItsWeightSymmetric(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        nn.utils.parametrize.register_parametrization(self.layer, "weight", Symmetric())

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x)
        return y


@right((5, 8))
class AddsPositionsBeforeTheSoftmax(nn.Module):
    """A float mask made of parameters, as T5's and Swin's relative positions."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.table = nn.Linear(8, 24), nn.Parameter(torch.randn(9, 2))
        places = torch.arange(5)
        self.register_buffer("index", places[:, None] - places[None] + 4)

    def forward(self, x: Tensor) -> Tensor:
        n, t, _ = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        bias = self.table[self.index.reshape(-1)].view(5, 5, 2).permute(2, 0, 1).contiguous()
        scores = (q * 0.5) @ k.transpose(-2, -1) + bias.unsqueeze(0)
        return (scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, 8)


@right((5, 8))
class GivesPositionsToTheAttention(nn.Module):
    """The same, given to scaled_dot_product_attention as its mask."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.bias = nn.Linear(8, 24), nn.Parameter(torch.randn(1, 2, 5, 5))

    def forward(self, x: Tensor) -> Tensor:
        n, t, _ = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=self.bias * 2, scale=1.0)
        return y.transpose(1, 2).reshape(n, t, 8)


@right((5, 8))
class MasksWhatComesLater(nn.Module):
    """is_causal, a mask of booleans made in the forward, and one that depends on values."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        q, k = self.q(x)[:, None], self.k(x)[:, None]
        causal = F.scaled_dot_product_attention(q, k, x[:, None], is_causal=True)
        allowed = torch.ones(5, 5, dtype=torch.bool).tril(1)
        made = F.scaled_dot_product_attention(q, k, x[:, None], attn_mask=allowed)
        some = (x[:, :, :1] > -1.0) | torch.eye(5, dtype=torch.bool)
        valued = F.scaled_dot_product_attention(q, k, x[:, None], attn_mask=some[:, None])
        filled = (q @ k.transpose(-2, -1)).masked_fill(~allowed, float("-inf")).softmax(-1) @ x[:, None]
        return causal + made + valued + filled


@refused("a buffer that forward changes", (4,), path="layer.parametrizations.weight.0")
class NormsItsSpectrum(nn.Module):
    """Power iterations, which a training goes on with."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = parametrizations.spectral_norm(nn.Linear(4, 3))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x)  # refused
        return y


@refused("no layer computes it", (4,), path="layer.parametrizations.weight.0")
class KeepsItsWeightOrthogonal(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = parametrizations.orthogonal(nn.Linear(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x)  # refused
        return y
