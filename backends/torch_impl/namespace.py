"""The array namespace on PyTorch tensors, written down line by line: autograd differentiates it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from isograd.core.base.arrays import Axis, Namespace, Widths
from isograd.core.base.types import Shape


def _dims(x: Tensor, axis: Axis) -> tuple[int, ...]:
    """The axes that a reduction runs over."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(a % x.ndim for a in axes)


def _tensor(value: Any, like: Any) -> Tensor:
    return torch.as_tensor(value, dtype=like.dtype, device=like.device)


def _pair(a: Any, b: Any) -> tuple[Tensor, Tensor]:
    """Both as tensors; a number takes the other's dtype."""
    return (a, _tensor(b, a)) if isinstance(a, Tensor) else (_tensor(a, b), b)


class TensorFunctions(Namespace):
    """What a PyTorch user would call."""

    def exp(self, x: Tensor) -> Tensor:
        return torch.exp(x)

    def expm1(self, x: Tensor) -> Tensor:
        return torch.expm1(x)

    def log(self, x: Tensor) -> Tensor:
        return torch.log(x)

    def log1p(self, x: Tensor) -> Tensor:
        return torch.log1p(x)

    def sqrt(self, x: Tensor) -> Tensor:
        return torch.sqrt(x)

    def sin(self, x: Tensor) -> Tensor:
        return torch.sin(x)

    def cos(self, x: Tensor) -> Tensor:
        return torch.cos(x)

    def tanh(self, x: Tensor) -> Tensor:
        return torch.tanh(x)

    def sigmoid(self, x: Tensor) -> Tensor:
        return torch.sigmoid(x)

    def erf(self, x: Tensor) -> Tensor:
        return torch.erf(x)

    def abs(self, x: Tensor) -> Tensor:
        return torch.abs(x)

    def floor(self, x: Tensor) -> Tensor:
        return torch.floor(x)

    def atan2(self, a: Any, b: Any) -> Tensor:
        return torch.atan2(*_pair(a, b))

    def maximum(self, a: Any, b: Any) -> Tensor:
        return torch.maximum(*_pair(a, b))

    def minimum(self, a: Any, b: Any) -> Tensor:
        return torch.minimum(*_pair(a, b))

    def clip(self, x: Tensor, low: float, high: float) -> Tensor:
        """torch.clamp's values; its derivative at the ends has changed from version to version."""
        return torch.where((x >= low) & (x <= high), x, torch.clamp(x.detach(), low, high))

    def where(self, condition: Any, a: Any, b: Any) -> Tensor:
        first, second = _pair(a, b)
        return torch.where(torch.as_tensor(condition, device=first.device), first, second)

    def sum(self, x: Tensor, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return torch.sum(x, dim=axis, keepdim=keepdims)

    def mean(self, x: Tensor, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return torch.mean(x, dim=axis, keepdim=keepdims)

    def max(self, x: Tensor, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """By torch.max over one axis, which picks the first of equal ones; amax would share the gradient out."""
        dims = _dims(x, axis)
        kept = [d for d in range(x.ndim) if d not in dims]
        rows = torch.permute(x, (*kept, *sorted(dims))).reshape([*(x.shape[d] for d in kept), -1])
        y = torch.max(rows, dim=-1).values
        return y.reshape([1 if d in dims else x.shape[d] for d in range(x.ndim)]) if keepdims else y

    def reshape(self, x: Tensor, shape: Shape) -> Tensor:
        return torch.reshape(x, shape)

    def permute_dims(self, x: Tensor, axes: tuple[int, ...]) -> Tensor:
        return torch.permute(x, axes)

    def swapaxes(self, x: Tensor, first: int, second: int) -> Tensor:
        return torch.swapaxes(x, first, second)

    def broadcast_to(self, x: Tensor, shape: Shape) -> Tensor:
        return torch.broadcast_to(x, shape)

    def concat(self, arrays: Sequence[Tensor], *, axis: int = 0) -> Tensor:
        return torch.concat(list(arrays), dim=axis)

    def stack(self, arrays: Sequence[Tensor], *, axis: int = 0) -> Tensor:
        return torch.stack(list(arrays), dim=axis)

    def pad(self, x: Tensor, widths: Widths, *, value: float = 0.0) -> Tensor:
        return functional.pad(x, [side for pair in reversed(widths) for side in pair], value=value)

    def zeros_like(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x)

    def ones_like(self, x: Tensor) -> Tensor:
        return torch.ones_like(x)

    def constant(self, values: Any, like: Any) -> Tensor:
        if isinstance(like, np.dtype):
            return torch.as_tensor(np.asarray(values, like))
        return _tensor(np.asarray(values), like)

    def stop_gradient(self, x: Tensor) -> Tensor:
        return x.detach()


TENSORS = TensorFunctions()
