"""Normalisations that remember: whose statistics they take in which mode, and which they move on."""

from __future__ import annotations

from typing import Any

import torch

from isograd.backends.torch_impl.importer.moving import view_as
from isograd.backends.torch_impl.importer.plan import Fixed, Moved, State
from isograd.backends.torch_impl.importer.table import operation
from isograd.core import layers as core
from isograd.core.base.forms import Form
from isograd.core.layers.base import Misfit


@operation("_native_batch_norm_legit_functional")
def batch_norm(b: Any, a: Any) -> Any:
    if not b.training:
        raise Misfit("the running statistics in evaluation", "those of the batch, in evaluation too", "")
    mean, variance = _before(a.running_mean), _before(a.running_var)
    y = _remembering(b, a, mean, variance)
    return [y, None, None, Moved(mean), Moved(variance)]


@operation("_native_batch_norm_legit_no_training")
def batch_norm_of_evaluation(b: Any, a: Any) -> Any:
    """As the layer, whose statistics training moves; where it does not, by the numbers that they are."""
    if b.training:
        b.norms.frozen.add(a.running_mean)
    if isinstance(a.running_mean, State) and a.running_mean not in b.norms.frozen:
        return [_remembering(b, a, a.running_mean, a.running_var), None, None]
    axes = Form((b.form(a.running_mean).axes[0], *[1] * (len(b.form(b.ref(a.input)).axes) - 2)))
    root = b.apply(core.Unary("sqrt"), b.apply(core.Number("add", a.eps), a.running_var))
    y = b.apply(core.Subtract(), a.input, view_as(b, a.running_mean, axes))
    y = b.apply(core.Binary("div"), y, view_as(b, root, axes))
    y = y if a.weight is None else b.apply(core.Multiply(), y, view_as(b, a.weight, axes))
    return [y if a.bias is None else b.apply(core.Add(), y, view_as(b, a.bias, axes)), None, None]


@operation("_native_batch_norm_legit.no_stats")
def batch_norm_without_memory(b: Any, a: Any) -> Any:
    layer = _norm(b, a, momentum=a.momentum, track_running_stats=False)
    return [b.apply(layer, a.input, weights=_affine(b, a)), None, None]


def _remembering(b: Any, a: Any, mean: Any, variance: Any) -> Any:
    prefix = mean.path.removesuffix("running_mean") if isinstance(mean, State) else "."  # none ends so
    count = State(f"{prefix}num_batches_tracked")
    if b.training and b.changes(count):
        b.norms.counted.add(count)
    cumulative = count in b.norms.counted and getattr(b.paths[prefix[:-1]], "momentum", 0) is None
    layer = _norm(b, a, momentum=None if cumulative else a.momentum, track_running_stats=True)
    weights = _affine(b, a) | {"running_mean": mean, "running_var": variance}
    weights |= {"num_batches_tracked": count} if count in b.norms.counted else {}
    return b.apply(layer, a.input, weights=weights)


def _before(value: Any) -> Any:
    """The buffer that holds the statistics: a layer that is called again moves the same on."""
    return value.state if isinstance(value, Moved) else value


def _norm(b: Any, a: Any, **options: Any) -> Any:
    axes = len(b.form(a.input).axes) - 2
    kind = core.BatchNorm1d if axes < 2 else core.BatchNorm2d if axes == 2 else core.BatchNorm3d
    return kind(eps=a.eps, affine=not (a.weight is None and a.bias is None), **options)


def _affine(b: Any, a: Any) -> dict[str, Any]:
    """weight and bias; where one alone is missing, 1 or 0."""
    if a.weight is None and a.bias is None:
        return {}
    shape = b.form(b.ref(a.bias if a.weight is None else a.weight)).axes
    weight = Fixed(torch.ones(shape, dtype=b.dtype), b.place) if a.weight is None else a.weight
    bias = Fixed(torch.zeros(shape, dtype=b.dtype), b.place) if a.bias is None else a.bias
    return {"weight": weight, "bias": bias}


@operation("instance_norm")
def instance_norm(b: Any, a: Any) -> Any:
    if a.running_mean is not None or not a.use_input_stats:
        raise Misfit("the statistics of each instance", "running statistics", "")
    kind = (core.InstanceNorm1d, core.InstanceNorm2d, core.InstanceNorm3d)[len(b.form(a.input).axes) - 3]
    layer = kind(eps=a.eps, affine=a.weight is not None, bias=a.bias is not None)
    return b.apply(layer, a.input, weights={"weight": a.weight, "bias": a.bias})


@operation("_weight_norm")
def weight_norm(b: Any, a: Any) -> Any:
    """g v / ‖v‖, the norm over all axes but `dim`"""
    count = len(b.form(b.ref(a.v)).axes)
    dims = tuple(k for k in range(count) if a.dim == -1 or k != a.dim % count)
    length = b.apply(core.Reduce("norm", dims=dims, keepdim=True, ord=2.0), a.v)
    return b.apply(core.Multiply(), a.v, b.apply(core.Binary("div"), a.g, length))
