"""How alike two values are, along an axis."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.operations.combine import unbroadcast
from isograd.backends.numpy_impl.operations.reductions import norm_of
from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Arrays, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import CosineSimilarity, PairwiseDistance


@implements(CosineSimilarity)
def cosine_similarity(spec: CosineSimilarity, p: Tree, a: Array, b: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = Σ u v,   u = a/max(‖a‖, ε),   v = b/max(‖b‖, ε)

    da = dy (v − [‖a‖ ≥ ε] y u) / max(‖a‖, ε)        db likewise
    """
    shape = np.broadcast_shapes(a.shape, b.shape)
    (u, long_a), (v, long_b) = (shortened(np.broadcast_to(x, shape), spec) for x in (a, b))
    y = (u * v).sum(spec.dim, keepdims=True)

    def backward(dy: Array) -> tuple[Arrays, State]:
        dy = np.expand_dims(dy, spec.dim)
        da = dy * (v - (long_a >= spec.eps) * y * u) / np.maximum(long_a, spec.eps)
        db = dy * (u - (long_b >= spec.eps) * y * v) / np.maximum(long_b, spec.eps)
        return (unbroadcast(da, a.shape), unbroadcast(db, b.shape)), {}

    return y.squeeze(spec.dim), backward


def shortened(x: Array, spec: CosineSimilarity) -> tuple[Array, Array]:
    """(x / max(‖x‖, ε), ‖x‖)"""
    length = np.sqrt((x * x).sum(spec.dim, keepdims=True))
    return x / np.maximum(length, spec.eps), length


@implements(PairwiseDistance)
def pairwise_distance(spec: PairwiseDistance, p: Tree, a: Array, b: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = ‖d‖ₚ,   d = a − b + ε        da = ∂‖d‖ₚ dy        db = −da"""
    d = a - b + a.dtype.type(spec.eps)
    y, back = norm_of(d, (d.ndim - 1,), spec.p)

    def backward(dy: Array) -> tuple[Arrays, State]:
        da = back(dy if spec.keepdim else dy[..., None])
        return (unbroadcast(da, a.shape), unbroadcast(-da, b.shape)), {}

    return y if spec.keepdim else y[..., 0], backward
