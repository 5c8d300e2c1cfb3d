"""Modules of torch.nn whose own gradient is not that of their formula, written out."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class CELU(nn.Module):
    """alpha (e^(x/alpha) − 1) left of 0: nn.CELU's gradient has 1/alpha rounded to float32, in float64 too."""

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self.alpha = alpha

    def forward(self, x: Tensor) -> Tensor:
        low = torch.where(x > 0, 0.0, x)
        return torch.where(x > 0, x, self.alpha * torch.expm1(low / self.alpha))

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}"


class CosineSimilarity(nn.Module):
    """The formula of nn.CosineSimilarity, whose own gradient takes norms below eps for what they are unbounded."""

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return cosine_similarity(a, b, self.dim, self.eps)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, eps={self.eps}"


class SoftMarginLoss(nn.Module):
    """log(1 + e^(−t·p)): nn.SoftMarginLoss takes the exponential itself, which overflows where −t·p exceeds 88."""

    def __init__(self, reduction: str) -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, p: Tensor, t: Tensor) -> Tensor:
        each = torch.logaddexp(torch.zeros_like(p), -t * p)
        return each.mean() if self.reduction == "mean" else each.sum() if self.reduction == "sum" else each

    def extra_repr(self) -> str:
        return f"reduction={self.reduction!r}"


def cosine_similarity(a: Tensor, b: Tensor, dim: int, eps: float) -> Tensor:
    """F.cosine_similarity, with the gradient of its own formula where a norm is below eps as well"""
    both = torch.broadcast_shapes(a.shape, b.shape)  # type: ignore[no-untyped-call]
    a, b = a.expand(both), b.expand(both)
    long_a, long_b = (torch.linalg.vector_norm(x, dim=dim, keepdim=True) for x in (a, b))
    a, b = a / torch.where(long_a < eps, eps, long_a), b / torch.where(long_b < eps, eps, long_b)
    return (a * b).sum(dim)
