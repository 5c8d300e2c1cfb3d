"""Normalisation: variance, epsilon, and what a momentum means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import prod
from typing import Any

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
    RMSNorm,
)
from isograd.core.layers.norm import InstanceNorm
from isograd.core.parity.conventions.table import Variant, as_layer, convention, with_options, with_weights
from isograd.core.parity.formulas import BUFFER_FORMULAS, FORMULAS
from isograd.core.parity.formulas.norm import by_channel, moments, moved, scaled

BATCH = (BatchNorm1d, BatchNorm2d, BatchNorm3d)
INSTANCE = (InstanceNorm1d, InstanceNorm2d, InstanceNorm3d)
CENTRED = (*BATCH, *INSTANCE, LayerNorm, GroupNorm)

Root = Callable[[Namespace, Any, float, int], Any]
"""root(ops, σ², eps, m): what x − μ is divided by, σ² being the mean of m squares"""


def divided_by(root: Root) -> Callable[..., Any]:
    """The formula of a normalisation with this root in place of √(σ² + ε)."""

    def formula(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        (v,) = x
        if isinstance(spec, (LayerNorm, RMSNorm)):
            axes = tuple(range(v.ndim - spec.axes, v.ndim))
            y = _of(ops, v, axes, spec, root)
            y = y * p["weight"] if "weight" in p else y
            return y + p["bias"] if "bias" in p else y
        if isinstance(spec, GroupNorm):
            groups = ops.reshape(v, (len(v), spec.num_groups, -1))
            return scaled(ops, p, ops.reshape(_of(ops, groups, (2,), spec, root), tuple(v.shape)))
        axes = tuple(range(2, v.ndim)) if isinstance(spec, InstanceNorm) else (0, *range(2, v.ndim))
        if spec.track_running_stats and not run.training:
            mean, variance = by_channel(ops, p["running_mean"], v), by_channel(ops, p["running_var"], v)
            return scaled(ops, p, (v - mean) / root(ops, variance, spec.eps, 0))
        return scaled(ops, p, _of(ops, v, axes, spec, root))

    return formula


def _of(ops: Namespace, v: Any, axes: tuple[int, ...], spec: Any, root: Root) -> Any:
    count = prod(v.shape[axis] for axis in axes)
    if isinstance(spec, RMSNorm):
        return v / root(ops, ops.mean(v * v, axis=axes, keepdims=True), spec.eps or 0.0, count)
    mean, variance = moments(ops, v, axes)
    return (v - mean) / root(ops, variance, spec.eps, count)


@convention("meaning of the momentum", *BATCH, *INSTANCE, by="Keras, Caffe: the share of the old value, not of the new")
def momentum(spec: Any) -> Iterator[Variant]:
    """running ← momentum·running + (1 − momentum)·new"""
    if spec.momentum is not None and spec.track_running_stats:
        other = replace(spec, momentum=1 - spec.momentum)
        yield replace(as_layer("its momentum is the share of the old value", other), formula=None)


@convention("variance that is remembered", *BATCH, *INSTANCE, by="Keras, TensorFlow: biased")
def remembered(spec: Any) -> Iterator[Variant]:
    """running_var takes σ², without m/(m − 1)."""

    def buffers(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        held = BUFFER_FORMULAS[type(spec)](spec, ops, p, x, run)
        one_by_one = isinstance(spec, InstanceNorm)
        axes = tuple(range(2, x[0].ndim)) if one_by_one else (0, *range(2, x[0].ndim))
        mean, variance = moments(ops, x[0], axes)
        if one_by_one:
            mean, variance = ops.mean(mean, axis=0), ops.mean(variance, axis=0)
        share = 1 / held["num_batches_tracked"] if spec.momentum is None else spec.momentum
        return {**held, "running_var": moved(ops, p, mean, variance, share)["running_var"]}

    if spec.track_running_stats:
        yield Variant("the variance that it remembers is biased", buffers=buffers)


@convention("variance that normalises", *CENTRED, by="torch.std and numpy.std(ddof=1): unbiased")
def normalising(spec: Any) -> Iterator[Variant]:
    """σ² · m/(m − 1)"""

    def root(ops: Namespace, variance: Any, eps: float, count: int) -> Any:
        return ops.sqrt((variance * (count / (count - 1)) if count > 1 else variance) + eps)

    yield Variant("the variance that normalises is unbiased", divided_by(root))


@convention("epsilon inside or outside of the root", *CENTRED, RMSNorm, by="the Annotated Transformer, Flax' RMSNorm")
def epsilon(spec: Any) -> Iterator[Variant]:
    """√σ² + ε"""
    if spec.eps is not None:
        yield Variant(
            "its eps stands outside of the root",
            divided_by(lambda ops, variance, eps, count: ops.sqrt(variance) + eps),
        )


@convention("default of epsilon", *CENTRED, RMSNorm, by="Keras (1e-3), TensorFlow, BERT (1e-12), LLaMA (1e-6)")
def other_epsilon(spec: Any) -> Iterator[Variant]:
    """Other libraries' eps"""
    for eps in (1e-3, 1e-5, 1e-6, 1e-8, 1e-12):
        yield from with_options(spec, eps=eps)


@convention(
    "statistics in evaluation", *BATCH, *INSTANCE, by="code that forgets model.eval(), Keras' InstanceNormalization"
)
def in_evaluation(spec: Any) -> Iterator[Variant]:
    """The batch's own statistics in evaluation as well; or the running ones in training, as a layer that is frozen"""

    def own(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        return FORMULAS[type(spec)](spec, ops, p, x, replace(run, training=True))

    def running(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        return FORMULAS[type(spec)](spec, ops, p, x, replace(run, training=False))

    def held(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        return {name: p[name] for name in ("running_mean", "running_var", "num_batches_tracked") if name in p}

    if spec.track_running_stats:
        yield Variant("it takes the batch's own statistics in evaluation", own, by_rows=False)
        yield Variant("it takes the running statistics in training", running, held)


@convention("meaning of the weight", *CENTRED, RMSNorm, by="Gemma: 1 + weight")
def from_one(spec: Any) -> Iterator[Variant]:
    """y = (1 + w) ⊙ z + b"""

    def read(spec: Any, ops: Namespace, p: Tree) -> Tree:
        return {**p, "weight": p["weight"] + 1.0} if "weight" in p else p

    yield with_weights("1 is added to its weight", read)
