"""Per-sample weights of any loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.backends.numpy_impl.losses import LOSSES, LossBackward
from isograd.core.base.types import Array
from isograd.core.learning.weighted import WeightedLoss


@LOSSES.implements(WeightedLoss)
def weighted(spec: WeightedLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = Σₙ s[n]·each[n] / D        dp by `of` for dL·s[n] / D        D = Σ t[n, 1] times the values in a row

    s = t[:, 0], the targets of `of` behind.
    """
    inner, _, whole = spec.apart(p.shape[1:], t)
    each, back = LOSSES[type(spec.of)](spec.of, p, inner.astype(np.int64) if whole else inner)
    scale = np.expand_dims(t[:, 0], tuple(range(1, each.ndim)))
    if spec.reduction in ("mean", "batchmean"):
        count = t[:, 1].sum() * p.dtype.type(each.size / len(p) if spec.reduction == "mean" else 1)
        with np.errstate(invalid="ignore", divide="ignore"):  # nothing counts
            scale = scale / count
    L = scale * each

    def backward(dL: Any) -> Any:
        return back(np.broadcast_to(dL * scale, each.shape))

    return L if spec.reduction == "none" else np.asarray(L.sum()), backward
