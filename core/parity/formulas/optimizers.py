"""Formulas of optimizers and of clipping: whole arrays, new ones returned, nothing written to.

optimizer formula (spec, ops, lr, t, w, g, slots) → (new w, new slots)     t is counted from 1; no slots before that
clipping formula (spec, ops, {path: g}) → {path: clipped g}
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.learning.adaptive import ASGD, Adadelta, Adafactor, Adamax, Muon, NAdam, RAdam, Rprop
from isograd.core.learning.optimizers import SGD, Adagrad, Adam, AdamW, ClipNorm, ClipValue, Optimizer, RMSprop
from isograd.core.parity.formulas.table import clipping_formula, optimizer_formula

Slots = Mapping[str, Any]
Step = tuple[Any, dict[str, Any]]


@optimizer_formula(SGD)
def sgd(spec: SGD, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
    """v ← μv + (1−τ)g (v = g at t = 1)        w ← w − ηv        nesterov: w ← w − η(g + μv)

    velocity="step": v ← μv + (1−τ)ηg from v = 0        w ← w − v        nesterov: w ← w − (ηg + μv)
    """
    g = uphill(spec, g) + spec.weight_decay * w
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
    g = uphill(spec, g) + spec.weight_decay * w
    total = (slots["sum"] if t > 1 else spec.initial_accumulator_value) + g**2
    return w - lr / (1 + (t - 1) * spec.lr_decay) * g / (ops.sqrt(total) + spec.eps), {"sum": total}


@optimizer_formula(RMSprop)
def rmsprop(spec: RMSprop, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
    """s ← αs + (1−α)g²        centered: ḡ ← αḡ + (1−α)g,  a = √(s − ḡ²) + ε;  else a = √s + ε

    w ← w − ηg/a        with momentum: b ← μb + g/a,  w ← w − ηb
    """
    g = uphill(spec, g) + spec.weight_decay * w
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
    w, g = both_decays(spec, spec.decoupled, lr, w, g)
    zeros, (b1, b2) = ops.zeros_like(w), spec.betas
    m = b1 * slots.get("exp_avg", zeros) + (1 - b1) * g
    v = b2 * slots.get("exp_avg_sq", zeros) + (1 - b2) * g**2
    new = {"exp_avg": m, "exp_avg_sq": v}
    if spec.amsgrad:
        v = new["max_exp_avg_sq"] = ops.maximum(v, slots.get("max_exp_avg_sq", zeros))
    return w - lr * (m / (1 - b1**t)) / (ops.sqrt(v / (1 - b2**t)) + spec.eps), new


@optimizer_formula(Adadelta)
def adadelta(spec: Adadelta, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
    """s ← ρs + (1−ρ)g²        Δ = g √(a + ε)/√(s + ε)        a ← ρa + (1−ρ)Δ²        w ← w − ηΔ"""
    g = uphill(spec, g) + spec.weight_decay * w
    zeros, rho = ops.zeros_like(w), spec.rho
    s = rho * slots.get("square_avg", zeros) + (1 - rho) * g**2
    before = slots.get("acc_delta", zeros)
    step = g * ops.sqrt((before + spec.eps) / (s + spec.eps))
    return w - lr * step, {"square_avg": s, "acc_delta": rho * before + (1 - rho) * step**2}


@optimizer_formula(Adamax)
def adamax(spec: Adamax, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
    """m ← β₁m + (1−β₁)g        u ← max(β₂u, |g| + ε)        w ← w − η/(1−β₁ᵗ) · m/u"""
    g = uphill(spec, g) + spec.weight_decay * w
    zeros, (b1, b2) = ops.zeros_like(w), spec.betas
    m = b1 * slots.get("exp_avg", zeros) + (1 - b1) * g
    u = ops.maximum(b2 * slots.get("exp_inf", zeros), ops.abs(g) + spec.eps)
    return w - lr * m / ((1 - b1**t) * u), {"exp_avg": m, "exp_inf": u}


@optimizer_formula(NAdam)
def nadam(spec: NAdam, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
    """m ← β₁m + (1−β₁)g    v ← β₂v + (1−β₂)g²    μₜ = β₁(1 − ½·0.96^(tψ))    π ← π μₜ  (π = 1 at first)

    w ← w − η (μₜ₊₁ m/(1−π μₜ₊₁) + (1−μₜ) g/(1−π))/(√v̂ + ε),   v̂ = v/(1−β₂ᵗ)        decay: of g, or decoupled
    """
    w, g = both_decays(spec, spec.decoupled_weight_decay, lr, w, g)
    zeros, (b1, b2) = ops.zeros_like(w), spec.betas
    m = b1 * slots.get("exp_avg", zeros) + (1 - b1) * g
    v = b2 * slots.get("exp_avg_sq", zeros) + (1 - b2) * g**2
    mu = b1 - b1 / 2 * 0.96 ** (spec.momentum_decay * t)
    after = b1 - b1 / 2 * 0.96 ** (spec.momentum_decay * (t + 1))
    product = ops.constant(mu, w) * (slots["mu_product"] if t > 1 else 1.0)
    ahead = after * m / (1 - product * after) + (1 - mu) * g / (1 - product)
    new = {"exp_avg": m, "exp_avg_sq": v, "mu_product": product}
    return w - lr * ahead / (ops.sqrt(v / (1 - b2**t)) + spec.eps), new


@optimizer_formula(RAdam)
def radam(spec: RAdam, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
    """m ← β₁m + (1−β₁)g    v ← β₂v + (1−β₂)g²    ρ = (1+β₂)/(1−β₂)    ρₜ = ρ − 2tβ₂ᵗ/(1−β₂ᵗ)    m̂ = m/(1−β₁ᵗ)

    ρₜ > 5: w ← w − η m̂ √((ρₜ−4)(ρₜ−2)ρ(1−β₂ᵗ)/((ρ−4)(ρ−2)ρₜ))/(√v + ε);  else w ← w − η m̂
    """
    w, g = both_decays(spec, spec.decoupled_weight_decay, lr, w, g)
    zeros, (b1, b2) = ops.zeros_like(w), spec.betas
    m = b1 * slots.get("exp_avg", zeros) + (1 - b1) * g
    v = b2 * slots.get("exp_avg_sq", zeros) + (1 - b2) * g**2
    new = {"exp_avg": m, "exp_avg_sq": v}
    end = (1 + b2) / (1 - b2)
    rho = end - 2 * t * b2**t / (1 - b2**t)
    if rho <= 5:
        return w - lr * m / (1 - b1**t), new
    r = sqrt((rho - 4) * (rho - 2) * end * (1 - b2**t) / ((end - 4) * (end - 2) * rho))
    return w - lr * r * m / ((1 - b1**t) * (ops.sqrt(v) + spec.eps)), new


@optimizer_formula(ASGD)
def asgd(spec: ASGD, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
    """w ← w − ηₜ(λw + g)        a ← (1−μₜ)a + μₜw        ηₜ₊₁ = η/(1 + ληt)^α        μₜ₊₁ = 1/max(1, t − t₀)"""
    g = uphill(spec, g) + spec.weight_decay * w
    eta, mu = (slots["eta"], slots["mu"]) if t > 1 else (lr, 1.0)
    w = w - eta * (spec.lambd * w + g)
    mean = mu * w + (1 - mu) * slots["ax"] if t > 1 else w
    rate = lr * (1 + spec.lambd * lr * t) ** -spec.alpha
    weight = 1 / (t - spec.t0) if t - spec.t0 > 1 else 1.0
    return w, {"ax": mean, "eta": ops.constant(rate, w), "mu": ops.constant(weight, w)}


@optimizer_formula(Rprop)
def rprop(spec: Rprop, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
    """k = η₊ where g·g' > 0, η₋ where g·g' < 0, else 1        Δ ← min(max(kΔ, low), high)

    g ← 0 where g·g' < 0        w ← w − sign(g) Δ        g' ← g        Δ = η and g' = 0 at first
    """
    g = uphill(spec, g)
    zeros, ones = ops.zeros_like(w), ops.ones_like(w)
    same = g * slots.get("prev", zeros)
    k = ops.where(same > 0, spec.etas[1] * ones, ops.where(same < 0, spec.etas[0] * ones, ones))
    size = ops.clip(k * slots.get("step_size", lr * ones), *spec.step_sizes)
    g = ops.where(same < 0, zeros, g)
    sign = ops.where(g > 0, ones, ops.where(g < 0, -ones, zeros))
    return w - sign * size, {"prev": g, "step_size": size}


@optimizer_formula(Adafactor)
def adafactor(spec: Adafactor, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
    """b = t^τ    r ← (1−b)r + b·mean g² of each row    c likewise of each column    v = r c/max(mean r, ε₁)

    Without two axes: v ← (1−b)v + b g²        u = g/max(√v, ε₁)
    w ← w − ηλw − max(ε₂, rms(w)) min(η, 1/√t) u/max(1, rms(u)/d)
    """
    g = uphill(spec, g)
    tiny = float(np.finfo(w.dtype).eps) if spec.eps[0] is None else spec.eps[0]
    b = t**spec.beta2_decay

    def moved(slot: str, new: Any) -> Any:
        return b * new + (1 - b) * slots[slot] if t > 1 else b * new

    if w.ndim > 1:
        r = moved("row_var", ops.mean(g**2, axis=-1, keepdims=True))
        c = moved("col_var", ops.mean(g**2, axis=-2, keepdims=True))
        v = r * c / ops.maximum(ops.mean(r, axis=-2, keepdims=True), tiny)
        new = {"row_var": r, "col_var": c}
    else:
        v = moved("variance", g**2)
        new = {"variance": v}
    u = g / ops.maximum(ops.sqrt(v), tiny)
    size = ops.maximum(ops.sqrt(ops.mean(w**2)), spec.eps[1]) * min(lr, t**-0.5)
    step = size * u / ops.maximum(ops.sqrt(ops.mean(u**2)) / spec.d, 1.0)
    return w - lr * spec.weight_decay * w - step, new


@optimizer_formula(Muon)
def muon(spec: Muon, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
    """b ← μb + (1−μ)g        u = b, or nesterov: μb + (1−μ)g        x = u/max(‖u‖, ε)

    ns_steps times x ← ax + bxxᵀx + cxxᵀxxᵀx        w ← w − ηλw − ηk·x,   k by the shape (n, m)
    """
    g, mu = uphill(spec, g), spec.momentum
    held = mu * slots.get("momentum_buffer", ops.zeros_like(w)) + (1 - mu) * g
    x = mu * held + (1 - mu) * g if spec.nesterov else held
    x = x / ops.maximum(ops.sqrt(ops.sum(x**2)), spec.eps)
    a, b, c = spec.ns_coefficients
    for _ in range(spec.ns_steps):
        cubed = x @ (ops.swapaxes(x, 0, 1) @ x)
        x = a * x + b * cubed + c * (cubed @ (ops.swapaxes(x, 0, 1) @ x))
    n, m = w.shape
    scales = {"match_rms_adamw": 0.2 * max(n, m) ** 0.5, "spectral_unclamped": (n / m) ** 0.5}
    k = scales.get(spec.adjust_lr_fn or "original", max(1.0, (n / m) ** 0.5))
    return w - lr * spec.weight_decay * w - lr * k * x, {"momentum_buffer": held}


def uphill(spec: Optimizer, g: Any) -> Any:
    """−g where the loss is to grow"""
    return -g if spec.maximize else g


def both_decays(spec: Any, decoupled: bool, lr: float, w: Any, g: Any) -> tuple[Any, Any]:
    """(w − ηλw, g) where decay is decoupled, else (w, g + λw)"""
    g, decay = uphill(spec, g), spec.weight_decay * w
    return (w - lr * decay, g) if decoupled else (w, g + decay)


@clipping_formula(ClipValue)
def clip_value(spec: ClipValue, ops: Namespace, grads: Mapping[str, Any]) -> dict[str, Any]:
    """g ← min(max(g, −limit), limit)"""
    return {path: ops.clip(g, -spec.limit, spec.limit) for path, g in grads.items()}


@clipping_formula(ClipNorm)
def clip_norm(spec: ClipNorm, ops: Namespace, grads: Mapping[str, Any]) -> dict[str, Any]:
    """g ← g · min(1, max_norm/(‖g‖ + 1e-6))        ‖g‖² = Σ over all weights of Σ g²"""
    norm = ops.sqrt(sum(ops.sum(g * g) for g in grads.values()))
    return {path: g * ops.minimum(spec.max_norm / (norm + 1e-6), 1.0) for path, g in grads.items()}
