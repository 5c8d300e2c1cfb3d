"""What each loss and each optimizer step *is*, in Python's own floats: the witnesses beside `definitions`.

loss(spec, p, t) → one number for each prediction, and the mean's divisor
optimizer(spec, lr, t, w, g, slots) → (new w, new slots), for one entry
"""

from __future__ import annotations

from math import fsum, sqrt
from typing import Any

import numpy as np

from isograd.core.base.arrays import NUMPY
from isograd.core.base.table import Table
from isograd.core.base.types import Array, State
from isograd.core.graph.custom import CustomLoss
from isograd.core.learning.losses import (
    BCEWithLogitsLoss,
    ClassLoss,
    CrossEntropyLoss,
    HuberLoss,
    L1Loss,
    Loss,
    MSELoss,
    NLLLoss,
)
from isograd.core.learning.optimizers import SGD, Adagrad, Adam, AdamW, ClipNorm, ClipValue, RMSprop
from isograd.core.parity.definitions.layers import log_softmax_at, softplus

LOSS_RULES = Table("core/parity/rules.py")
OPTIMIZER_RULES = Table("core/parity/rules.py")
Each = tuple[dict[tuple[int, ...], float], float]


def loss_by_rule(spec: Loss, p: Array, t: Array) -> Array:
    """The loss's value: elementwise for reduction="none", else one number."""
    if isinstance(spec, ClassLoss):
        p, t = (np.moveaxis(v, spec.dim, 1) if v.dtype.kind == "f" else v for v in (p, t))
    each, divisor = LOSS_RULES[type(spec)](spec, p, t)
    if spec.reduction == "none":
        shape = tuple(1 + max(index[axis] for index in each) for axis in range(len(next(iter(each)))))
        return np.array([each[i] for i in np.ndindex(shape)]).reshape(shape)
    total = fsum(each.values())
    return np.asarray(total if spec.reduction == "sum" else total / divisor)


@LOSS_RULES.implements(MSELoss)
def mse(spec: MSELoss, p: Array, t: Array) -> Each:
    each = {i: (float(p[i]) - float(t[i])) ** 2 for i in np.ndindex(p.shape)}
    return each, len(p) if spec.reduction == "batchmean" else p.size


@LOSS_RULES.implements(L1Loss)
def l1(spec: L1Loss, p: Array, t: Array) -> Each:
    return {i: abs(float(p[i]) - float(t[i])) for i in np.ndindex(p.shape)}, p.size


@LOSS_RULES.implements(HuberLoss)
def huber(spec: HuberLoss, p: Array, t: Array) -> Each:
    def one(e: float) -> float:
        return e * e / 2 if e <= spec.delta else spec.delta * (e - spec.delta / 2)

    return {i: one(abs(float(p[i]) - float(t[i]))) for i in np.ndindex(p.shape)}, p.size


def _class_weight(spec: NLLLoss | CrossEntropyLoss, c: int) -> float:
    return 1.0 if spec.weight is None else float(spec.weight[c])


def _classes(p: Array, i: tuple[int, ...]) -> list[float]:
    """The predictions of sample i[0] at place i[1:], one a class."""
    place: tuple[Any, ...] = (i[0], slice(None), *i[1:])
    return [float(v) for v in p[place]]


@LOSS_RULES.implements(CustomLoss)
def custom(spec: CustomLoss, p: Array, t: Array) -> Each:
    """A custom loss is its own definition: its function on plain NumPy arrays."""
    return {(): float(spec.value(NUMPY, p, t))}, 1.0


@LOSS_RULES.implements(NLLLoss)
def nll(spec: NLLLoss, p: Array, t: Array) -> Each:
    counted = {i: int(t[i]) for i in np.ndindex(t.shape) if t[i] != spec.ignore_index}
    each = {
        i: -_class_weight(spec, counted[i]) * _classes(p, i)[counted[i]] if i in counted else 0.0
        for i in np.ndindex(t.shape)
    }
    return each, fsum(_class_weight(spec, c) for c in counted.values())


@LOSS_RULES.implements(CrossEntropyLoss)
def cross_entropy(spec: CrossEntropyLoss, p: Array, t: Array) -> Each:
    by_label = t.dtype.kind != "f"
    places = list(np.ndindex(t.shape if by_label else (t.shape[0], *t.shape[2:])))
    each, divisor, smooth, classes = {}, 0.0, spec.label_smoothing, p.shape[1]
    for i in places:
        line = _classes(p, i)
        wanted = [float(c == t[i]) for c in range(classes)] if by_label else _classes(t, i)
        ignored = by_label and t[i] == spec.ignore_index
        shares = [_class_weight(spec, c) * ((1 - smooth) * q + smooth / classes) for c, q in enumerate(wanted)]
        each[i] = 0.0 if ignored else -fsum(s * log_softmax_at(line, v) for s, v in zip(shares, line, strict=True) if s)
        divisor += 0.0 if ignored else _class_weight(spec, int(t[i])) if by_label else 1.0
    return each, divisor


@LOSS_RULES.implements(BCEWithLogitsLoss)
def bce(spec: BCEWithLogitsLoss, p: Array, t: Array) -> Each:
    def figure(figures: tuple[float, ...] | None, i: tuple[int, ...]) -> float:
        return 1.0 if figures is None else figures[i[-1] if len(figures) > 1 else 0]

    each = {}
    for i in np.ndindex(p.shape):
        x, y = float(p[i]), float(t[i])
        positive = figure(spec.pos_weight, i) * y * softplus(-x)
        each[i] = figure(spec.weight, i) * (positive + (1 - y) * softplus(x))
    return each, p.size


@OPTIMIZER_RULES.implements(SGD)
def sgd(s: SGD, lr: float, t: int, w: float, g: float, slots: dict[str, float]) -> tuple[float, dict[str, float]]:
    g += s.weight_decay * w
    if s.momentum == 0:
        return w - lr * g, {}
    if s.velocity == "step":
        v = s.momentum * (slots["momentum_buffer"] if t > 1 else 0.0) + (1 - s.dampening) * lr * g
        return w - (lr * g + s.momentum * v if s.nesterov else v), {"momentum_buffer": v}
    v = g if t == 1 else s.momentum * slots["momentum_buffer"] + (1 - s.dampening) * g
    return w - lr * (g + s.momentum * v if s.nesterov else v), {"momentum_buffer": v}


@OPTIMIZER_RULES.implements(Adagrad)
def adagrad(
    s: Adagrad, lr: float, t: int, w: float, g: float, slots: dict[str, float]
) -> tuple[float, dict[str, float]]:
    g += s.weight_decay * w
    total = (slots["sum"] if t > 1 else s.initial_accumulator_value) + g**2
    return w - lr / (1 + (t - 1) * s.lr_decay) * g / (sqrt(total) + s.eps), {"sum": total}


@OPTIMIZER_RULES.implements(RMSprop)
def rmsprop(
    s: RMSprop, lr: float, t: int, w: float, g: float, slots: dict[str, float]
) -> tuple[float, dict[str, float]]:
    g += s.weight_decay * w
    new = {"square_avg": s.alpha * slots.get("square_avg", 0.0) + (1 - s.alpha) * g**2}
    centre = 0.0
    if s.centered:
        centre = new["grad_avg"] = s.alpha * slots.get("grad_avg", 0.0) + (1 - s.alpha) * g
    step = g / (sqrt(new["square_avg"] - centre**2) + s.eps)
    if s.momentum:
        step = new["momentum_buffer"] = s.momentum * slots.get("momentum_buffer", 0.0) + step
    return w - lr * step, new


@OPTIMIZER_RULES.implements(Adam, AdamW)
def adam(s: Adam, lr: float, t: int, w: float, g: float, slots: dict[str, float]) -> tuple[float, dict[str, float]]:
    if s.decoupled:
        w -= lr * s.weight_decay * w
    else:
        g += s.weight_decay * w
    m = s.betas[0] * slots.get("exp_avg", 0.0) + (1 - s.betas[0]) * g
    v = s.betas[1] * slots.get("exp_avg_sq", 0.0) + (1 - s.betas[1]) * g**2
    new = {"exp_avg": m, "exp_avg_sq": v}
    largest = v
    if s.amsgrad:
        largest = new["max_exp_avg_sq"] = max(v, slots.get("max_exp_avg_sq", 0.0))
    m_hat, v_hat = m / (1 - s.betas[0] ** t), largest / (1 - s.betas[1] ** t)
    return w - lr * m_hat / (sqrt(v_hat) + s.eps), new


def clipped_by_rule(spec: Any, grads: State) -> State:
    """What clipping makes of gradients, entry by entry."""
    if isinstance(spec, ClipValue):
        return {
            path: np.array([min(max(float(v), -spec.limit), spec.limit) for v in g.ravel()]).reshape(g.shape)
            for path, g in grads.items()
        }
    assert isinstance(spec, ClipNorm)
    norm = sqrt(fsum(float(v) ** 2 for g in grads.values() for v in g.ravel()))
    scale = min(1.0, spec.max_norm / (norm + 1e-6))
    return {path: g.astype(np.float64) * scale for path, g in grads.items()}
