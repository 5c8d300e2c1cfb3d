"""Optimizer steps, in place, and gradient clipping.

    rule(spec, lr, t, w, g, s)        s = {slot: array}, t counted from 1

A rule changes w and s in place, as its arrows say, and leaves g alone. Where its description is `entrywise`, it
works entry by entry, so the engine may call it on any piece of a weight; elsewhere it gets the weight in its own shape.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from isograd.core.base.table import Table
from isograd.core.base.types import Array, State
from isograd.core.learning.adaptive import ASGD, Adadelta, Adafactor, Adamax, Muon, NAdam, RAdam, Rprop
from isograd.core.learning.optimizers import SGD, Adagrad, Adam, AdamW, ClipNorm, ClipValue, RMSprop

OPTIMIZERS = Table("numpy_impl/optimizers.py")
CLIPPINGS = Table("numpy_impl/optimizers.py")


@OPTIMIZERS.implements(SGD)
def sgd(spec: SGD, lr: float, t: int, w: Array, g: Array, s: State) -> None:
    """v ← μv + (1−τ)g (v = g at t = 1)        w ← w − ηv        nesterov: w ← w − η(g + μv)

    velocity="step": v ← μv + (1−τ)ηg from v = 0        w ← w − v        nesterov: w ← w − (ηg + μv)
    """
    g = decayed(spec, w, g)
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
    g = decayed(spec, w, g)
    s["sum"] += g * g
    rate = lr / (1 + (t - 1) * spec.lr_decay)
    w -= rate * (g / (np.sqrt(s["sum"]) + spec.eps))


@OPTIMIZERS.implements(RMSprop)
def rmsprop(spec: RMSprop, lr: float, t: int, w: Array, g: Array, s: State) -> None:
    """s ← αs + (1−α)g²        centered: ḡ ← αḡ + (1−α)g,  a = √(s − ḡ²) + ε;  else a = √s + ε

    w ← w − ηg/a        with momentum: b ← μb + g/a,  w ← w − ηb
    """
    g = decayed(spec, w, g)
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
    g = decayed(spec, w, g, lr if spec.decoupled else None)
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


@OPTIMIZERS.implements(Adadelta)
def adadelta(spec: Adadelta, lr: float, t: int, w: Array, g: Array, s: State) -> None:
    """s ← ρs + (1−ρ)g²        Δ = g √(a + ε)/√(s + ε)        a ← ρa + (1−ρ)Δ²        w ← w − ηΔ"""
    g = decayed(spec, w, g)
    spread = average(s["square_avg"], spec.rho, g * g)
    step = np.sqrt(s["acc_delta"] + spec.eps) / np.sqrt(spread + spec.eps) * g
    average(s["acc_delta"], spec.rho, step * step)
    w -= lr * step


@OPTIMIZERS.implements(Adamax)
def adamax(spec: Adamax, lr: float, t: int, w: Array, g: Array, s: State) -> None:
    """m ← β₁m + (1−β₁)g        u ← max(β₂u, |g| + ε)        w ← w − η/(1−β₁ᵗ) · m/u"""
    g = decayed(spec, w, g)
    b1, b2 = spec.betas
    m, u = average(s["exp_avg"], b1, g), s["exp_inf"]
    u *= b2
    np.maximum(u, np.abs(g) + spec.eps, out=u)
    w -= lr / (1 - b1**t) * (m / u)


@OPTIMIZERS.implements(NAdam)
def nadam(spec: NAdam, lr: float, t: int, w: Array, g: Array, s: State) -> None:
    """m ← β₁m + (1−β₁)g    v ← β₂v + (1−β₂)g²    μₜ = β₁(1 − ½·0.96^(tψ))    π ← π μₜ  (π = 1 at first)

    w ← w − η ((1−μₜ)/(1−π) g + μₜ₊₁/(1−π μₜ₊₁) m)/(√(v/(1−β₂ᵗ)) + ε)        decay as in Adam, or in AdamW (decoupled)
    """
    g = decayed(spec, w, g, lr if spec.decoupled_weight_decay else None)
    b1, b2 = spec.betas
    now, then = (b1 * (1 - 0.5 * 0.96 ** (k * spec.momentum_decay)) for k in (t, t + 1))
    product = s["mu_product"]
    product *= now
    m, v = average(s["exp_avg"], b1, g), average(s["exp_avg_sq"], b2, g * g)
    root = np.sqrt(v) / sqrt(1 - b2**t) + spec.eps
    w -= lr * (1 - now) / (1 - float(product)) * (g / root)
    w -= lr * then / (1 - float(product) * then) * (m / root)


@OPTIMIZERS.implements(RAdam)
def radam(spec: RAdam, lr: float, t: int, w: Array, g: Array, s: State) -> None:
    """m ← β₁m + (1−β₁)g    v ← β₂v + (1−β₂)g²    w ← w − η m̂,  or  w ← w − η m̂ r √(1−β₂ᵗ)/(√v + ε) where r is known

    m̂ = m/(1−β₁ᵗ)        decay as in Adam, or in AdamW (decoupled)
    """
    g = decayed(spec, w, g, lr if spec.decoupled_weight_decay else None)
    b1, b2 = spec.betas
    m, v = average(s["exp_avg"], b1, g), average(s["exp_avg_sq"], b2, g * g)
    rectified = spec.rectified(t)
    if rectified is None:
        w -= lr / (1 - b1**t) * m
    else:
        w -= lr / (1 - b1**t) * rectified * sqrt(1 - b2**t) * (m / (np.sqrt(v) + spec.eps))


@OPTIMIZERS.implements(ASGD)
def asgd(spec: ASGD, lr: float, t: int, w: Array, g: Array, s: State) -> None:
    """w ← w − ηₜλw − ηₜg        a ← a + μₜ(w − a)        ηₜ₊₁ = η/(1 + ληt)^α        μₜ₊₁ = 1/max(1, t − t₀)"""
    g = decayed(spec, w, g)
    eta, mean = lr if t == 1 else float(s["eta"]), s["ax"]
    w *= 1 - spec.lambd * eta
    w -= eta * g
    mean += s["mu"] * (w - mean)
    s["eta"][...], s["mu"][...] = spec.after(t, lr)


@OPTIMIZERS.implements(Rprop)
def rprop(spec: Rprop, lr: float, t: int, w: Array, g: Array, s: State) -> None:
    """k = η₊ where g·g' > 0, η₋ where g·g' < 0 (there g ← 0), else 1        Δ ← min(max(kΔ, low), high)

    w ← w − sign(g) Δ        g' ← g        Δ = η and g' = 0 at first
    """
    if spec.maximize:
        g = -g
    (down, up), size, before = spec.etas, s["step_size"], s["prev"]
    if t == 1:
        size[...] = lr
    turned = g * before
    size *= np.where(turned > 0, up, np.where(turned < 0, down, 1.0))
    np.clip(size, *spec.step_sizes, out=size)
    before[...] = np.where(turned < 0, 0, g)
    w -= np.sign(before) * size


@OPTIMIZERS.implements(Adafactor)
def adafactor(spec: Adafactor, lr: float, t: int, w: Array, g: Array, s: State) -> None:
    """b = t^τ    α = max(ε₂, rms(w)) min(η, 1/√t)    w ← w − ηλw    w ← w − α u/max(1, rms(u)/d),   u = g/max(√v, ε₁)

    r ← r + b(mean g² of each row − r)    c ← c + b(mean g² of each column − c)    v = r c/max(mean r, ε₁)
    Without two axes: v ← v + b(g² − v)
    """
    if spec.maximize:
        g = -g
    tiny = float(np.finfo(w.dtype).eps) if spec.eps[0] is None else spec.eps[0]
    keep = 1 - t**spec.beta2_decay
    rate = max(spec.eps[1], rms(w)) * min(lr, 1 / sqrt(t))
    w *= 1 - lr * spec.weight_decay
    if w.ndim > 1:
        rows = average(s["row_var"], keep, np.mean(g * g, axis=-1, keepdims=True))
        columns = average(s["col_var"], keep, np.mean(g * g, axis=-2, keepdims=True))
        v = rows / np.maximum(rows.mean(-2, keepdims=True), tiny) * columns
    else:
        v = average(s["variance"], keep, g * g)
    u = g / np.sqrt(np.maximum(v, tiny * tiny))
    w -= rate / max(1.0, rms(u) / spec.d) * u


@OPTIMIZERS.implements(Muon)
def muon(spec: Muon, lr: float, t: int, w: Array, g: Array, s: State) -> None:
    """b ← μb + (1−μ)g        u = b, or nesterov: μb + (1−μ)g        w ← w − ηλw        w ← w − ηk·orthogonal(u)"""
    if spec.maximize:
        g = -g
    b = average(s["momentum_buffer"], spec.momentum, g)
    u = spec.momentum * b + (1 - spec.momentum) * g if spec.nesterov else b
    w *= 1 - lr * spec.weight_decay
    w -= lr * spec.adjusted(w.shape) * orthogonal(spec, u)


def orthogonal(spec: Muon, u: Array) -> Array:
    """x = u/max(‖u‖, ε), the shorter side first; then again and again x ← ax + (b xxᵀ + c(xxᵀ)²)x"""
    tall = u.shape[0] > u.shape[1]
    x = (u.T if tall else u) / max(float(np.linalg.norm(u)), spec.eps)
    a, b, c = spec.ns_coefficients
    for _ in range(spec.ns_steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.T if tall else x


def decayed(spec: Any, w: Array, g: Array, decoupled: float | None = None) -> Array:
    """g ← −g where it is maximized; then g ← g + λw, or, at a rate η that stands outside of g, w ← w − ηλw"""
    if spec.maximize:
        g = -g
    if spec.weight_decay and decoupled is not None:
        w *= 1 - decoupled * spec.weight_decay
    elif spec.weight_decay:
        g = g + spec.weight_decay * w
    return g


def rms(x: Array) -> float:
    """√(mean x²); 0 of nothing"""
    return float(np.linalg.norm(x)) / sqrt(max(x.size, 1))


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
