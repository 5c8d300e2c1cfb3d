"""Formulas of normalisation: y = w ⊙ (x − μ)/√(σ² + ε) + b, and of the running statistics after a run."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
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
from isograd.core.parity.formulas.table import buffer_formula, formula, terms_formula


def moments(ops: Namespace, x: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """μ = mean x and σ² = mean (x − μ)² over `axes`, which stay as axes of length 1"""
    mean = ops.mean(x, axis=axes, keepdims=True)
    return mean, ops.mean((x - mean) ** 2, axis=axes, keepdims=True)


def standardized(ops: Namespace, x: Any, axes: tuple[int, ...], eps: float) -> Any:
    """(x − μ)/√(σ² + ε), μ and σ² over `axes`"""
    mean, variance = moments(ops, x, axes)
    return (x - mean) / ops.sqrt(variance + eps)


def by_channel(ops: Namespace, values: Any, x: Any) -> Any:
    """(C,) as (C, 1, …), to go with x (N, C, …)"""
    return ops.reshape(values, (-1, *[1] * (x.ndim - 2)))


def scaled(ops: Namespace, p: Tree, z: Any) -> Any:
    """w[c] · z + b[c], where there are any"""
    y = z * by_channel(ops, p["weight"], z) if "weight" in p else z
    return y + by_channel(ops, p["bias"], z) if "bias" in p else y


@formula(BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d)
def batch_norm(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Training: μ, σ² of each channel over the batch, or of each sample by itself; evaluation: the running ones"""
    (v,) = x
    if spec.track_running_stats and not run.training:
        mean, variance = by_channel(ops, p["running_mean"], v), by_channel(ops, p["running_var"], v)
        return scaled(ops, p, (v - mean) / ops.sqrt(variance + spec.eps))
    places = tuple(range(2, v.ndim))
    return scaled(ops, p, standardized(ops, v, places if isinstance(spec, InstanceNorm) else (0, *places), spec.eps))


def moved(ops: Namespace, p: Tree, mean: Any, variance: Any, share: Any) -> dict[str, Any]:
    """running ← (1−a)·running + a·new"""
    news = {"running_mean": mean, "running_var": variance}
    return {name: (1 - share) * p[name] + share * ops.reshape(new, (-1,)) for name, new in news.items()}


@buffer_formula(BatchNorm1d, BatchNorm2d, BatchNorm3d)
def batch_norm_buffers(spec: BatchNorm, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> dict[str, Any]:
    """new: μ and σ²·m/(m−1) over m values of a channel; a = momentum, or 1 / the number of batches with this one"""
    axes = (0, *range(2, x[0].ndim))
    mean, variance = moments(ops, x[0], axes)
    count, seen = prod(x[0].shape[axis] for axis in axes), p["num_batches_tracked"] + 1
    share = 1 / seen if spec.momentum is None else spec.momentum
    return {**moved(ops, p, mean, variance * count / (count - 1), share), "num_batches_tracked": seen}


@buffer_formula(InstanceNorm1d, InstanceNorm2d, InstanceNorm3d)
def instance_norm_buffers(spec: InstanceNorm, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> dict[str, Any]:
    """new: the mean over the batch of each sample's μ and σ²·m/(m−1), m its places; no batch is counted"""
    mean, variance = (ops.mean(v, axis=0) for v in moments(ops, x[0], tuple(range(2, x[0].ndim))))
    count = prod(x[0].shape[2:])
    return moved(ops, p, mean, variance * count / (count - 1), spec.momentum)


@formula(LayerNorm)
def layer_norm(spec: LayerNorm, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """μ, σ² over the last axes of each sample"""
    z = standardized(ops, x[0], tuple(range(x[0].ndim - spec.axes, x[0].ndim)), spec.eps)
    y = z * p["weight"] if "weight" in p else z
    return y + p["bias"] if "bias" in p else y


@formula(RMSNorm)
def rms_norm(spec: RMSNorm, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = w ⊙ x / √(mean x² + ε) over the last axes; ε=None is that of the network's dtype"""
    y = x[0] / root_mean_square(spec, ops, x[0], run)
    return y * p["weight"] if "weight" in p else y


def root_mean_square(spec: RMSNorm, ops: Namespace, x: Any, run: Run) -> Any:
    """√(mean x² + ε)"""
    eps = float(np.finfo(run.dtype).eps) if spec.eps is None else spec.eps
    return ops.sqrt(ops.mean(x**2, axis=tuple(range(x.ndim - spec.axes, x.ndim)), keepdims=True) + eps)


@terms_formula(RMSNorm)
def rms_norm_terms(
    spec: RMSNorm, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run, dy: tuple[Any, ...]
) -> dict[str, Any]:
    """dx = (g − z · mean(g z))/s, g = w ⊙ dy, s = √(mean x² + ε): of a single value nothing is left; |g|/s"""
    g = dy[0] * p["weight"] if "weight" in p else dy[0]
    return {"dx": ops.abs(g) / root_mean_square(spec, ops, x[0], run)}


@formula(GroupNorm)
def group_norm(spec: GroupNorm, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """μ, σ² over a group of channels of each sample"""
    groups = ops.reshape(x[0], (len(x[0]), spec.num_groups, -1))
    return scaled(ops, p, ops.reshape(standardized(ops, groups, (2,), spec.eps), tuple(x[0].shape)))


@formula(LocalResponseNorm)
def local_response_norm(spec: LocalResponseNorm, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[c] = x[c] / (k + alpha · the mean of x² over `size` channels)^beta, channel by channel"""
    (v,) = x
    count, scaled_down = v.shape[1], []
    for c in range(count):
        first, behind = max(c - spec.size // 2, 0), min(c + (spec.size - 1) // 2 + 1, count)
        squares = ops.sum(v[:, first:behind] ** 2, axis=1) / spec.size
        scaled_down.append(v[:, c] / (spec.k + spec.alpha * squares) ** spec.beta)
    return ops.stack(scaled_down, axis=1)


@terms_formula(BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d)
@terms_formula(LayerNorm, GroupNorm)
def normalised_terms(
    spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run, dy: tuple[Any, ...]
) -> dict[str, Any]:
    """y = w ⊙ (x − μ)/s + b and dx = (g − mean g − z · mean(g z))/s, s = √(σ² + ε), g = w ⊙ dy: |w x|/s and |g|/s

    Of values that are almost equal little is left of x − μ, nor of dw = Σ dy (x − μ)/s: Σ |dy x|/s; of two values
    nothing of dx. What z is rounded by, |μ|/s, stands in dx wherever z does.
    """
    (v,), (g,) = x, dy
    scale = p.get("weight", ops.constant(np.ones(()), v))
    scale = scale if isinstance(spec, LayerNorm) or "weight" not in p else by_channel(ops, scale, v)
    axes: tuple[int, ...] = tuple(range(2, v.ndim))
    if isinstance(spec, LayerNorm):
        axes = tuple(range(v.ndim - spec.axes, v.ndim))
    elif not isinstance(spec, (GroupNorm, InstanceNorm)):
        axes = (0, *axes)
    u, h = v, ops.abs(scale * g)
    if isinstance(spec, GroupNorm):
        u, h, axes = *(ops.reshape(each, (len(v), spec.num_groups, -1)) for each in (u, h)), (2,)
    mean, variance = moments(ops, u, axes)
    deviation = ops.sqrt(variance + spec.eps)
    unit = ops.abs(mean) / deviation
    z = ops.abs(u - mean) / deviation + float(np.finfo(run.dtype).eps) * unit
    rounded = z * ops.mean(h, axis=axes, keepdims=True) + ops.mean(h * z, axis=axes, keepdims=True)
    dx = (h + unit * rounded) / deviation
    deviation = ops.reshape(0 * u + deviation, tuple(v.shape))
    terms = {"output": ops.abs(scale * v) / deviation, "dx": ops.reshape(dx, tuple(v.shape))}
    if "weight" in p:
        rows = tuple(range(v.ndim - spec.axes)) if isinstance(spec, LayerNorm) else (0, *range(2, v.ndim))
        terms["dweight"] = ops.sum(ops.abs(g * v) / deviation, axis=rows)
    return terms
