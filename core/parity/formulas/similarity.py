"""Formulas of how alike two values are, along an axis."""

from __future__ import annotations

from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Shape, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import CosineSimilarity, PairwiseDistance
from isograd.core.parity.formulas.reductions import norm
from isograd.core.parity.formulas.table import formula, terms_formula


@formula(CosineSimilarity)
def cosine_similarity(spec: CosineSimilarity, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = Σ x1 x2 / (max(‖x1‖, eps) · max(‖x2‖, eps))"""
    both = x[0] * x[1]
    a, b = (length(spec, ops, v + 0 * both) for v in x)
    return ops.sum(both / (a * b), axis=spec.dim)


def length(spec: CosineSimilarity, ops: Namespace, x: Any) -> Any:
    """max(‖x‖, eps), which does not move where the norm is less"""
    squares = ops.sum(x * x, axis=spec.dim, keepdims=True)
    short = squares < spec.eps**2
    return ops.where(short, spec.eps, ops.sqrt(ops.where(short, 1.0, squares)))


@formula(PairwiseDistance)
def pairwise_distance(spec: PairwiseDistance, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = ‖x1 − x2 + eps‖ₚ along the last axis"""
    y = norm(ops, x[0] - x[1] + spec.eps, spec.p)
    return y if spec.keepdim else y[..., 0]


@terms_formula(CosineSimilarity)
def cosine_similarity_terms(
    spec: CosineSimilarity, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run, dy: tuple[Any, ...]
) -> dict[str, Any]:
    """y = Σ u v and da = dy (v − y u)/‖a‖, u = a/‖a‖, v = b/‖b‖: of values that point one way nothing is left"""
    both = ops.abs(x[0] * x[1])
    a, b = (length(spec, ops, v + 0 * both) for v in x)
    size, front = ops.abs(dy[0]), (slice(None),) * (spec.dim % both.ndim)
    size = size[(*front, None)] / (a * b)
    return {
        "output": ops.sum(both / (a * b), axis=spec.dim),
        "dx": summed_to(ops, size * ops.abs(x[1]), tuple(x[0].shape)),
        "dx1": summed_to(ops, size * ops.abs(x[0]), tuple(x[1].shape)),
    }


def summed_to(ops: Namespace, values: Any, shape: Shape) -> Any:
    """Values of a broadcast shape, added up where one of `shape` was repeated"""
    rest = ops.sum(values, axis=tuple(range(values.ndim - len(shape))))
    repeated = tuple(k for k, size in enumerate(shape) if size == 1)
    return ops.sum(rest, axis=repeated, keepdims=True)
