"""The modules that torch.nn lacks."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor, nn

from isograd.core.layers import Dropout
from isograd.core.run import Run


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


class BookDropout(nn.Module):
    """Dropout that leaves training unscaled and multiplies by 1−p in evaluation."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return x * (torch.rand_like(x) >= self.p) if self.training else x * (1 - self.p)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class GivenMaskDropout(nn.Module):
    """Dropout whose masks come from isograd's own streams, the same numbers for every backend.

    `run` is set by the network before each forward: it knows the seed and the step, `path` the node.
    """

    def __init__(self, spec: Dropout, path: str) -> None:
        super().__init__()
        self.spec, self.path, self.run = spec, path, Run()

    def forward(self, x: Tensor) -> Tensor:
        keep = 1 - self.spec.p
        if not self.training:
            return x * keep if self.spec.scale == "inference" else x
        uniform = torch.from_numpy(self.run.at(self.path).random(tuple(x.shape)))
        kept = (uniform >= self.spec.p).to(x.device, x.dtype)
        if self.spec.scale == "training":
            kept = kept / keep if keep else kept * 0
        return x * kept

    def extra_repr(self) -> str:
        return f"p={self.spec.p}, masks of {self.path!r}"
