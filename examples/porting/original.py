"""The original: a small vision transformer for the digits. `python original.py` trains it and writes original.pt."""

from __future__ import annotations

from typing import cast

import torch
from digits import examples, told
from torch import Tensor, nn

WEIGHTS = "original.pt"


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, t, d = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * (d // self.heads) ** -0.5).softmax(dim=-1)
        return cast(Tensor, self.proj((weights @ v).transpose(1, 2).reshape(n, t, d)))


class Block(nn.Module):
    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.fc1 = nn.Linear(width, 4 * width)
        self.act = nn.GELU(approximate="tanh")
        self.drop = nn.Dropout(dropout)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return cast(Tensor, x + self.fc2(self.drop(self.act(self.fc1(self.norm2(x))))))


class VisionTransformer(nn.Module):
    """Images (n,1,8,8) as 16 patches and a class token; scores (n,10) of the class token."""

    def __init__(self, width: int = 32, depth: int = 3, heads: int = 4, dropout: float = 0.1) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.pos_embed = nn.Parameter(torch.randn(1, 17, width) * 0.02)
        self.patch_embed = nn.Conv2d(1, width, 2, stride=2)
        self.blocks = nn.Sequential(*(Block(width, heads, dropout) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, 10)

    def forward(self, images: Tensor) -> Tensor:
        x = self.patch_embed(images).flatten(2).transpose(1, 2)
        x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), dim=1) + self.pos_embed
        return cast(Tensor, self.head(self.norm(self.blocks(x))[:, 0]))


def trained(epochs: int = 10) -> VisionTransformer:
    torch.manual_seed(0)
    model, (images, labels) = VisionTransformer(), examples("train")
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(epochs):
        for rows in torch.split(torch.randperm(len(images)), 60):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[rows]), labels[rows]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return model


def released() -> VisionTransformer:
    """The original as its authors give it away: in evaluation, with its weights."""
    model = VisionTransformer().eval()
    model.load_state_dict(torch.load(WEIGHTS, weights_only=True))
    return model


if __name__ == "__main__":
    torch.save(trained().state_dict(), WEIGHTS)
    print("original:", told(released()))
