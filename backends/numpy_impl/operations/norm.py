"""Normalisation. μ, σ² are mean and variance over some axes, m the number of values there, x̂ = (x−μ)/√(σ²+ε)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.operations.channels import by_the_batch, by_the_past
from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    GroupNorm,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    LayerNorm,
    LocalResponseNorm,
    RMSNorm,
)
from isograd.core.layers.norm import BatchNorm, InstanceNorm

Axes = tuple[int, ...]


def standardized(x: Array, axes: Axes, eps: float) -> tuple[Array, Array, Array, Callable[[Array], Array]]:
    """(x̂, μ, σ², backward)        dx = (dx̂ − mean dx̂ − x̂ ⊙ mean(dx̂ ⊙ x̂)) / √(σ²+ε), means over `axes`"""
    mean = x.mean(axes, keepdims=True)
    z = x - mean
    variance = np.square(z).mean(axes, keepdims=True)
    scale = 1 / np.sqrt(variance + x.dtype.type(eps))
    z *= scale

    def backward(dz: Array) -> Array:
        dx: Array = z * (dz * z).mean(axes, keepdims=True)
        np.subtract(dz, dx, out=dx)
        dx -= dz.mean(axes, keepdims=True)
        dx *= scale
        return dx

    return z, mean, variance, backward


def remembered(x: Array, p: Tree, eps: float) -> tuple[Array, Callable[[Array], Array]]:
    """(x̂, backward) by the running mean and variance, which are constants: dx = dx̂ / √(running_var+ε)"""
    scale = 1 / np.sqrt(along_channels(p["running_var"], x) + x.dtype.type(eps))
    z = x - along_channels(p["running_mean"], x)
    z *= scale
    return z, lambda dz: dz * scale


def along_channels(values: Array, x: Array) -> Array:
    """(C,) as (1, C, 1, …), to go with x"""
    return np.expand_dims(values, not_channels(x))


def affine(
    p: Tree, z: Array, shaped: Callable[[Array], Array], over: Axes
) -> tuple[Array, Callable[[Array], tuple[Array, State]]]:
    """y = w ⊙ x̂ + b        dx̂ = dy ⊙ w        dw = Σ dy ⊙ x̂        db = Σ dy, over the axes that w and b lack"""
    y = z * shaped(p["weight"]) if "weight" in p else z
    if "bias" in p:
        y += shaped(p["bias"])

    def backward(dy: Array) -> tuple[Array, State]:
        if "weight" not in p:
            return dy, {}
        grads = {"weight": (dy * z).sum(over)}
        if "bias" in p:
            grads["bias"] = dy.sum(over)
        return dy * shaped(p["weight"]), grads

    return y, backward


def not_channels(x: Array) -> Axes:
    axes = (0, *range(2, x.ndim))
    return axes


def through(outer: Callable[[Array], tuple[Array, State]], inner: Callable[[Array], Array]) -> Backward:
    """The backward of an affine map after a normalisation."""

    def backward(dy: Array) -> tuple[Array, State]:
        dz, grads = outer(dy)
        return inner(dz), grads

    return backward


def moved(p: Tree, mean: Array, variance: Array, share: float) -> State:
    """running ← (1−a)·running + a·new"""
    keep = 1 - share
    return {
        "running_mean": keep * p["running_mean"] + share * mean,
        "running_var": keep * p["running_var"] + share * variance,
    }


@implements(BatchNorm1d, BatchNorm2d, BatchNorm3d)
def batch_norm(spec: BatchNorm, p: Tree, x: Array, *, run: Run) -> Any:
    """x (n,c,…)   m values in a channel        y = w[c]·x̂ + b[c]        dx̂ = dy·w[c]   dw[c] = Σ dy·x̂   db[c] = Σ dy

    Training: x̂ by the batch's μ, σ² over n and …; dx as in `standardized`;
    running_mean ← (1−a)·running_mean + a·μ        running_var ← (1−a)·running_var + a·σ²·m/(m−1)
    Evaluation: x̂ by the running ones; dx = dx̂/√(running_var+ε).
    """
    if not run.training and spec.track_running_stats:
        return by_the_past(x, p, spec.eps)
    y, mean, variance, backward = by_the_batch(x, p, spec.eps)
    if not spec.track_running_stats:
        return y, backward
    m, seen = x.size // x.shape[1], p["num_batches_tracked"] + 1
    a = 1 / int(seen) if spec.momentum is None else spec.momentum
    buffers = moved(p, mean, variance * (m / (m - 1)), a)
    return y, backward, {**buffers, "num_batches_tracked": seen}


@implements(InstanceNorm1d, InstanceNorm2d, InstanceNorm3d)
def instance_norm(spec: InstanceNorm, p: Tree, x: Array, *, run: Run) -> Any:
    """x (n,c,…)        y = w[c]·x̂ + b[c], x̂ by μ[n,c], σ²[n,c] over …; gradients as in `batch_norm`

    Remembered in training: the mean over n of μ and of σ²·m/(m−1), m the number of places.
    """
    if not run.training and spec.track_running_stats:
        z, back = remembered(x, p, spec.eps)
    else:
        z, mean, variance, back = standardized(x, tuple(range(2, x.ndim)), spec.eps)
    y, outer = affine(p, z, lambda values: along_channels(values, x), not_channels(x))
    if not (run.training and spec.track_running_stats):
        return y, through(outer, back)
    m, over = x[0, 0].size, not_channels(x)
    buffers = moved(p, mean.mean(over), variance.mean(over) * (m / (m - 1)), spec.momentum)
    return y, through(outer, back), buffers


@implements(LayerNorm)
def layer_norm(spec: LayerNorm, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = w ⊙ x̂ + b, x̂ by μ, σ² over the last axes        dx̂ = dy ⊙ w   dw = Σ dy ⊙ x̂   db = Σ dy over the others"""
    first = x.ndim - spec.axes
    z, _, _, back = standardized(x, tuple(range(first, x.ndim)), spec.eps)
    y, outer = affine(p, z, lambda values: values, tuple(range(first)))
    return y, through(outer, back)


@implements(RMSNorm)
def rms_norm(spec: RMSNorm, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = w ⊙ z,   z = x ⊙ s,   s = 1/√(mean x² + ε) over the last axes

    dz = dy ⊙ w        dx = (dz − z ⊙ mean(dz ⊙ z)) ⊙ s        dw = Σ dy ⊙ z over the other axes
    """
    first = x.ndim - spec.axes
    axes = tuple(range(first, x.ndim))
    eps = np.finfo(x.dtype).eps if spec.eps is None else spec.eps
    scale = 1 / np.sqrt(np.square(x).mean(axes, keepdims=True) + x.dtype.type(eps))
    z = x * scale
    y, outer = affine(p, z, lambda values: values, tuple(range(first)))
    return y, through(outer, lambda dz: (dz - z * (dz * z).mean(axes, keepdims=True)) * scale)


@implements(GroupNorm)
def group_norm(spec: GroupNorm, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """x (n,c,…) as (n,g,c/g·…)        y = w[c]·x̂ + b[c], x̂ by μ[n,g], σ²[n,g]; gradients as in `batch_norm`"""
    grouped = (len(x), spec.num_groups, -1)
    z, _, _, back = standardized(x.reshape(grouped), (2,), spec.eps)
    y, outer = affine(p, z.reshape(x.shape), lambda values: along_channels(values, x), not_channels(x))
    return y, through(outer, lambda dz: back(dz.reshape(grouped)).reshape(x.shape))


@implements(LocalResponseNorm)
def local_response_norm(spec: LocalResponseNorm, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x ⊙ s,   s = t^−β,   t[c] = k + α/size Σ x[j]² over the channels j near c

    dx = dy ⊙ s − 2αβ/size x ⊙ Σ (dy ⊙ x ⊙ s/t)[c] over the channels c that j is near to
    """
    share, (before, after) = spec.alpha / spec.size, (spec.size // 2, (spec.size - 1) // 2)
    t = spec.k + share * near(x * x, before, after)
    s = t**-spec.beta

    def backward(dy: Array) -> tuple[Array, State]:
        ds = near(dy * x * (s / t), after, before)
        return dy * s - (2 * share * spec.beta) * x * ds, {}

    return x * s, backward


def near(values: Array, before: int, after: int) -> Array:
    """Σ values[:, j] over j = c − before … c + after, where there are such channels"""
    count = values.shape[1]
    sums = np.zeros_like(values)
    for d in range(-min(before, count), min(after, count) + 1):
        sums[:, max(-d, 0) : count - max(d, 0)] += values[:, max(d, 0) : count + min(d, 0)]
    return sums
