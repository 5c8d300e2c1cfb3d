"""Two networks of libraries, and a rewriting of each in another style."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Pair(nn.Module):
    """Two convolutions of a stage; the way round them is defined first."""

    def __init__(self, width: int, out: int, step: int) -> None:
        super().__init__()
        self.around = None
        if step > 1 or width != out:
            self.around = nn.Sequential(nn.Conv2d(width, out, 1, step, bias=False), nn.BatchNorm2d(out))
        self.convs = nn.ModuleList(
            [
                nn.Conv2d(width, out, 3, step, padding=1, bias=False),
                nn.Conv2d(out, out, 3, padding=1, bias=False),
            ]
        )
        self.norms = nn.ModuleList([nn.BatchNorm2d(out), nn.BatchNorm2d(out)])

    def forward(self, x: Tensor) -> Tensor:
        beside = x if self.around is None else self.around(x)
        x = F.relu(self.norms[0](self.convs[0](x)))
        return F.relu(self.norms[1](self.convs[1](x)) + beside)


class MyResNet18(nn.Module):
    """torchvision's resnet18: pairs in one row, everything without weights a function."""

    def __init__(self, *, ceil: bool = False) -> None:
        super().__init__()
        self.ceil = ceil
        self.patch, self.patch_norm = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        widths = [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2)]
        self.trunk = nn.Sequential(*(Pair(*each) for each in [*widths, (512, 512, 1)]))
        self.answer = nn.Linear(512, 1000)

    def forward(self, image: Tensor) -> Tensor:
        x = F.relu(self.patch_norm(self.patch(image)))
        x = F.max_pool2d(x, 3, 2, 0 if self.ceil else 1, ceil_mode=self.ceil)
        y: Tensor = self.answer(self.trunk(x).mean((2, 3)))
        return y


class Words(nn.Module):
    """A layer of GPT-2: attention by PyTorch's own function, Linear where transformers has Conv1D."""

    def __init__(self, width: int, heads: int, form: str) -> None:
        super().__init__()
        self.heads, self.form = heads, form
        self.norm_a, self.norm_b = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, t, d = x.shape
        q, k, v = (part.view(n, t, self.heads, -1).transpose(1, 2) for part in self.qkv(self.norm_a(x)).split(d, 2))
        rate = 0.1 if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=rate)
        x = x + F.dropout(self.mix(mixed.transpose(1, 2).reshape(n, t, d)), rate)
        return x + F.dropout(self.down(F.gelu(self.up(self.norm_b(x)), approximate=self.form)), rate)


class MyGpt2(nn.Module):
    """transformers' GPT2LMHeadModel of a tiny size; the head has the weights of the embedding."""

    def __init__(self, *, tied: bool = True, form: str = "tanh") -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(64, 16), nn.Embedding(16, 16)
        self.blocks = nn.ModuleList([Words(16, 2, form) for _ in range(2)])
        self.norm, self.head = nn.LayerNorm(16), nn.Linear(16, 64, bias=False)
        if tied:
            self.head.weight = self.tokens.weight

    def forward(self, words: Tensor) -> Tensor:
        x = self.tokens(words) + self.places(torch.arange(words.shape[1]))
        x = F.dropout(x, 0.1, self.training)
        for block in self.blocks:
            x = block(x)
        y: Tensor = self.head(self.norm(x))
        return y


def tiny_gpt2(**options: Any) -> nn.Module:
    import transformers as hub

    ends = {"bos_token_id": 0, "eos_token_id": 0}
    sizes = {"vocab_size": 64, "n_positions": 16, "n_embd": 16, "n_layer": 2, "n_head": 2}
    return hub.GPT2LMHeadModel(hub.GPT2Config(**sizes, **ends, **options))
