"""The port: the same network in a style of its own. `python port.py` says what it makes of the original's weights."""

from __future__ import annotations

from typing import Any

import torch
from digits import examples, told
from original import WEIGHTS
from torch import Tensor, nn
from torch.nn import functional as F

import isograd as ig

NAMES = {
    "cls_token": "first",
    "pos_embed": "places",
    "patch_embed": "patches",
    "blocks": "layers",
    "head": "classify",
    "norm1": "ln_attn",
    "attn.qkv": "into",
    "attn.proj": "out",
    "norm2": "ln_mlp",
    "fc1": "up",
    "fc2": "down",
}


class Layer(nn.Module):
    def __init__(self, width: int, heads: int, rate: float) -> None:
        super().__init__()
        self.heads, self.rate = heads, rate
        self.into, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.ln_attn, self.ln_mlp = nn.LayerNorm(width), nn.LayerNorm(width)

    def mixed(self, x: Tensor) -> Tensor:
        q, k, v = (part.unflatten(-1, (self.heads, -1)).swapaxes(1, 2) for part in self.into(x).chunk(3, dim=-1))
        y: Tensor = self.out(F.scaled_dot_product_attention(q, k, v).swapaxes(1, 2).flatten(2))
        return y

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.mixed(self.ln_attn(x))
        h = F.gelu(self.up(self.ln_mlp(x)))
        y: Tensor = x + self.down(F.dropout(h, self.rate, self.training))
        return y


class Port(nn.Module):
    def __init__(self, width: int = 32, depth: int = 3, heads: int = 4, rate: float = 0.1) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, width, 2, stride=2)
        self.first, self.places = nn.Parameter(torch.zeros(1, 1, width)), nn.Parameter(torch.zeros(1, 17, width))
        self.layers = nn.ModuleList(Layer(width, heads, rate) for _ in range(depth))
        self.norm, self.classify = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, images: Tensor) -> Tensor:
        x = self.patches(images).flatten(2).mT
        x = torch.cat([self.first.repeat(x.shape[0], 1, 1), x], dim=1) + self.places
        for layer in self.layers:
            x = layer(x)
        scores: Tensor = self.classify(self.norm(x[:, 0]))
        return scores


def renamed(path: str) -> str:
    """What the port calls a path of the original's."""
    for old, new in NAMES.items():
        path = path.replace(old, new)
    return path


def ported() -> Port:
    """The port in evaluation, with the original's weights."""
    weights = torch.load(WEIGHTS, weights_only=True)
    model = Port().eval()
    model.load_state_dict({renamed(name): values for name, values in weights.items()})
    return model


def make() -> tuple[Port, Tensor, dict[str, Any]]:
    """What `isograd parity port.py:make` looks at."""
    images, labels = examples("test")
    return (
        ported(),
        images[:8],
        {"y": labels[:8], "loss": ig.CrossEntropyLoss(), "optimizer": ig.SGD(0.1, momentum=0.9)},
    )


if __name__ == "__main__":
    print("port:    ", told(ported()))
