"""The derivatives that the record knows, one line each; `autodiff.py` holds the walk and knows none of them.

    rule(y = f(*arguments, **options), one gradient an argument: (dy, y, *arguments, **options) ↦ d argument)

A gradient may have the shape of y where the argument was broadcast: the walk sums it up. None: no derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from math import pi, prod, sqrt
from typing import Any, NamedTuple

import numpy as np

from isograd.core.base.arrays import NUMPY, Axis
from isograd.core.base.types import Array

Gradient = Callable[..., Any]


class Rule(NamedTuple):
    """y = forward(*arguments, **options), and the gradient of argument k, gradient(k)(dy, y, *arguments, **options)."""

    forward: Callable[..., Any]
    gradient: Callable[[int], Gradient | None]


def rule(forward: Callable[..., Any], *gradients: Gradient | None) -> Rule:
    """A function of so many arguments."""
    return Rule(forward, lambda k: gradients[k])


def as_matrices(dy: Array, a: Array, b: Array) -> tuple[Array, Array, Array]:
    """(dy, a, b) of y = a b, a vector a as one row, a vector b as one column."""
    if b.ndim == 1:
        dy, b = dy[..., None], b[:, None]
    return (dy[..., None, :], a[None], b) if a.ndim == 1 else (dy, a, b)


def matmul_da(dy: Array, y: Array, a: Array, b: Array) -> Array:
    """da = dy bᵀ"""
    dy, _, columns = as_matrices(dy, a, b)
    return dy @ columns.swapaxes(-1, -2)


def matmul_db(dy: Array, y: Array, a: Array, b: Array) -> Array:
    """db = aᵀ dy"""
    dy, rows, _ = as_matrices(dy, a, b)
    db: Array = rows.swapaxes(-1, -2) @ dy
    return db[..., 0] if b.ndim == 1 else db


def picks(key: Any) -> bool:
    """Whether an index holds arrays, which may name an entry several times."""
    parts = key if isinstance(key, tuple) else (key,)
    return any(isinstance(part, (np.ndarray, list)) for part in parts)


def scattered(dy: Array, y: Array, x: Array, key: Any) -> Array:
    """dx[key] += dy, again and again where an entry was read several times"""
    dx = np.zeros_like(x)
    if picks(key):
        np.add.at(dx, key, dy)
    else:
        dx[key] += dy
    return dx


def axes_of(x: Array, axis: Axis) -> tuple[int, ...]:
    """The axes that a reduction runs over, counted from 0."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(sorted(a % x.ndim for a in axes))


def spread(values: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    """What a reduction of x left, repeated along the axes that it ran over."""
    return np.broadcast_to(values if keepdims else np.expand_dims(values, axes_of(x, axis)), x.shape)


def mean_dx(dy: Array, y: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    """dx = dy / count"""
    count = prod(x.shape[a] for a in axes_of(x, axis))
    return spread(dy / count, x, axis, keepdims)


def max_dx(dy: Array, y: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    """dx = dy at the first largest entry, 0 elsewhere"""
    axes = axes_of(x, axis)
    kept = tuple(a for a in range(x.ndim) if a not in axes)
    rows = x.transpose(*kept, *axes).reshape(*(x.shape[a] for a in kept), -1)
    first = np.arange(rows.shape[-1]) == rows.argmax(-1)[..., None]
    mask = first.reshape([x.shape[a] for a in (*kept, *axes)]).transpose(np.argsort((*kept, *axes)))
    return np.where(mask, spread(dy, x, axis, keepdims), 0)


def to_the_larger(dy: Array, a: Any, b: Any) -> Array:
    """dy where a > b, half of it where both are equal, 0 elsewhere."""
    return np.where(np.greater(a, b), dy, np.where(np.equal(a, b), dy / 2, 0))


def power_da(dy: Array, y: Array, a: Array, b: Any) -> Array:
    """da = dy · b aᵇ⁻¹, and 0 where b = 0"""
    less = np.where(b == 0, 0, b - 1) if isinstance(b, np.ndarray) else b - 1 if b else 0
    da: Array = dy * b * np.power(a, less)
    return da


def power_db(dy: Array, y: Array, a: Any, b: Array) -> Array:
    """db = dy · y ln a, and 0 where a = 0: 0ᵇ stays 0"""
    base = np.asarray(a, y.dtype)
    return dy * y * np.log(np.where(base == 0, 1, base))


def over_squares(x: Any, a: Any, b: Any) -> Any:
    """x / (a² + b²), and 0 at (0, 0)"""
    squares = a * a + b * b
    return x / np.where(squares == 0, 1, squares)


def joined(k: int) -> Gradient:
    """The slice of dy that array k became."""

    def gradient(dy: Array, y: Array, *arrays: Array, axis: int) -> Array:
        start, stop = list(accumulate((array.shape[axis] for array in arrays), initial=0))[k : k + 2]
        return np.moveaxis(np.moveaxis(dy, axis, 0)[start:stop], 0, axis)

    return gradient


def inside(dy: Array, y: Array, x: Array, widths: Sequence[tuple[int, int]], value: float) -> Array:
    """dx = dy without its borders"""
    return dy[tuple(slice(before, before + size) for (before, _), size in zip(widths, x.shape, strict=True))]


RULES: dict[str, Rule] = {
    "add": rule(np.add, lambda dy, y, a, b: dy, lambda dy, y, a, b: dy),
    "subtract": rule(np.subtract, lambda dy, y, a, b: dy, lambda dy, y, a, b: -dy),
    "multiply": rule(np.multiply, lambda dy, y, a, b: dy * b, lambda dy, y, a, b: dy * a),
    "divide": rule(np.divide, lambda dy, y, a, b: dy / b, lambda dy, y, a, b: -dy * y / b),
    "power": rule(np.power, power_da, power_db),
    "negative": rule(np.negative, lambda dy, y, x: -dy),
    "matmul": rule(np.matmul, matmul_da, matmul_db),
    "index": rule(lambda x, key: x[key], scattered),
    "exp": rule(np.exp, lambda dy, y, x: dy * y),
    "expm1": rule(np.expm1, lambda dy, y, x: dy * (y + 1)),
    "log": rule(np.log, lambda dy, y, x: dy / x),
    "log1p": rule(np.log1p, lambda dy, y, x: dy / (1 + x)),
    "sqrt": rule(np.sqrt, lambda dy, y, x: dy / (2 * y)),
    "sin": rule(np.sin, lambda dy, y, x: dy * np.cos(x)),
    "cos": rule(np.cos, lambda dy, y, x: -dy * np.sin(x)),
    "tanh": rule(np.tanh, lambda dy, y, x: dy * (1 - y * y)),
    "sigmoid": rule(NUMPY.sigmoid, lambda dy, y, x: dy * y * (1 - y)),
    "erf": rule(NUMPY.erf, lambda dy, y, x: dy * (2 / sqrt(pi)) * np.exp(-x * x)),
    "abs": rule(np.abs, lambda dy, y, x: dy * np.sign(x)),
    "floor": rule(np.floor, None),
    "atan2": rule(
        np.arctan2,
        lambda dy, y, a, b: dy * over_squares(b, a, b),
        lambda dy, y, a, b: -dy * over_squares(a, a, b),
    ),
    "maximum": rule(
        np.maximum, lambda dy, y, a, b: to_the_larger(dy, a, b), lambda dy, y, a, b: to_the_larger(dy, b, a)
    ),
    "minimum": rule(
        np.minimum, lambda dy, y, a, b: to_the_larger(dy, b, a), lambda dy, y, a, b: to_the_larger(dy, a, b)
    ),
    "clip": rule(
        lambda x, low, high: np.clip(x, low, high), lambda dy, y, x, low, high: dy * ((x >= low) & (x <= high))
    ),
    "where": rule(
        np.where, None, lambda dy, y, mask, a, b: np.where(mask, dy, 0), lambda dy, y, mask, a, b: np.where(mask, 0, dy)
    ),
    "sum": rule(np.sum, lambda dy, y, x, axis, keepdims: spread(dy, x, axis, keepdims)),
    "mean": rule(np.mean, mean_dx),
    "max": rule(np.max, max_dx),
    "reshape": rule(lambda x, shape: x.reshape(shape), lambda dy, y, x, shape: dy.reshape(x.shape)),
    "permute_dims": rule(np.transpose, lambda dy, y, x, axes: dy.transpose(np.argsort(np.mod(axes, x.ndim)))),
    "swapaxes": rule(
        lambda x, first, second: x.swapaxes(first, second), lambda dy, y, x, first, second: dy.swapaxes(first, second)
    ),
    "broadcast_to": rule(np.broadcast_to, lambda dy, y, x, shape: dy),
    "concat": Rule(lambda *arrays, axis: np.concatenate(arrays, axis), joined),
    "stack": Rule(
        lambda *arrays, axis: np.stack(arrays, axis), lambda k: lambda dy, y, *arrays, axis: dy.take(k, axis)
    ),
    "pad": rule(NUMPY.pad, inside),
}
