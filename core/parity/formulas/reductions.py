"""Formulas of sums and their kin over axes, and of running sums."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce as folded
from math import inf, prod
from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import CumProd, CumSum, Reduce
from isograd.core.parity.formulas.table import formula


def product(spec: Reduce, ops: Namespace, rows: Any) -> Any:
    """y = x₀ x₁ …"""
    return folded(lambda a, b: a * b, (rows[..., k : k + 1] for k in range(rows.shape[-1])))


def largest(ops: Namespace, rows: Any) -> Any:
    """y = the mean of all that are as large as the largest, so that each has its share of the gradient"""
    top = ops.stop_gradient(ops.max(rows, axis=-1, keepdims=True))
    if "int" in str(rows.dtype):
        return top
    as_large = rows == top
    count = ops.sum(ops.where(as_large, ops.ones_like(rows), 0.0), axis=-1, keepdims=True)
    share = ops.where(as_large, rows - top, 0.0)  # 0, but it moves
    return top + ops.sum(share, axis=-1, keepdims=True) / count


def log_sum_exp(spec: Reduce, ops: Namespace, rows: Any) -> Any:
    """y = m + ln Σ eˣ⁻ᵐ,  m = max x"""
    top = ops.max(rows, axis=-1, keepdims=True)
    return top + ops.log(ops.sum(ops.exp(rows - top), axis=-1, keepdims=True))


def norm(ops: Namespace, rows: Any, order: float) -> Any:
    """y = (Σ |x|ᵖ)^(1/p), of nothing but zeros 0 that does not move; p = ∞: the largest |x|"""
    size = ops.abs(rows)
    if order == inf:
        return largest(ops, size)
    total = ops.sum(ops.where(size > 0, size, 1.0) ** order * (size > 0), axis=-1, keepdims=True)
    return ops.where(total == 0, 0.0, ops.where(total == 0, 1.0, total) ** (1 / order))


def variance(spec: Reduce, ops: Namespace, rows: Any) -> Any:
    """y = Σ (x − mean)² / (n − correction)"""
    away = rows - ops.mean(rows, axis=-1, keepdims=True)
    return ops.sum(away * away, axis=-1, keepdims=True) / ops.constant(max(rows.shape[-1] - spec.correction, 0), away)


def deviation(spec: Reduce, ops: Namespace, rows: Any) -> Any:
    """y = √var, and 0 that does not move"""
    squared = variance(spec, ops, rows)
    return ops.where(squared == 0, 0.0, ops.sqrt(ops.where(squared == 0, 1.0, squared)))


def asked(rows: Any) -> Any:
    """1 where an entry is other than 0, else 0"""
    return (rows != 0) * 1


REDUCED: dict[str, Callable[[Reduce, Namespace, Any], Any]] = {
    "sum": lambda spec, ops, rows: ops.sum(rows, axis=-1, keepdims=True),
    "mean": lambda spec, ops, rows: ops.sum(rows, axis=-1, keepdims=True) / rows.shape[-1],
    "prod": product,
    "amax": lambda spec, ops, rows: largest(ops, rows),
    "amin": lambda spec, ops, rows: -largest(ops, -rows),
    "any": lambda spec, ops, rows: ops.sum(asked(rows), axis=-1, keepdims=True) > 0,
    "all": lambda spec, ops, rows: ops.sum(asked(rows), axis=-1, keepdims=True) == rows.shape[-1],
    "logsumexp": log_sum_exp,
    "norm": lambda spec, ops, rows: norm(ops, rows, spec.ord),
    "var": variance,
    "std": deviation,
}
"""y (…, 1) of rows (…, n)"""


@formula(Reduce)
def reduce(spec: Reduce, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = f(x over dims), the axes to reduce brought to the end and made one"""
    shape = tuple(x[0].shape)
    over = [axis for axis in range(len(shape)) if spec.dims is None or {axis, axis - len(shape)} & set(spec.dims)]
    kept = [axis for axis in range(len(shape)) if axis not in over]
    count = prod(shape[axis] for axis in over)
    rows = ops.reshape(ops.permute_dims(x[0], (*kept, *over)), (*(shape[axis] for axis in kept), count))
    left = [1 if axis in over else size for axis, size in enumerate(shape) if spec.keepdim or axis not in over]
    return ops.reshape(REDUCED[spec.function](spec, ops, rows), tuple(left))


@formula(CumSum)
def cumsum(spec: CumSum, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[k] = y[k−1] + x[k]"""
    return running(ops, x[0], spec.dim, lambda a, b: a + b)


@formula(CumProd)
def cumprod(spec: CumProd, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[k] = y[k−1] · x[k]"""
    return running(ops, x[0], spec.dim, lambda a, b: a * b)


def running(ops: Namespace, x: Any, dim: int, join: Callable[[Any, Any], Any]) -> Any:
    """Each entry along `dim` joined to all before it."""
    rows = ops.swapaxes(x * 1 if "bool" in str(x.dtype) else x, dim, 0)
    made = [rows[0]]
    for k in range(1, rows.shape[0]):
        made.append(join(made[-1], rows[k]))
    return ops.swapaxes(ops.stack(made), 0, dim)
