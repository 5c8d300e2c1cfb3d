"""Formulas of optimizers and of clipping: whole arrays, new ones returned, nothing written to.

optimizer formula (spec, ops, lr, t, w, g, slots) → (new w, new slots)     t is counted from 1; no slots before that
clipping formula (spec, ops, {path: g}) → {path: clipped g}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.learning.optimizers import SGD, Adagrad, Adam, AdamW, ClipNorm, ClipValue, RMSprop
from isograd.core.parity.formulas.table import clipping_formula, optimizer_formula

Slots = Mapping[str, Any]
Step = tuple[Any, dict[str, Any]]


@optimizer_formula(SGD)
def sgd(spec: SGD, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
    """v ← μv + (1−τ)g (v = g at t = 1)        w ← w − ηv        nesterov: w ← w − η(g + μv)

    velocity="step": v ← μv + (1−τ)ηg from v = 0        w ← w − v        nesterov: w ← w − (ηg + μv)
    """
    g = g + spec.weight_decay * w
    if spec.momentum == 0:
        return w - lr * g, {}
    if spec.velocity == "step":
        before = slots["momentum_buffer"] if t > 1 else ops.zeros_like(w)
        v = spec.momentum * before + (1 - spec.dampening) * lr * g
        return w - (lr * g + spec.momentum * v if spec.nesterov else v), {"momentum_buffer": v}
    v = g if t == 1 else spec.momentum * slots["momentum_buffer"] + (1 - spec.dampening) * g
    return w - lr * (g + spec.momentum * v if spec.nesterov else v), {"momentum_buffer": v}


@optimizer_formula(Adagrad)
def adagrad(spec: Adagrad, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
    """s ← s + g²        w ← w − η/(1 + (t−1)·lr_decay) · g/(√s + ε)"""
    g = g + spec.weight_decay * w
    total = (slots["sum"] if t > 1 else spec.initial_accumulator_value) + g**2
    return w - lr / (1 + (t - 1) * spec.lr_decay) * g / (ops.sqrt(total) + spec.eps), {"sum": total}


@optimizer_formula(RMSprop)
def rmsprop(spec: RMSprop, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
    """s ← αs + (1−α)g²        centered: ḡ ← αḡ + (1−α)g,  a = √(s − ḡ²) + ε;  else a = √s + ε

    w ← w − ηg/a        with momentum: b ← μb + g/a,  w ← w − ηb
    """
    g = g + spec.weight_decay * w
    zeros = ops.zeros_like(w)
    new = {"square_avg": spec.alpha * slots.get("square_avg", zeros) + (1 - spec.alpha) * g**2}
    spread = new["square_avg"]
    if spec.centered:
        new["grad_avg"] = spec.alpha * slots.get("grad_avg", zeros) + (1 - spec.alpha) * g
        spread = spread - new["grad_avg"] ** 2
    step = g / (ops.sqrt(spread) + spec.eps)
    if spec.momentum:
        step = new["momentum_buffer"] = spec.momentum * slots.get("momentum_buffer", zeros) + step
    return w - lr * step, new


@optimizer_formula(Adam, AdamW)
def adam(spec: Adam, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
    """m ← β₁m + (1−β₁)g    v ← β₂v + (1−β₂)g²    w ← w − η m̂ / (√v̂ + ε),   ·̂ = ·/(1−βᵗ)

    Decay: g ← g + λw before (Adam), w ← w − ηλw before (AdamW). amsgrad: v̂ from the largest v so far.
    """
    if spec.decoupled:
        w = w - lr * spec.weight_decay * w
    else:
        g = g + spec.weight_decay * w
    zeros, (b1, b2) = ops.zeros_like(w), spec.betas
    m = b1 * slots.get("exp_avg", zeros) + (1 - b1) * g
    v = b2 * slots.get("exp_avg_sq", zeros) + (1 - b2) * g**2
    new = {"exp_avg": m, "exp_avg_sq": v}
    if spec.amsgrad:
        v = new["max_exp_avg_sq"] = ops.maximum(v, slots.get("max_exp_avg_sq", zeros))
    return w - lr * (m / (1 - b1**t)) / (ops.sqrt(v / (1 - b2**t)) + spec.eps), new


@clipping_formula(ClipValue)
def clip_value(spec: ClipValue, ops: Namespace, grads: Mapping[str, Any]) -> dict[str, Any]:
    """g ← min(max(g, −limit), limit)"""
    return {path: ops.clip(g, -spec.limit, spec.limit) for path, g in grads.items()}


@clipping_formula(ClipNorm)
def clip_norm(spec: ClipNorm, ops: Namespace, grads: Mapping[str, Any]) -> dict[str, Any]:
    """g ← g · min(1, max_norm/(‖g‖ + 1e-6))        ‖g‖² = Σ over all weights of Σ g²"""
    norm = ops.sqrt(sum(ops.sum(g * g) for g in grads.values()))
    return {path: g * ops.minimum(spec.max_norm / (norm + 1e-6), 1.0) for path, g in grads.items()}
