"""Dropout of values and of whole channels."""

from __future__ import annotations

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.layers import Dropout, Dropout2d
from isograd.core.run import Run
from isograd.core.types import Array, Backward, State, Tree


@implements(Dropout, Dropout2d)
def dropout(spec: Dropout, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """Training: y = x ⊙ m,   m = s·[u ≥ p]        Evaluation: y = t·x        dx = dy ⊙ (what x was multiplied by)

    u (n, …) has x's shape; for Dropout2d (n, c, 1, 1).
    scale="training": s = 1/(1−p), t = 1.   scale="inference": s = 1, t = 1−p.
    """
    kept = 1 - spec.p
    mask: Array | float
    if run.training:
        s = 1.0 if spec.scale == "inference" else 1 / kept if kept else 0.0
        mask = (run.random((len(x), *spec.mask_shape(x.shape[1:]))) >= spec.p) * x.dtype.type(s)
    else:
        mask = kept if spec.scale == "inference" else 1.0

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * mask, {}

    return x * mask, backward
