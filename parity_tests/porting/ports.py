"""The same two in another style: other names, functions in place of modules. Options plant what a port gets wrong."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Unit(nn.Module):
    def __init__(
        self, width: int, out: int, step: int, *, eps: float, momentum: float, form: str, left: bool, early: bool
    ) -> None:
        super().__init__()
        self.step, self.form, self.left, self.early = step, form, left, early
        self.shortcut = None
        if step > 1 or width != out:
            self.shortcut = nn.ModuleDict(
                {"conv": nn.Conv2d(width, out, 1, stride=step, bias=False), "norm": nn.BatchNorm2d(out)}
            )
        self.conv_a = nn.Conv2d(width, out, 3, stride=step, bias=False)
        self.conv_b = nn.Conv2d(out, out, 3, padding="same", bias=False)
        self.norm_a = nn.BatchNorm2d(out, eps=eps, momentum=momentum)
        self.norm_b = nn.BatchNorm2d(out)

    def forward(self, image: Tensor) -> Tensor:
        beside = image
        if self.shortcut is not None:
            beside = self.shortcut["norm"](self.shortcut["conv"](image))
        if self.step == 1:
            image = F.pad(image, (1, 1, 1, 1))
        elif self.left:
            image = F.pad(image, (1, 0, 1, 0))
        else:
            image = F.pad(image, (0, 1, 0, 1))
        image = self.conv_a(image)
        if self.early:
            image = self.norm_a(F.gelu(image, approximate=self.form))
        else:
            image = F.gelu(self.norm_a(image), approximate=self.form)
        return F.gelu(beside + self.norm_b(self.conv_b(image)))


class Cnn(nn.Module):
    """ResidualNet again: stages in one list, the shortcut first, activations and pooling as functions."""

    def __init__(
        self,
        *,
        eps: float = 1e-5,
        momentum: float = 0.1,
        form: str = "none",
        left: bool = False,
        early: bool = False,
        bias: bool = True,
        rate: float = 0.2,
    ) -> None:
        super().__init__()
        self.rate = rate
        self.entry = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        usual = {"eps": 1e-5, "momentum": 0.1, "form": "none", "left": False, "early": False}
        wrong = {"eps": eps, "momentum": momentum, "form": form, "left": left, "early": early}
        self.units = nn.ModuleList(
            [
                Unit(8, 8, 1, **usual),  # type: ignore[arg-type]
                Unit(8, 8, 1, **usual),  # type: ignore[arg-type]
                Unit(8, 16, 2, **wrong),  # type: ignore[arg-type]
                Unit(16, 16, 1, **usual),  # type: ignore[arg-type]
            ]
        )
        self.classify = nn.Linear(16, 5, bias=bias)

    def forward(self, image: Tensor) -> Tensor:
        image = self.entry(image)
        for unit in self.units:
            image = unit(image)
        image = F.dropout(image.mean((2, 3)), self.rate, self.training)
        y: Tensor = self.classify(image)
        return y


class Mixer(nn.Module):
    """Attention with the heads in front, as three products."""

    def __init__(self, size: int, heads: int, rate: float, axis: int, later: bool, flipped: bool) -> None:
        super().__init__()
        self.heads, self.rate, self.axis, self.later, self.flipped = heads, rate, axis, later, flipped
        self.into = nn.Linear(size, 3 * size)
        self.out = nn.Linear(size, size)

    def forward(self, x: Tensor) -> Tensor:
        n, t, d = x.shape
        parts = self.into(x).view(n, t, 3 * self.heads, d // self.heads).transpose(1, 2).chunk(3, dim=1)
        q, k, v = (part.reshape(n * self.heads, t, -1) for part in parts)
        ahead = torch.ones(t, t, dtype=torch.bool).triu(2 if self.later else 1)
        scores = torch.bmm(q / (d // self.heads) ** 0.5, k.mT).masked_fill(ahead, -1e9)
        weights = F.dropout(scores.softmax(self.axis), self.rate, self.training)
        mixed = torch.bmm(weights, v).view(n, self.heads, t, -1).transpose(1, 2).flatten(2)
        if self.flipped:
            return mixed @ self.out.weight + self.out.bias
        return mixed @ self.out.weight.T + self.out.bias


class Encoder(nn.Module):
    def __init__(
        self, size: int, heads: int, rate: float, *, eps: float, axis: int, later: bool, flipped: bool, form: str
    ) -> None:
        super().__init__()
        self.mixer = Mixer(size, heads, 0.1, axis, later, flipped)
        self.before_mixer = nn.LayerNorm(size, eps=eps)
        self.before_feed = nn.LayerNorm(size)
        self.feed = nn.ModuleDict({"up": nn.Linear(size, 2 * size), "down": nn.Linear(2 * size, size)})
        self.act = nn.GELU(approximate=form)
        self.drop = nn.Dropout(rate)

    def forward(self, x: Tensor) -> Tensor:
        x = self.mixer(self.before_mixer(x)) + x
        y: Tensor = self.feed["down"](self.drop(self.act(self.feed["up"](self.before_feed(x))))) + x
        return y


class Gpt(nn.Module):
    """Transformer again: a tuple in place of a dictionary."""

    def __init__(
        self,
        *,
        rate: float = 0.1,
        eps: float = 1e-5,
        axis: int = -1,
        later: bool = False,
        flipped: bool = False,
        form: str = "none",
    ) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(11, 12), nn.Parameter(torch.zeros(1, 6, 12))
        self.first = Encoder(12, 3, 0.1, eps=1e-5, axis=-1, later=False, flipped=False, form="none")
        self.second = Encoder(12, 3, rate, eps=eps, axis=axis, later=later, flipped=flipped, form=form)
        self.last, self.scores = nn.LayerNorm(12), nn.Linear(12, 11)

    def forward(self, words: Tensor) -> tuple[Tensor, Tensor]:
        x = self.words(words) + self.places[:, : words.shape[1]]
        x = self.last(self.second(self.first(x)))
        return self.scores(x), x
