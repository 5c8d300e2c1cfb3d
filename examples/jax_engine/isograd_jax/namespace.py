"""isograd's array namespace on JAX's arrays: jax.numpy itself, but for what the two define differently."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import jax
import jax.numpy as jnp

from isograd.core.base.arrays import Axis, Namespace, Widths

ALIKE = (
    *("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh", "floor", "maximum", "minimum", "where"),
    *("sum", "mean", "reshape", "swapaxes", "broadcast_to", "concat", "stack"),
    *("zeros_like", "ones_like"),
)


@contextmanager
def exact() -> Iterator[None]:
    """float64 stays float64 and products keep every bit of float32, for this computation alone."""
    with jax.enable_x64(True), jax.default_matmul_precision("highest"):
        yield


def absolute(x: Any) -> Any:
    """|x|; derivative 0 at 0 (jax.numpy: 1)"""
    return x * jax.lax.stop_gradient(jnp.sign(x))


def atan2(a: Any, b: Any) -> Any:
    """The angle of (b, a); derivative 0 at (0, 0) (jax.numpy: NaN)"""
    known = (a != 0) | (b != 0)
    angle = jnp.arctan2(jnp.where(known, a, 0.0), jnp.where(known, b, 1.0))
    return jnp.where(known, angle, jax.lax.stop_gradient(jnp.arctan2(a, b)))


def clip(x: Any, low: float, high: float) -> Any:
    """x kept within low … high; derivative 1 there, ends included (jax.numpy: ½ at the ends), 0 beyond"""
    return jnp.where(x < low, low, jnp.where(x > high, high, x))


def largest(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest over `axis`; the first of equal ones gets the gradient (jax.numpy: all of them share it)"""
    axes = range(x.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    last = sorted(k % x.ndim for k in axes)
    kept = [k for k in range(x.ndim) if k not in last]
    rows = jnp.reshape(jnp.transpose(x, (*kept, *last)), (*(x.shape[k] for k in kept), -1))
    found = jnp.take_along_axis(rows, jnp.argmax(rows, axis=-1, keepdims=True), axis=-1)
    return jnp.reshape(found, tuple(1 if k in last else x.shape[k] for k in (range(x.ndim) if keepdims else kept)))


def pad(x: Any, widths: Widths, *, value: float = 0.0) -> Any:
    """x with (before, after) entries of `value` on each axis"""
    return jnp.pad(x, widths, constant_values=value)


def constant(values: Any, like: Any) -> Any:
    """Numbers as an array of like's dtype"""
    return jnp.asarray(values, getattr(like, "dtype", like))


ARRAYS = cast(
    Namespace,
    SimpleNamespace(
        **{name: getattr(jnp, name) for name in ALIKE},
        sigmoid=jax.nn.sigmoid,
        erf=jax.scipy.special.erf,
        abs=absolute,
        atan2=atan2,
        clip=clip,
        max=largest,
        permute_dims=jnp.transpose,
        pad=pad,
        constant=constant,
        stop_gradient=jax.lax.stop_gradient,
    ),
)
