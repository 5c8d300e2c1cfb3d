"""Dropout of values, of whole channels and of whole samples."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, Shape, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import (
    AlphaDropout,
    Dropout,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    FeatureAlphaDropout,
    StochasticDepth,
)
from isograd.core.layers.dropout import DROPPED


@implements(Dropout, Dropout1d, Dropout2d, Dropout3d)
def dropout(spec: Dropout, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """Training: y = x ⊙ m,   m = s·[u ≥ p]        Evaluation: y = t·x        dx = dy ⊙ (what x was multiplied by)

    u (n, …) has x's shape; for whole channels (n, c, 1, …).
    scale="training": s = 1/(1−p), t = 1.   scale="inference": s = 1, t = 1−p.
    """
    mask: Array | float
    if run.training:
        shape = (len(x), *spec.mask_shape(x.shape[1:]))
        mask = dropout_mask(run, shape, spec.p, x.dtype, scaled=spec.scale == "training")
    else:
        mask = 1 - spec.p if spec.scale == "inference" else 1.0

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * mask, {}

    return x * mask, backward


@implements(StochasticDepth)
def stochastic_depth(spec: StochasticDepth, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """Training: y = x ⊙ m,   m = [u ≥ p]/(1−p)        Evaluation: m = 1        dx = dy ⊙ m

    u (n, 1, …), or (1, 1, …) with mode="batch"
    """
    by_row = spec.mode == "row"
    shape = (len(x) if by_row else 1, *[1] * (x.ndim - 1))
    mask = dropout_mask(run, shape, spec.p, x.dtype, by_row=by_row) if run.training else 1.0

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * mask, {}

    return x * mask, backward


@implements(AlphaDropout, FeatureAlphaDropout)
def alpha_dropout(spec: AlphaDropout, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """Training: y = x ⊙ am + (aα′(1 − m) + b),   m = [u ≥ p]        dx = dy ⊙ am        Evaluation: y = x, dx = dy"""
    if not run.training:
        return x, lambda dy: (dy, {})
    a, b = (x.dtype.type(v) for v in spec.scale_and_shift)
    m = dropout_mask(run, (len(x), *spec.mask_shape(x.shape[1:])), spec.p, x.dtype, scaled=False)
    mask = a * m

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * mask, {}

    return x * mask + ((a - mask) * x.dtype.type(DROPPED) + b), backward


def dropout_mask(
    run: Run, shape: Shape, p: float, dtype: np.dtype[np.floating], *, scaled: bool = True, by_row: bool = True
) -> Array:
    """[u ≥ p], u ~ U[0, 1) of `shape`, batch first; scaled: divided by 1−p, and 0 where p = 1 leaves nothing."""
    kept = 1 - p
    s = (1 / kept if kept else 0.0) if scaled else 1.0
    mask: Array = (run.random(shape, by_row=by_row) >= p) * dtype.type(s)
    return mask
