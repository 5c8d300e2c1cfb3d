"""Formulas differentiated along a direction, by the rules that the array namespace documents for each function.

    y, dy = derivative(f, x, v)        dy = ∂y/∂x · v

It is exact where central differences cannot see: where two sides differ by less than their rounding, and at kinks,
where the rule is what decides (ReLU′(0) = 0, the first of equal maxima, sign(0) = 0). Nothing is shared with an engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import pi, sqrt
from typing import Any

import numpy as np

from isograd.core.base.arrays import NUMPY, Axis, Namespace, Widths
from isograd.core.base.types import Array


class Moving:
    """An array `value` that moves with the speed `slope`, of its shape."""

    __array_ufunc__ = None  # array + Moving is ours, not NumPy's to take apart
    __hash__ = object.__hash__

    def __init__(self, value: Any, slope: Any) -> None:
        self.value = np.asarray(value)
        self.slope = np.broadcast_to(np.asarray(slope, np.float64), self.value.shape)

    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    dtype = property(lambda self: self.value.dtype)

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, key: Any) -> Any:
        return Moving(self.value[key], self.slope[key])

    def __neg__(self) -> Any:
        return Moving(-self.value, -self.slope)

    def __add__(self, other: Any) -> Any:
        return Moving(self.value + still(other), self.slope + speed(other))

    def __radd__(self, other: Any) -> Any:
        return self + other

    def __sub__(self, other: Any) -> Any:
        return Moving(self.value - still(other), self.slope - speed(other))

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __mul__(self, other: Any) -> Any:
        return Moving(self.value * still(other), self.slope * still(other) + self.value * speed(other))

    def __rmul__(self, other: Any) -> Any:
        return self * other

    def __truediv__(self, other: Any) -> Any:
        y = self.value / still(other)
        return Moving(y, (self.slope - y * speed(other)) / still(other))

    def __rtruediv__(self, other: Any) -> Any:
        y = other / self.value
        return Moving(y, -y * self.slope / self.value)

    def __pow__(self, other: Any) -> Any:
        a, b = self.value, np.asarray(still(other), np.float64)
        y = a ** still(other)
        by_base = np.where(b == 0, 0.0, b * np.power(a, np.where(b == 0, 1.0, b - 1))) * self.slope
        return Moving(y, by_base + _by_exponent(y, a, other))

    def __rpow__(self, other: Any) -> Any:
        y = np.power(other, self.value)
        return Moving(y, _by_exponent(y, other, self))

    def __matmul__(self, other: Any) -> Any:
        product = self.value @ still(other)
        moved = self.value @ other.slope if isinstance(other, Moving) else 0.0
        return Moving(product, self.slope @ still(other) + moved)

    def __rmatmul__(self, other: Any) -> Any:
        return Moving(other @ self.value, other @ self.slope)

    def __eq__(self, other: Any) -> Any:
        return self.value == still(other)

    def __ne__(self, other: Any) -> Any:
        return self.value != still(other)

    def __lt__(self, other: Any) -> Any:
        return self.value < still(other)

    def __le__(self, other: Any) -> Any:
        return self.value <= still(other)

    def __gt__(self, other: Any) -> Any:
        return self.value > still(other)

    def __ge__(self, other: Any) -> Any:
        return self.value >= still(other)


def still(x: Any) -> Any:
    """The values alone."""
    return x.value if isinstance(x, Moving) else x


def speed(x: Any) -> Any:
    """The speed alone: 0 for what does not move."""
    return x.slope if isinstance(x, Moving) else 0.0


def _by_exponent(y: Any, base: Any, exponent: Any) -> Any:
    """yʹ of y = baseᵇ where b moves: y · ln base, and 0 where the base is 0"""
    if not isinstance(exponent, Moving):
        return 0.0
    return y * np.log(np.where(np.asarray(base) == 0, 1.0, base)) * exponent.slope


SMOOTH: dict[str, Callable[[Array, Array], Array]] = {
    "exp": lambda x, y: y,
    "expm1": lambda x, y: np.exp(x),
    "log": lambda x, y: 1 / x,
    "log1p": lambda x, y: 1 / (1 + x),
    "sqrt": lambda x, y: 1 / (2 * y),
    "sin": lambda x, y: np.cos(x),
    "cos": lambda x, y: -np.sin(x),
    "tanh": lambda x, y: 1 / np.cosh(x) ** 2,
    "sigmoid": lambda x, y: y * NUMPY.sigmoid(-x),
    "erf": lambda x, y: 2 / sqrt(pi) * np.exp(-x * x),
    "abs": lambda x, y: np.sign(x),
    "floor": lambda x, y: np.zeros_like(x),
}
"""yʹ of y = f(x), entry by entry."""


def smooth(name: str) -> Any:
    """The function of this name in SMOOTH."""

    def function(self: Namespace, x: Any) -> Any:
        y = getattr(NUMPY, name)(still(x))
        return Moving(y, SMOOTH[name](x.value, y) * x.slope) if isinstance(x, Moving) else y

    return function


def linear(name: str) -> Any:
    """The function of this name, which treats a speed as it treats a value."""

    def function(self: Namespace, x: Any, *arguments: Any, **options: Any) -> Any:
        apply = getattr(NUMPY, name)
        y = apply(still(x), *arguments, **options)
        return Moving(y, apply(x.slope, *arguments, **options)) if isinstance(x, Moving) else y

    return function


class Slopes(Namespace):
    """The namespace on arrays that move; on others it is NUMPY."""

    exp, expm1, log, log1p = smooth("exp"), smooth("expm1"), smooth("log"), smooth("log1p")
    sqrt, sin, cos, tanh = smooth("sqrt"), smooth("sin"), smooth("cos"), smooth("tanh")
    sigmoid, erf, abs, floor = smooth("sigmoid"), smooth("erf"), smooth("abs"), smooth("floor")
    sum, mean, reshape = linear("sum"), linear("mean"), linear("reshape")
    permute_dims, swapaxes, broadcast_to = linear("permute_dims"), linear("swapaxes"), linear("broadcast_to")

    def atan2(self, a: Any, b: Any) -> Any:
        """(b·a′ − a·b′) / (a² + b²), and 0 at (0, 0)"""
        x, y = np.asarray(still(a)), np.asarray(still(b))
        squares = x * x + y * y
        turned = (y * speed(a) - x * speed(b)) / np.where(squares == 0, 1.0, squares)
        return moving(np.arctan2(x, y), turned, a, b)

    def maximum(self, a: Any, b: Any) -> Any:
        """The speed of the larger one, of equal ones the mean"""
        x, y = np.asarray(still(a)), np.asarray(still(b))
        mean = (speed(a) + speed(b)) / 2
        return moving(np.maximum(x, y), np.where(x > y, speed(a), np.where(x < y, speed(b), mean)), a, b)

    def minimum(self, a: Any, b: Any) -> Any:
        """−max(−a, −b)"""
        return -self.maximum(-a, -b)

    def clip(self, x: Any, low: float, high: float) -> Any:
        """The speed of x from low to high, ends included"""
        value = still(x)
        return moving(np.clip(value, low, high), np.where((value >= low) & (value <= high), speed(x), 0.0), x)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """The speed of the one that is taken"""
        return moving(NUMPY.where(condition, still(a), still(b)), np.where(condition, speed(a), speed(b)), a, b)

    def max(self, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
        """The speed of the first of equal ones, in reading order"""
        y = np.max(still(x), axis=axis, keepdims=keepdims)
        if not isinstance(x, Moving):
            return y
        axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
        over = sorted(k % x.ndim for k in axes)
        kept = [k for k in range(x.ndim) if k not in over]
        values, slopes = (
            v.transpose(*kept, *over).reshape(*(x.shape[k] for k in kept), -1) for v in (x.value, x.slope)
        )
        first = np.take_along_axis(slopes, values.argmax(-1)[..., None], -1)
        return Moving(y, first.reshape(np.shape(y)))

    def concat(self, arrays: Sequence[Any], *, axis: int = 0) -> Any:
        return joined(lambda parts: np.concatenate(parts, axis), arrays)

    def stack(self, arrays: Sequence[Any], *, axis: int = 0) -> Any:
        return joined(lambda parts: np.stack(parts, axis), arrays)

    def pad(self, x: Any, widths: Widths, *, value: float = 0.0) -> Any:
        return moving(NUMPY.pad(still(x), widths, value=value), NUMPY.pad(slope_of(x), widths), x)

    def zeros_like(self, x: Any) -> Any:
        return np.zeros_like(still(x))

    def ones_like(self, x: Any) -> Any:
        return np.ones_like(still(x))

    def constant(self, values: Any, like: Any) -> Any:
        return NUMPY.constant(values, still(like))

    def stop_gradient(self, x: Any) -> Any:
        return still(x)


SLOPES = Slopes()


def moving(value: Any, slope: Any, *sources: Any) -> Any:
    """The value, moving where one of its sources moves."""
    return Moving(value, slope) if any(isinstance(x, Moving) for x in sources) else value


def slope_of(x: Any) -> Array:
    """The speed in the shape of the value."""
    return np.broadcast_to(speed(x), np.shape(still(x)))


def joined(join: Callable[[list[Any]], Array], arrays: Sequence[Any]) -> Any:
    """Values joined, and speeds likewise."""
    return moving(join([still(x) for x in arrays]), join([slope_of(x) for x in arrays]), *arrays)
