"""Dropout of values and of whole channels."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, Shape, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Dropout, Dropout2d


@implements(Dropout, Dropout2d)
def dropout(spec: Dropout, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """Training: y = x ⊙ m,   m = s·[u ≥ p]        Evaluation: y = t·x        dx = dy ⊙ (what x was multiplied by)

    u (n, …) has x's shape; for Dropout2d (n, c, 1, 1).
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


def dropout_mask(run: Run, shape: Shape, p: float, dtype: np.dtype[np.floating], *, scaled: bool = True) -> Array:
    """[u ≥ p], u ~ U[0, 1) of `shape`, batch first; scaled: divided by 1−p, and 0 where p = 1 leaves nothing."""
    kept = 1 - p
    s = (1 / kept if kept else 0.0) if scaled else 1.0
    mask: Array = (run.random(shape) >= p) * dtype.type(s)
    return mask
