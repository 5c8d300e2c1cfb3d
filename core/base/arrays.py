"""The array namespace: what functions that are written once for both engines may call.

Beside it stand the operators + − * / ** @ and unary −, comparisons (masks: booleans, no gradient), indexing with
slices of positive step, whole numbers, None, … and arrays of whole numbers, and the attributes `shape`, `ndim`
and `dtype`. Arrays are values: none is written to. Names are those of the Python array API standard where it has them.

Three implementations: NUMPY here, on plain arrays, which says what each function means; RECORDING in numpy_impl,
which differentiates; TENSORS in torch_impl.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erf
from typing import Any, Protocol

import numpy as np

from isograd.core.base.errors import SpecError
from isograd.core.base.types import Shape

Axis = int | tuple[int, ...] | None
Widths = Sequence[tuple[int, int]]


class Namespace(Protocol):
    """`ops`: x, a and b are arrays (a or b may be a number), `axis` counts from 0 or, negative, from the end."""

    def exp(self, x: Any) -> Any:
        """eˣ"""

    def expm1(self, x: Any) -> Any:
        """eˣ − 1, exact near 0"""

    def log(self, x: Any) -> Any:
        """ln x"""

    def log1p(self, x: Any) -> Any:
        """ln(1 + x), exact near 0"""

    def sqrt(self, x: Any) -> Any:
        """√x"""

    def sin(self, x: Any) -> Any:
        """sin x"""

    def cos(self, x: Any) -> Any:
        """cos x"""

    def tanh(self, x: Any) -> Any:
        """tanh x"""

    def sigmoid(self, x: Any) -> Any:
        """σ(x) = 1 / (1 + e⁻ˣ)"""

    def erf(self, x: Any) -> Any:
        """2/√π ∫₀ˣ e^(−t²) dt"""

    def abs(self, x: Any) -> Any:
        """|x|; derivative 0 at 0"""

    def floor(self, x: Any) -> Any:
        """The largest whole number that is not above x; derivative 0"""

    def atan2(self, a: Any, b: Any) -> Any:
        """The angle of the point (b, a), −π … π; derivative 0 at (0, 0)"""

    def maximum(self, a: Any, b: Any) -> Any:
        """The larger one; where both are equal each gets half the gradient"""

    def minimum(self, a: Any, b: Any) -> Any:
        """The smaller one; where both are equal each gets half the gradient"""

    def clip(self, x: Any, low: float, high: float) -> Any:
        """x kept within low … high; derivative 1 there, ends included, 0 beyond"""

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """a where the mask is True, else b; one of the two at least is an array"""

    def sum(self, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
        """Σ x over `axis`, one, several or all"""

    def mean(self, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
        """Σ x / count over `axis`"""

    def max(self, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
        """The largest over `axis`; the first of equal ones, in reading order, gets the gradient"""

    def reshape(self, x: Any, shape: Shape) -> Any:
        """The same values in reading order; one entry of `shape` may be −1"""

    def permute_dims(self, x: Any, axes: tuple[int, ...]) -> Any:
        """Axis k of the result is axis axes[k] of x"""

    def swapaxes(self, x: Any, first: int, second: int) -> Any:
        """Two axes exchanged"""

    def broadcast_to(self, x: Any, shape: Shape) -> Any:
        """x repeated along new axes and along axes of length 1"""

    def concat(self, arrays: Sequence[Any], *, axis: int = 0) -> Any:
        """One after the other along an axis"""

    def stack(self, arrays: Sequence[Any], *, axis: int = 0) -> Any:
        """Side by side along a new axis"""

    def pad(self, x: Any, widths: Widths, *, value: float = 0.0) -> Any:
        """x with (before, after) entries of `value` on each axis"""

    def zeros_like(self, x: Any) -> Any:
        """0 in x's shape and dtype"""

    def ones_like(self, x: Any) -> Any:
        """1 in x's shape and dtype"""

    def constant(self, values: Any, like: Any) -> Any:
        """Numbers, or a NumPy array of them, as an array of like's dtype; it has no gradient

        `like` may be a NumPy dtype instead, where there is no array to be like.
        """

    def stop_gradient(self, x: Any) -> Any:
        """x, passing no gradient back"""


class NumpyArrays(Namespace):
    """The namespace on plain NumPy arrays."""

    def exp(self, x: Any) -> Any:
        return np.exp(x)

    def expm1(self, x: Any) -> Any:
        return np.expm1(x)

    def log(self, x: Any) -> Any:
        return np.log(x)

    def log1p(self, x: Any) -> Any:
        return np.log1p(x)

    def sqrt(self, x: Any) -> Any:
        return np.sqrt(x)

    def sin(self, x: Any) -> Any:
        return np.sin(x)

    def cos(self, x: Any) -> Any:
        return np.cos(x)

    def tanh(self, x: Any) -> Any:
        return np.tanh(x)

    def sigmoid(self, x: Any) -> Any:
        return np.exp(-np.logaddexp(0, -x))

    def erf(self, x: Any) -> Any:
        return np.asarray(np.frompyfunc(erf, 1, 1)(x), x.dtype)

    def abs(self, x: Any) -> Any:
        return np.abs(x)

    def floor(self, x: Any) -> Any:
        return np.floor(x)

    def atan2(self, a: Any, b: Any) -> Any:
        return np.arctan2(a, b)

    def maximum(self, a: Any, b: Any) -> Any:
        return np.maximum(a, b)

    def minimum(self, a: Any, b: Any) -> Any:
        return np.minimum(a, b)

    def clip(self, x: Any, low: float, high: float) -> Any:
        return np.clip(x, low, high)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        if not hasattr(a, "dtype") and not hasattr(b, "dtype"):
            raise SpecError(
                f"ops.where(mask, {a!r}, {b!r})",
                wanted="an array as one of the two, whose dtype is kept",
                got="two numbers",
                fix="ops.where(mask, ops.ones_like(x), 0.0)",
            )
        return np.where(condition, a, b)

    def sum(self, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
        return np.sum(x, axis=axis, keepdims=keepdims)

    def mean(self, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
        return np.mean(x, axis=axis, keepdims=keepdims)

    def max(self, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
        return np.max(x, axis=axis, keepdims=keepdims)

    def reshape(self, x: Any, shape: Shape) -> Any:
        return np.reshape(x, shape)

    def permute_dims(self, x: Any, axes: tuple[int, ...]) -> Any:
        return np.transpose(x, axes)

    def swapaxes(self, x: Any, first: int, second: int) -> Any:
        return np.swapaxes(x, first, second)

    def broadcast_to(self, x: Any, shape: Shape) -> Any:
        return np.broadcast_to(x, shape)

    def concat(self, arrays: Sequence[Any], *, axis: int = 0) -> Any:
        return np.concatenate(arrays, axis=axis)

    def stack(self, arrays: Sequence[Any], *, axis: int = 0) -> Any:
        return np.stack(arrays, axis=axis)

    def pad(self, x: Any, widths: Widths, *, value: float = 0.0) -> Any:
        return np.pad(x, widths, constant_values=value)

    def zeros_like(self, x: Any) -> Any:
        return np.zeros_like(x)

    def ones_like(self, x: Any) -> Any:
        return np.ones_like(x)

    def constant(self, values: Any, like: Any) -> Any:
        return np.asarray(values, getattr(like, "dtype", like))

    def stop_gradient(self, x: Any) -> Any:
        return x


NUMPY = NumpyArrays()
