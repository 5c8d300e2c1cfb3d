"""The modules that torch.nn lacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from isograd.core import layers
from isograd.core.base.types import Shape
from isograd.core.engine.context import Run
from isograd.core.layers import Dropout, Upsample
from isograd.core.layers.conv import Convolution
from isograd.core.layers.dropout import DROPPED


class Unflattened(nn.Module):
    """(N, …) → (N, *shape)"""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], *self.shape)

    def extra_repr(self) -> str:
        return str(self.shape)


class Elementwise(nn.Module):
    """A function of two tensors, applied from left to right."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *x: Tensor) -> Tensor:
        return reduce(self.function, x)

    def extra_repr(self) -> str:
        return self.function.__name__


class Joined(nn.Module):
    """torch.cat along `dim`"""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, *x: Tensor) -> Tensor:
        return torch.cat(x, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class GlobalMean(nn.Module):
    """(N, C, …) → (N, C)"""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(2).mean(2)


class OneHot(nn.Module):
    """F.one_hot, in the dtype of the network"""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.register_buffer("like", torch.zeros(()), persistent=False)  # follows .to(dtype)

    like: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return functional.one_hot(x, self.classes).type_as(self.like)

    def extra_repr(self) -> str:
        return str(self.classes)


class EmbeddingBag(nn.EmbeddingBag):
    """nn.EmbeddingBag whose second input is per_sample_weights: bags are as long as each other"""

    def forward(self, x: Tensor, weights: Tensor | None = None) -> Tensor:  # type: ignore[override]
        return super().forward(x, per_sample_weights=weights)


class LastStep(nn.Module):
    """(N, T, F) → (N, F): the last step, or step lengths − 1"""

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        if lengths is None:
            return x[:, -1]
        at = (lengths - 1)[:, None, None].expand(-1, 1, x.shape[2])
        return x.gather(1, at).squeeze(1)


def convolution(kind: type[nn.Module], s: Convolution, channels: int) -> nn.Module:
    """nn.Conv1d, 2d or 3d; where the two sides of an axis differ, which nn.Conv cannot say, F.pad goes before it.

    So it does for "same" with an odd total, about which nn.Conv warns: the odd place goes after.
    """
    axes = 1 if kind is nn.Conv1d else 2 if kind is nn.Conv2d else 3
    pairs: list[Any] = list(s.padding) if isinstance(s.padding, tuple) else []
    if axes == 1 and len(pairs) == 2:
        pairs = [tuple(pairs)]
    if s.padding == "same":
        kernel, dilation = (v if isinstance(v, tuple) else (v,) * axes for v in (s.kernel_size, s.dilation))
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        pairs = [(total // 2, total - total // 2) for total in totals]
    pairs = [pair if isinstance(pair, tuple) else (pair, pair) for pair in pairs]
    uneven = any(before != after for before, after in pairs)
    padding: Any = 0 if uneven else tuple(before for before, _ in pairs) or s.padding
    conv = kind(
        channels, s.out_channels, s.kernel_size, s.stride, padding, s.dilation, s.groups, s.bias, s.padding_mode
    )
    if uneven:
        sides = [side for pair in reversed(pairs) for side in pair]
        conv.register_forward_pre_hook(Padding(sides, "constant" if s.padding_mode == "zeros" else s.padding_mode))
    return conv


@dataclass(frozen=True)
class Padding:
    """A hook that pads what a module is given, and can be copied and pickled with it."""

    sides: list[int]
    mode: str

    def __call__(self, module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return (functional.pad(args[0], self.sides, self.mode), *args[1:])


class Hardsigmoid(nn.Module):
    """relu6(x + 3) / 6: nn.Hardsigmoid's gradient is 1/6 rounded to float32, in float64 too."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu6(x + 3) / 6


def remembering(kind: Callable[..., nn.Module], s: Any, channels: int) -> nn.Module:
    """nn.BatchNorm or nn.InstanceNorm"""
    return kind(channels, s.eps, s.momentum, s.affine, s.track_running_stats, **unbiased(s))


def unbiased(s: Any) -> dict[str, bool]:
    """bias=False where it is asked for: not every version of torch knows the option."""
    return {} if s.bias else {"bias": False}


class Antialiased(nn.Module):
    """functional.interpolate with antialias=True, which nn.Upsample cannot say.

    To images of width 1 its CPU kernel copies the first row of y into every other, so that they are resampled lying on
    their side.
    """

    def __init__(self, spec: Upsample, shape: Shape) -> None:
        super().__init__()
        self.mode, self.align_corners = spec.mode, spec.align_corners
        self.recompute_scale_factor = spec.recompute_scale_factor or None
        given: list[Any] = [spec.size, spec.scale_factor]
        size, factor = (v[-1] if isinstance(v, tuple) else v for v in given)
        self.lying = (int(shape[-1] * factor) if size is None else size) == 1
        self.size, self.scale_factor = (v[::-1] if self.lying and isinstance(v, tuple) else v for v in given)

    def forward(self, x: Tensor) -> Tensor:
        x = x.mT if self.lying else x
        given = (self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor)
        y = functional.interpolate(x, *given, antialias=True)
        return y.mT if self.lying else y

    def extra_repr(self) -> str:
        return f"size={self.size}, scale_factor={self.scale_factor}, mode={self.mode!r}"


class BookDropout(nn.Module):
    """Dropout that leaves training unscaled and multiplies by 1−p in evaluation; `channels` drops them whole."""

    def __init__(self, p: float, *, channels: bool = False) -> None:
        super().__init__()
        self.p, self.channels = p, channels

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x * (1 - self.p)
        ones: list[Any] = [slice(1)] * (x.ndim - 2)
        return x * (torch.rand_like(x[..., *ones] if self.channels else x) >= self.p)

    def extra_repr(self) -> str:
        return f"p={self.p}, channels={self.channels}"


class Masked(nn.Module):
    """A module whose dropout masks come from isograd's own streams, the same numbers for every backend.

    `run` is set by the network before each forward: it knows the seed and the step, `path` the node.
    """

    run = Run()
    path = ""

    def kept(
        self,
        shape: Shape,
        p: float,
        like: Tensor,
        *,
        scaled: bool = True,
        purpose: str = "dropout",
        by_row: bool = True,
    ) -> Tensor:
        """1 (scaled: 1/(1−p)) where u ≥ p, else 0; u ~ U[0, 1) of `shape`, batch first"""
        uniform = torch.from_numpy(self.run.at(self.path).random(shape, purpose, by_row=by_row))
        mask = (uniform >= p).to(like.device, like.dtype)
        return mask / (1 - p) if scaled and p < 1 else mask


class GivenMaskDropout(Masked):
    """Dropout with the masks of the node `path`."""

    def __init__(self, spec: Dropout, path: str) -> None:
        super().__init__()
        self.spec, self.path = spec, path

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x * (1 - self.spec.p) if self.spec.scale == "inference" else x
        shape = (len(x), *self.spec.mask_shape(tuple(x.shape[1:])))
        return x * self.kept(shape, self.spec.p, x, scaled=self.spec.scale == "training")

    def extra_repr(self) -> str:
        return f"p={self.spec.p}, masks of {self.path!r}"


class StochasticDepth(Masked):
    """torchvision.ops.StochasticDepth; with a path, by the masks of that node."""

    def __init__(self, spec: layers.StochasticDepth, path: str = "") -> None:
        super().__init__()
        self.p, self.mode, self.path = spec.p, spec.mode, path

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        by_row = self.mode == "row"
        shape = (len(x) if by_row else 1, *[1] * (x.ndim - 1))
        if self.path:
            return x * self.kept(shape, self.p, x, by_row=by_row)
        return x * functional.dropout(x.new_ones(shape), self.p)

    def extra_repr(self) -> str:
        return f"p={self.p}, mode={self.mode!r}" + (f", masks of {self.path!r}" if self.path else "")


class GivenMaskAlphaDropout(Masked):
    """nn.AlphaDropout or nn.FeatureAlphaDropout with the masks of the node `path`."""

    def __init__(self, spec: layers.AlphaDropout, path: str) -> None:
        super().__init__()
        self.spec, self.path = spec, path

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        a, b = self.spec.scale_and_shift
        mask = self.kept((len(x), *self.spec.mask_shape(tuple(x.shape[1:]))), self.spec.p, x, scaled=False)
        return a * (x * mask + DROPPED * (1 - mask)) + b

    def extra_repr(self) -> str:
        return f"p={self.spec.p}, masks of {self.path!r}"


class GivenSlopes(Masked):
    """nn.RReLU with the slopes of the node `path`."""

    def __init__(self, spec: layers.RReLU, path: str) -> None:
        super().__init__()
        self.lower, self.upper, self.path = spec.lower, spec.upper, path

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return functional.rrelu(x, self.lower, self.upper)
        uniform = torch.from_numpy(self.run.at(self.path).random(tuple(x.shape), "slopes"))
        slope = (self.lower + (self.upper - self.lower) * uniform).to(x.device, x.dtype)
        return torch.where(x > 0, x, slope * x)

    def extra_repr(self) -> str:
        return f"{self.lower}, {self.upper}, slopes of {self.path!r}"
