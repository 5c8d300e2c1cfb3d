"""A loss by itself: its value, and the gradients of predictions and targets."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from isograd.core.base.errors import BackendError, DataError, SpecError, shown
from isograd.core.base.types import FLOATS, Array
from isograd.core.data.dataset import as_arrays
from isograd.core.engine.pairing import packed
from isograd.core.engine.protocol import judged, teaches
from isograd.core.engine.registry import get_backend
from isograd.core.learning.losses import Loss


class LossGradients(NamedTuple):
    """What `loss_gradients` returns."""

    value: Array
    dprediction: Any
    dtarget: Array | None


def loss_gradients(
    loss: Loss, prediction: Any, target: Any, *, dy: Any = None, of_target: bool = False, backend: str = "numpy"
) -> LossGradients:
    """(value, dprediction, dtarget) of a loss on arrays, in the dtype of the predictions; both weighed with dy.

    `prediction` is one array, or a tuple of as many as the loss compares; `dprediction` alike. `target` is one array,
    or a tuple of as many as the loss takes. reduction="none" gives a value for each entry or row; `dy`, 1 each unless
    given, has its shape. With of_target=True `dtarget` is the gradient of floating targets, as distillation wants it;
    otherwise None. Raises DataError where the targets have none, BackendError where the engine does not tell it.
    """
    if not isinstance(loss, Loss):
        raise SpecError("loss_gradients", wanted="a loss description", got=shown(loss), fix="ig.MSELoss()")
    engine = get_backend(backend)
    several = as_arrays(prediction, "prediction")
    p = several[0] if len(several) == 1 else np.stack(several, axis=1)
    p = p if p.dtype in FLOATS.values() else p.astype(np.float64)
    made = packed((loss,), as_arrays(target, "target"), len(p))
    if len(made) != 1:
        wanted = (
            "one array of targets" if loss.arrays < 2 else f"{loss.arrays} arrays of targets, or one that is packed"
        )
        raise DataError(repr(loss), wanted=wanted, got=f"{len(made)}", fix="give the targets in the loss's own order")
    (t,) = made
    loss.check(p.shape[1:], t)
    if t.dtype.kind == "f" or not loss.labels:
        t = t.astype(p.dtype)
    upstream = np.asarray(1 if dy is None else dy, p.dtype)
    value, dp = judged(engine).evaluate_loss(loss, p, t, upstream)
    dt = None
    if of_target:
        teaching = teaches(engine)
        if teaching is None:
            raise BackendError(
                f"backend={backend!r}",
                wanted="an engine that tells the gradient of targets (target_gradient)",
                got="one that does not",
                fix='backend="numpy"',
            )
        if not loss.differentiable(t):
            raise DataError(
                repr(loss),
                wanted="targets that it is differentiable in",
                got=f"{t.dtype} targets",
                fix="of_target=False, or floating targets of a loss that takes any",
            )
        dt = teaching.target_gradient(loss, p, t, upstream)
    return LossGradients(value, dp if len(several) == 1 else tuple(dp[:, k] for k in range(len(several))), dt)
