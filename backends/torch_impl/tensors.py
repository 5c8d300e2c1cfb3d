"""Modules for functions of tensors, which torch.nn leaves to torch itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from isograd.core.layers import Binary, MaxDim, MinDim, Number, Reduce, TopK
from isograd.core.layers.pairs import check_divisor


class Applied(nn.Module):
    """function(*values, *arguments, **options): the same arguments and options whenever it is called"""

    def __init__(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> None:
        super().__init__()
        self.function, self.arguments, self.options = function, arguments, options

    def forward(self, *x: Tensor) -> Any:
        y = self.function(*x, *self.arguments, **self.options)
        return y if isinstance(y, Tensor) else tuple(y)

    def extra_repr(self) -> str:
        named = getattr(self.function, "__name__", str(self.function))
        return ", ".join([named, *map(str, self.arguments), *(f"{k}={v}" for k, v in self.options.items())])


UNARY: dict[str, Callable[..., Tensor]] = {
    "exp": torch.exp,
    "exp2": torch.exp2,
    "expm1": torch.expm1,
    "log": torch.log,
    "log2": torch.log2,
    "log10": torch.log10,
    "log1p": torch.log1p,
    "sqrt": torch.sqrt,
    "rsqrt": torch.rsqrt,
    "square": torch.square,
    "reciprocal": torch.reciprocal,
    "abs": torch.abs,
    "neg": torch.neg,
    "sign": torch.sign,
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "asin": torch.asin,
    "acos": torch.acos,
    "atan": torch.atan,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "erf": torch.erf,
    "floor": torch.floor,
    "ceil": torch.ceil,
    "round": torch.round,
    "trunc": torch.trunc,
    "isnan": torch.isnan,
    "isinf": torch.isinf,
    "isfinite": torch.isfinite,
}

PAIRS: dict[str, Callable[..., Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "floor_divide": partial(torch.div, rounding_mode="floor"),
    "trunc_divide": partial(torch.div, rounding_mode="trunc"),
    "remainder": torch.remainder,
    "fmod": torch.fmod,
    "pow": torch.pow,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "atan2": torch.atan2,
}

ASKED: dict[str, Callable[..., Tensor]] = {
    "eq": torch.eq,
    "ne": torch.ne,
    "lt": torch.lt,
    "le": torch.le,
    "gt": torch.gt,
    "ge": torch.ge,
    "and": torch.bitwise_and,
    "or": torch.bitwise_or,
    "xor": torch.bitwise_xor,
    "not": torch.bitwise_not,
}


class Divided(Applied):
    """A function of two tensors that may be whole numbers, of which none is divided by 0."""

    def __init__(self, s: Binary) -> None:
        super().__init__(PAIRS[s.function])
        self.spec = s

    def forward(self, a: Tensor, b: Tensor) -> Tensor:  # type: ignore[override]
        if not b.is_floating_point():
            check_divisor(self.spec, not bool(b.all()))
        y: Tensor = self.function(a, b)
        return y


class WithNumber(nn.Module):
    """function(x, number), or function(number, x)"""

    def __init__(self, s: Number) -> None:
        super().__init__()
        self.function, self.number, self.reverse = PAIRS[s.function], s.number, s.reverse
        self.as_tensor = s.reverse or s.function in ("maximum", "minimum")

    def forward(self, x: Tensor) -> Tensor:
        number = torch.as_tensor(self.number, dtype=x.dtype, device=x.device) if self.as_tensor else self.number
        return self.function(number, x) if self.reverse else self.function(x, number)

    def extra_repr(self) -> str:
        return f"{self.function}, number={self.number}, reverse={self.reverse}"


def extreme(s: MaxDim | MinDim) -> nn.Module:
    """torch.max or torch.min along an axis: (values, indices)"""
    return Applied(torch.max if isinstance(s, MaxDim) else torch.min, dim=s.dim, keepdim=s.keepdim)


class First(nn.Module):
    """The first k along an axis once it is sorted: what torch.topk gives, and of equal entries those that come first"""

    def __init__(self, s: TopK) -> None:
        super().__init__()
        self.k, self.dim, self.largest = s.k, s.dim, s.largest

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        values, indices = torch.sort(x, dim=self.dim, descending=self.largest, stable=True)
        return values.narrow(self.dim, 0, self.k), indices.narrow(self.dim, 0, self.k)

    def extra_repr(self) -> str:
        return f"{self.k}, dim={self.dim}, largest={self.largest}"


class Product(nn.Module):
    """torch.prod over several axes, one after the other, from the last; torch.prod itself takes one"""

    def __init__(self, dims: tuple[int, ...] | None, keepdim: bool) -> None:
        super().__init__()
        self.dims, self.keepdim = dims, keepdim

    def forward(self, x: Tensor) -> Tensor:
        dims = range(x.ndim) if self.dims is None else {dim % x.ndim for dim in self.dims}
        for dim in sorted(dims, reverse=True):
            x = torch.prod(x, dim, keepdim=self.keepdim)
        return x

    def extra_repr(self) -> str:
        return f"dims={self.dims}, keepdim={self.keepdim}"


class LogSumExp(Product):
    """torch.logsumexp, which must be told its axes"""

    def forward(self, x: Tensor) -> Tensor:
        return torch.logsumexp(x, tuple(range(x.ndim)) if self.dims is None else self.dims, self.keepdim)


def reduction(s: Reduce) -> nn.Module:
    """The function of torch of that name, told its axes."""
    over = {"dim": s.dims, "keepdim": s.keepdim}
    every = {"dim": s.dims or (), "keepdim": s.keepdim}
    match s.function:
        case "prod":
            return Product(s.dims, s.keepdim)
        case "logsumexp":
            return LogSumExp(s.dims, s.keepdim)
        case "amax":
            return Applied(torch.amax, **every)
        case "amin":
            return Applied(torch.amin, **every)
        case "norm":
            return Applied(torch.linalg.vector_norm, ord=s.ord, **over)
        case "var":
            return Applied(torch.var, correction=s.correction, **over)
        case "std":
            return Applied(torch.std, correction=s.correction, **over)
        case "any":
            return Applied(torch.any, **over)
        case "all":
            return Applied(torch.all, **over)
        case "mean":
            return Applied(torch.mean, **over)
    return Applied(torch.sum, **over)
