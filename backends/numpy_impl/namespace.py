"""The array namespace on Tensors: what is computed with it can be differentiated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isograd.backends.numpy_impl.autodiff import plain, record
from isograd.core.base.arrays import NUMPY, Axis, Namespace, Widths
from isograd.core.base.types import Shape


class Recording(Namespace):
    """Each function recorded by its name; on plain arrays nothing is recorded."""

    def exp(self, x: Any) -> Any:
        return record("exp", x)

    def expm1(self, x: Any) -> Any:
        return record("expm1", x)

    def log(self, x: Any) -> Any:
        return record("log", x)

    def log1p(self, x: Any) -> Any:
        return record("log1p", x)

    def sqrt(self, x: Any) -> Any:
        return record("sqrt", x)

    def sin(self, x: Any) -> Any:
        return record("sin", x)

    def cos(self, x: Any) -> Any:
        return record("cos", x)

    def tanh(self, x: Any) -> Any:
        return record("tanh", x)

    def sigmoid(self, x: Any) -> Any:
        return record("sigmoid", x)

    def erf(self, x: Any) -> Any:
        return record("erf", x)

    def abs(self, x: Any) -> Any:
        return record("abs", x)

    def floor(self, x: Any) -> Any:
        return record("floor", x)

    def atan2(self, a: Any, b: Any) -> Any:
        return record("atan2", a, b)

    def maximum(self, a: Any, b: Any) -> Any:
        return record("maximum", a, b)

    def minimum(self, a: Any, b: Any) -> Any:
        return record("minimum", a, b)

    def clip(self, x: Any, low: float, high: float) -> Any:
        return record("clip", x, low=low, high=high)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        return record("where", condition, a, b)

    def sum(self, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
        return record("sum", x, axis=axis, keepdims=keepdims)

    def mean(self, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
        return record("mean", x, axis=axis, keepdims=keepdims)

    def max(self, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
        return record("max", x, axis=axis, keepdims=keepdims)

    def reshape(self, x: Any, shape: Shape) -> Any:
        return record("reshape", x, shape=shape)

    def permute_dims(self, x: Any, axes: tuple[int, ...]) -> Any:
        return record("permute_dims", x, axes=axes)

    def swapaxes(self, x: Any, first: int, second: int) -> Any:
        return record("swapaxes", x, first=first, second=second)

    def broadcast_to(self, x: Any, shape: Shape) -> Any:
        return record("broadcast_to", x, shape=shape)

    def concat(self, arrays: Sequence[Any], *, axis: int = 0) -> Any:
        return record("concat", *arrays, axis=axis)

    def stack(self, arrays: Sequence[Any], *, axis: int = 0) -> Any:
        return record("stack", *arrays, axis=axis)

    def pad(self, x: Any, widths: Widths, *, value: float = 0.0) -> Any:
        return record("pad", x, widths=widths, value=value)

    def zeros_like(self, x: Any) -> Any:
        return NUMPY.zeros_like(plain(x))

    def ones_like(self, x: Any) -> Any:
        return NUMPY.ones_like(plain(x))

    def constant(self, values: Any, like: Any) -> Any:
        return NUMPY.constant(values, plain(like))

    def stop_gradient(self, x: Any) -> Any:
        return plain(x)


RECORDING = Recording()
