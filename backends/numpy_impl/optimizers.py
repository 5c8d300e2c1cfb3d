"""Optimizer steps, in place, and gradient clipping.

    rule(spec, lr, t, w, g, s)        s = {slot: array}, t counted from 1

A rule changes w and s in place, as its arrows say, and leaves g alone. It works entry by entry, so the
engine may call it on any piece of a weight.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from isograd.core.base.table import Table
from isograd.core.base.types import Array, State
from isograd.core.learning.optimizers import SGD, Adagrad, Adam, AdamW, ClipNorm, ClipValue, RMSprop

OPTIMIZERS = Table("numpy_impl/optimizers.py")
CLIPPINGS = Table("numpy_impl/optimizers.py")


@OPTIMIZERS.implements(SGD)
def sgd(spec: SGD, lr: float, t: int, w: Array, g: Array, s: State) -> None:
    """v ← μv + (1−τ)g (v = g at t = 1)        w ← w − ηv        nesterov: w ← w − η(g + μv)

    velocity="step": v ← μv + (1−τ)ηg from v = 0        w ← w − v        nesterov: w ← w − (ηg + μv)
    """
    if spec.weight_decay:
        g = g + spec.weight_decay * w
    inside = spec.velocity == "step"
    step = lr * g if inside else g
    if spec.momentum:
        v = s["momentum_buffer"]
        if t == 1 and not inside:
            v[...] = step
        else:
            v *= spec.momentum
            v += (1 - spec.dampening) * step if spec.dampening else step
        step = step + spec.momentum * v if spec.nesterov else v
    w -= step if inside else lr * step


@OPTIMIZERS.implements(Adagrad)
def adagrad(spec: Adagrad, lr: float, t: int, w: Array, g: Array, s: State) -> None:
    """s ← s + g²        w ← w − η/(1 + (t−1)·lr_decay) · g/(√s + ε)"""
    if spec.weight_decay:
        g = g + spec.weight_decay * w
    s["sum"] += g * g
    rate = lr / (1 + (t - 1) * spec.lr_decay)
    w -= rate * (g / (np.sqrt(s["sum"]) + spec.eps))


@OPTIMIZERS.implements(RMSprop)
def rmsprop(spec: RMSprop, lr: float, t: int, w: Array, g: Array, s: State) -> None:
    """s ← αs + (1−α)g²        centered: ḡ ← αḡ + (1−α)g,  a = √(s − ḡ²) + ε;  else a = √s + ε

    w ← w − ηg/a        with momentum: b ← μb + g/a,  w ← w − ηb
    """
    if spec.weight_decay:
        g = g + spec.weight_decay * w
    spread = average(s["square_avg"], spec.alpha, g * g)
    if spec.centered:
        mean = average(s["grad_avg"], spec.alpha, g)
        spread = spread - mean * mean
    step = g / (np.sqrt(spread) + spec.eps)
    if spec.momentum:
        s["momentum_buffer"] *= spec.momentum
        s["momentum_buffer"] += step
        step = s["momentum_buffer"]
    w -= lr * step


@OPTIMIZERS.implements(Adam, AdamW)
def adam(spec: Adam, lr: float, t: int, w: Array, g: Array, s: State) -> None:
    """m ← β₁m + (1−β₁)g    v ← β₂v + (1−β₂)g²    w ← w − η m̂ / (√v̂ + ε),   ·̂ = ·/(1−βᵗ)

    Decay: g ← g + λw before (Adam), w ← w − ηλw before (AdamW). amsgrad: v̂ from the largest v so far.
    """
    if spec.weight_decay and spec.decoupled:
        w *= 1 - lr * spec.weight_decay
    elif spec.weight_decay:
        g = g + spec.weight_decay * w
    b1, b2 = spec.betas
    m, v = average(s["exp_avg"], b1, g), average(s["exp_avg_sq"], b2, g * g)
    if spec.amsgrad:
        v = np.maximum(s["max_exp_avg_sq"], v, out=s["max_exp_avg_sq"])
    root = np.sqrt(v)
    root *= 1 / sqrt(1 - b2**t)
    root += spec.eps
    np.divide(m, root, out=root)
    root *= lr / (1 - b1**t)
    w -= root


def average(held: Array, keep: float, new: Array) -> Array:
    """held ← keep·held + (1 − keep)·new"""
    held *= keep
    held += (1 - keep) * new
    return held


@CLIPPINGS.implements(ClipValue)
def clip_value(spec: ClipValue, grads: State) -> State:
    """g ← min(max(g, −limit), limit)"""
    return {path: np.clip(g, -spec.limit, spec.limit) for path, g in grads.items()}


@CLIPPINGS.implements(ClipNorm)
def clip_norm(spec: ClipNorm, grads: State) -> State:
    """g ← g · min(1, max_norm/(‖g‖ + 1e-6))        ‖g‖² = Σ over all weights of Σ g²"""
    norm = sqrt(sum(float(np.vdot(g, g)) for g in grads.values()))
    scale = min(1.0, spec.max_norm / (norm + 1e-6))
    return {path: g * g.dtype.type(scale) for path, g in grads.items()}
