"""The order of axes: channels last, time before the batch, in what order values are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import (
    GRU,
    LSTM,
    RNN,
    ChannelShuffle,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    Flatten,
    LastStep,
    LocalResponseNorm,
    PixelShuffle,
    PixelUnshuffle,
    PReLU,
    Reshape,
    Unflatten,
    Upsample,
)
from isograd.core.parity.conventions.norm import BATCH, INSTANCE
from isograd.core.parity.conventions.table import Variant, as_layer, convention
from isograd.core.parity.conventions.weights import FILTERS
from isograd.core.parity.conventions.windows import LARGEST, MEANS
from isograd.core.parity.formulas import FORMULAS

OF_CHANNELS = (*BATCH, *INSTANCE, LocalResponseNorm, PReLU, *FILTERS)
SHAPED_BY_CHANNELS = (*FILTERS, *MEANS, *LARGEST, *BATCH, *INSTANCE, Upsample)
SEQUENCES = (RNN, GRU, LSTM)


def channels_last(axes: int) -> tuple[int, ...]:
    """(N, C, …) → (N, …, C)"""
    return (0, *range(2, axes), 1)


def channels_first(axes: int) -> tuple[int, ...]:
    """(N, …, C) → (N, C, …)"""
    return (0, axes - 1, *range(1, axes - 1))


def read_in(order: Callable[[int], tuple[int, ...]], back: Callable[[int], tuple[int, ...]]) -> Callable[..., Any]:
    """The formula on inputs whose axes are put in another order, its outputs put back"""

    def formula(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        y = FORMULAS[type(spec)](spec, ops, p, tuple(ops.permute_dims(v, order(v.ndim)) for v in x), run)
        parts = y if isinstance(y, tuple) else (y,)
        return tuple(ops.permute_dims(part, back(part.ndim)) for part in parts)

    return formula


@convention("channels last when flattened", Flatten, by="Keras, TensorFlow, JAX: (H, W, C) in reading order")
def flattened(spec: Flatten) -> Iterator[Variant]:
    """x (N, C, …) is read as (N, …, C)."""

    def formula(spec: Flatten, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        return FORMULAS[Flatten](spec, ops, p, (ops.permute_dims(x[0], channels_last(x[0].ndim)),), run)

    if (spec.start_dim, spec.end_dim) == (1, -1):
        yield Variant("it reads the channels last", formula)


@convention("channels last when shaped", Reshape, Unflatten, by="Keras, TensorFlow, JAX: (H, W, C) in reading order")
def shaped(spec: Any) -> Iterator[Variant]:
    """y (N, C, …) is filled as (N, …, C)."""

    def formula(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        y = FORMULAS[type(spec)](spec, ops, p, x, run)
        last = tuple(y.shape[axis] for axis in channels_last(y.ndim))
        return ops.permute_dims(ops.reshape(y, last), channels_first(y.ndim))

    yield Variant("it fills the channels last", formula)


@convention("axis of the channels", *OF_CHANNELS, by="Keras, TensorFlow, JAX: the last one")
def last(spec: Any) -> Iterator[Variant]:
    """Seen where the last axis is as long as that of the channels"""
    yield Variant("its channels stand last", read_in(channels_first, channels_last))


@convention("outputs with channels last", *SHAPED_BY_CHANNELS, by="Keras, TensorFlow, JAX: (N, H, W, C)")
def returned(spec: Any) -> Iterator[Variant]:
    """y comes as (N, …, C), and dx"""
    for axes in (3, 4, 5):
        yield Variant("it returns the channels last", axes=channels_last(axes))


def time_first(axes: int) -> tuple[int, ...]:
    """(N, T, …) ↔ (T, N, …)"""
    return (1, 0, *range(2, axes))


@convention("T before N", *SEQUENCES, by="torch with batch_first=False, cuDNN")
def time_before_batch(spec: Any) -> Iterator[Variant]:
    """x is read as (T, N, F), its batch as steps, and y returned so; or y alone is returned so."""

    def formula(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        y, *states = FORMULAS[type(spec)](spec, ops, p, (ops.swapaxes(x[0], 0, 1), *x[1:]), run)
        return (ops.swapaxes(y, 0, 1), *states)

    yield Variant("it reads T before N", formula, by_rows=False)
    yield Variant("it returns T before N", axes=time_first(3), by_rows=False)


@convention("last step of the first axis", LastStep, by="torch with batch_first=False, cuDNN")
def last_step(spec: LastStep) -> Iterator[Variant]:
    """x is read as (T, N, F)."""

    def formula(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        return FORMULAS[LastStep](spec, ops, p, (ops.swapaxes(x[0], 0, 1), *x[1:]), run)

    yield Variant("it reads T before N", formula, by_rows=False)


@convention("channels of a pixel shuffle", PixelShuffle, PixelUnshuffle, by="TensorFlow's depth_to_space, ONNX' DCR")
def depth(spec: Any) -> Iterator[Variant]:
    """Channel (r·i + j)·C + c in place of r²·c + r·i + j"""

    def formula(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        (v,), into = x, isinstance(spec, PixelShuffle)
        r = spec.upscale_factor if into else spec.downscale_factor
        if into:
            places = np.arange(v.shape[-3]).reshape(r * r, -1).T.ravel()
            return FORMULAS[PixelShuffle](spec, ops, p, (v[..., places, :, :],), run)
        y = FORMULAS[PixelUnshuffle](spec, ops, p, x, run)
        return y[..., np.arange(y.shape[-3]).reshape(-1, r * r).T.ravel(), :, :]

    yield Variant("the places of a pixel stand before the channels", formula)


@convention("order of a channel shuffle", ChannelShuffle, by="code that splits into C/groups groups")
def shuffled(spec: ChannelShuffle) -> Iterator[Variant]:
    """y[g·C/groups + c] = x[c·groups + g], the way back"""

    def formula(spec: ChannelShuffle, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        return as_layer("", ChannelShuffle(x[0].shape[1] // spec.groups)).formula(spec, ops, p, x, run)  # type: ignore[misc]

    yield Variant("it goes the way back", formula)


@convention("what dropout of channels drops", Dropout1d, Dropout2d, Dropout3d, by="nn.Dropout in place of nn.Dropout2d")
def channels(spec: Any) -> Iterator[Variant]:
    """The channels of (N, …, C)"""
    yield Variant("its channels stand last", read_in(channels_first, channels_last))
