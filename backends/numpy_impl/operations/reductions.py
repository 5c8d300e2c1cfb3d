"""Sums and their kin over axes: what each entry adds to y is its share of dy."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import CumProd, CumSum, Reduce

Axes = tuple[int, ...]
Made = tuple[Array, Callable[[Array], Array]]
"""(y with its axes kept, dy with its axes kept ↦ dx)"""


def total(spec: Reduce, x: Array, axes: Axes) -> Made:
    """y = Σ x        dx = dy"""
    return x.sum(axes, keepdims=True), lambda dy: np.broadcast_to(dy, x.shape)


def mean(spec: Reduce, x: Array, axes: Axes) -> Made:
    """y = Σ x / n        dx = dy / n"""
    count = prod(x.shape[axis] for axis in axes)
    return x.mean(axes, keepdims=True), lambda dy: np.broadcast_to(dy / count, x.shape)


def product(spec: Reduce, x: Array, axes: Axes) -> Made:
    """y = Π x        dx = dy ⊙ the product of all others, which no division could tell where one is 0"""

    def dx(dy: Array) -> Array:
        last = tuple(range(-len(axes), 0))
        moved = np.moveaxis(x, axes, last)
        rows = moved.reshape(*moved.shape[: x.ndim - len(axes)], -1)
        before, behind = np.ones_like(rows), np.ones_like(rows)
        np.cumprod(rows[..., :-1], -1, out=before[..., 1:])
        np.cumprod(rows[..., :0:-1], -1, out=behind[..., -2::-1])
        return np.moveaxis((before * behind).reshape(moved.shape), last, axes) * dy

    return x.prod(axes, keepdims=True), dx


def largest(spec: Reduce, x: Array, axes: Axes) -> Made:
    """y = max x        dx = dy, shared by all entries that are as large"""
    return shared(x, x.max(axes, keepdims=True), axes)


def smallest(spec: Reduce, x: Array, axes: Axes) -> Made:
    """y = min x        dx = dy, shared by all entries that are as small"""
    return shared(x, x.min(axes, keepdims=True), axes)


def shared(x: Array, y: Array, axes: Axes) -> Made:
    """dx = dy / how many, where x = y"""

    def dx(dy: Array) -> Array:
        chosen = x == y
        share: Array = chosen * (dy / chosen.sum(axes, keepdims=True).astype(dy.dtype))
        return share

    return y, dx


def log_sum_exp(spec: Reduce, x: Array, axes: Axes) -> Made:
    """y = m + ln Σ eˣ⁻ᵐ,  m = max x        dx = dy ⊙ eˣ⁻ʸ"""
    top = x.max(axes, keepdims=True)
    top[~np.isfinite(top)] = 0  # ∞ − ∞ is no number; what is infinite stays so without
    y = top + np.log(np.exp(x - top).sum(axes, keepdims=True))
    return y, lambda dy: dy * np.exp(x - y)


def norm(spec: Reduce, x: Array, axes: Axes) -> Made:
    """y = ‖x‖, the norm of order p = ord"""
    return norm_of(x, axes, spec.ord)


def norm_of(x: Array, axes: Axes, order: float) -> Made:
    """y = (Σ |x|ᵖ)^(1/p)        dx = dy ⊙ sign x ⊙ (|x|/y)ᵖ⁻¹, 0 where y = 0; p = ∞: that of the largest |x|"""
    size = np.abs(x)
    if order == np.inf:
        y, of_largest = shared(size, size.max(axes, keepdims=True), axes)
        return y, lambda dy: np.sign(x) * of_largest(dy)
    power = float(order)
    y = (size**power).sum(axes, keepdims=True) ** (1 / power)

    def dx(dy: Array) -> Array:
        safe = np.where(y == 0, 1, y)
        with np.errstate(divide="ignore"):  # (|x|/y)ᵖ⁻¹ of 0 for p < 1
            return np.where(x == 0, 0, dy * np.sign(x) * (size / safe) ** (power - 1))

    return y, dx


def variance(spec: Reduce, x: Array, axes: Axes) -> Made:
    """y = Σ (x − μ)² / m,  m = n − correction        dx = dy ⊙ 2 (x − μ) / m"""
    away = x - x.mean(axes, keepdims=True)
    count = x.dtype.type(max(prod(x.shape[axis] for axis in axes) - spec.correction, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):  # one value has no spread: NaN
        y, share = (away * away).sum(axes, keepdims=True) / count, 2 / count
    return y, lambda dy: dy * share * away


def deviation(spec: Reduce, x: Array, axes: Axes) -> Made:
    """y = √var        dx = dy/2y ⊙ ∂var, 0 where y = 0"""
    squared, of_variance = variance(spec, x, axes)
    y = np.sqrt(squared)

    def dx(dy: Array) -> Array:
        return of_variance(np.where(y == 0, 0, dy / np.where(y == 0, 1, 2 * y)))

    return y, dx


def any_of(spec: Reduce, x: Array, axes: Axes) -> Made:
    """y = is one other than 0?"""
    return np.asarray(x.any(axes, keepdims=True)), np.zeros_like


def all_of(spec: Reduce, x: Array, axes: Axes) -> Made:
    """y = are all other than 0?"""
    return np.asarray(x.all(axes, keepdims=True)), np.zeros_like


REDUCED: dict[str, Callable[[Reduce, Array, Axes], Made]] = {
    "sum": total,
    "mean": mean,
    "prod": product,
    "amax": largest,
    "amin": smallest,
    "any": any_of,
    "all": all_of,
    "logsumexp": log_sum_exp,
    "norm": norm,
    "var": variance,
    "std": deviation,
}


@implements(Reduce)
def reduce(spec: Reduce, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = f(x over dims)        dx: dy, where y stands for it, as the function says"""
    axes = tuple(range(x.ndim)) if spec.dims is None else tuple(sorted({dim % x.ndim for dim in spec.dims}))
    kept, dx = REDUCED[spec.function](spec, x, axes)

    def backward(dy: Array) -> tuple[Array, State]:
        return dx(dy if spec.keepdim else np.expand_dims(dy, axes)), {}

    return kept if spec.keepdim else kept.squeeze(axes), backward


@implements(CumSum)
def cumsum(spec: CumSum, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[k] = x[0] + … + x[k]        dx[k] = dy[k] + … + dy[last]"""

    def backward(dy: Array) -> tuple[Array, State]:
        return np.flip(np.flip(dy, spec.dim).cumsum(spec.dim), spec.dim), {}

    return x.cumsum(spec.dim, dtype=counted(x)), backward


@implements(CumProd)
def cumprod(spec: CumProd, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[k] = x[0] · … · x[k]        dx[k] = y[k−1] · s[k],   s[k] = dy[k] + x[k+1] · s[k+1]: right where x is 0 too"""
    y = x.cumprod(spec.dim, dtype=counted(x))

    def backward(dy: Array) -> tuple[Array, State]:
        values, before, s = (np.moveaxis(v, spec.dim, 0) for v in (x, y, dy.copy()))
        for k in range(len(s) - 2, -1, -1):
            s[k] += values[k + 1] * s[k + 1]
        s[1:] *= before[:-1]
        return np.moveaxis(s, 0, spec.dim), {}

    return y, backward


def counted(x: Array) -> Any:
    """The dtype of running sums: whole numbers of booleans."""
    return x.dtype if x.dtype.kind == "f" else np.int64
