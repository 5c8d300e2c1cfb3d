"""What a layer would compute if one thing were otherwise: the faults and conventions that are recognised by result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from math import prod
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.autodiff import plain
from isograd.backends.numpy_impl.namespace import Recording
from isograd.checking.truth import exact
from isograd.core import layers as L
from isograd.core.base.arrays import Axis, Namespace
from isograd.core.base.types import Array
from isograd.core.layers.base import Layer
from isograd.core.layers.norm import BatchNorm
from isograd.core.layers.recurrent import Recurrent
from isograd.core.parity.stages.trial import Trial

Values = Mapping[str, Array]
Alteration = tuple[str, Callable[[Trial], Values]]
"""(in words, what the layer's quantities would be)"""

GATES = {
    L.GRU: ("r", "z", "n"),
    L.GRUCell: ("r", "z", "n"),
    L.LSTM: ("i", "f", "g", "o"),
    L.LSTMCell: ("i", "f", "g", "o"),
}


class MeansHeld(Recording):
    """Means as if they did not depend on what they are the means of."""

    def mean(self, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
        return plain(super().mean(x, axis=axis, keepdims=keepdims))


class SumsHeld(Recording):
    """Sums likewise."""

    def sum(self, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
        return plain(super().sum(x, axis=axis, keepdims=keepdims))


OTHER_OPTIONS: tuple[tuple[tuple[type, ...], str, Mapping[Any, Any], str], ...] = (
    ((L.GRU, L.GRUCell), "reset", {"after": "before", "before": "after"}, "the reset gate acts {} the product (reset)"),
    ((L.GELU,), "approximate", {"none": "tanh", "tanh": "none"}, "this is the GELU with approximate={!r}"),
    ((L.AvgPool1d, L.AvgPool2d, L.AvgPool3d), "count_include_pad", {True: False, False: True}, "count_include_pad={}"),
    ((L.ScaledDotProductAttention,), "scale", {None: 1.0}, "the scores are not divided by √d"),
    ((L.ScaledDotProductAttention, L.MultiheadAttention), "causal", {True: False, False: True}, "causal={}"),
)
"""(layers, an option, {its value: the other one}, in words)"""


def alterations(layer: Layer) -> Iterator[Alteration]:
    """Everything that a layer of this kind is known to be confused with."""
    yield from of_options(layer)
    yield "the bias is left out", lambda t: exact(_without_bias(t)).values
    yield "dy of the last sample alone counts: gradients are overwritten in place of added up", of_sample(-1)
    yield "dy of the first sample alone counts", of_sample(0)
    if isinstance(layer, (L.BatchNorm1d, L.BatchNorm2d, L.BatchNorm3d, L.LayerNorm, L.GroupNorm, L.RMSNorm)):
        words = "the normalisation is ignored in backward: mean and variance depend on x as well"
        yield words, by(MeansHeld())
    if isinstance(layer, BatchNorm):
        yield "momentum is taken as the share of the old value, it is that of the new one", _momentum_turned
        yield "the running variance is the biased one: N in place of N − 1", _biased_buffer
    if isinstance(layer, (L.Softmax, L.LogSoftmax, L.ScaledDotProductAttention)):
        yield "the softmax's sum is taken for a constant: each output depends on every input", by(SumsHeld())
    if isinstance(layer, L.Softmax):
        yield "only the diagonal y(1 − y) of the softmax's derivative is there", _diagonal
    if isinstance(layer, Recurrent) or type(layer) in GATES:
        yield from of_gates(layer)
    yield "the kernel is flipped", _flipped_kernel


def by(ops: Namespace) -> Callable[[Trial], Values]:
    return lambda trial: exact(trial, ops).values


def of_options(layer: Layer) -> Iterator[Alteration]:
    for kinds, option, others, words in OTHER_OPTIONS:
        value = getattr(layer, option, None)
        if isinstance(layer, kinds) and value in others:
            other = replace(layer, **{option: others[value]})
            yield words.format(others[value]), lambda t, other=other: exact(replace(t, layer=other)).values  # type: ignore[misc]


def of_sample(place: int) -> Callable[[Trial], Values]:
    """Gradients by the dy of one sample alone."""

    def altered(trial: Trial) -> Values:
        def one(dy: Array) -> Array:
            made = np.zeros_like(dy)
            made[place] = dy[place]
            return made

        values = exact(replace(trial, given=tuple(map(one, trial.upstream())))).values
        return {what: v for what, v in values.items() if what.startswith("d") and not what.startswith("dx")}

    return altered


def of_gates(layer: Any) -> Iterator[Alteration]:
    """The gates in every other order of the rows."""
    names = GATES.get(type(layer), ())
    for order in list(permutations(range(len(names))))[1:]:
        words = f"the gates stand in the order {', '.join(names[k] for k in order)}: here it is {', '.join(names)}"
        yield words, lambda t, order=order: _reordered(t, order)  # type: ignore[misc]


def _reordered(trial: Trial, order: Sequence[int]) -> Values:
    """Row block k of every weight is gate order[k]."""
    shapes = [x.shape[1:] for x in trial.inputs]
    back = np.argsort(order)

    def turned(w: Array, by_order: Any) -> Array:
        return np.concatenate([np.split(w, len(order))[k] for k in by_order])

    state = {name: turned(w, back) for name, w in trial.state.items()}
    values = dict(exact(replace(trial, state=state)).values)
    for name in trial.layer.weights(*shapes):
        values[f"d{name}"] = turned(values[f"d{name}"], order)
    return values


def _without_bias(trial: Trial) -> Trial:
    state = {name: 0 * w if name.rpartition(".")[2].startswith("bias") else w for name, w in trial.state.items()}
    return replace(trial, state=state)


def _flipped_kernel(trial: Trial) -> Values:
    """Everything with kernels that are turned by 180°, their gradients turned back."""
    state = {name: _flipped(w) for name, w in trial.state.items()}
    values = exact(replace(trial, state=state)).values
    return {what: _flipped(v) if what[1:] in state else v for what, v in values.items()}


def _flipped(w: Array) -> Array:
    return np.flip(w, tuple(range(2, w.ndim))) if w.ndim > 2 else w


def _diagonal(trial: Trial) -> Values:
    y = exact(trial)["y"]
    return {"dx": y * (1 - y) * np.asarray(trial.upstream()[0], np.float64)}


def _momentum_turned(trial: Trial) -> Values:
    layer: Any = trial.layer
    turned = replace(layer, momentum=None if layer.momentum is None else 1 - layer.momentum)
    return _buffers(exact(replace(trial, layer=turned)).values)


def _biased_buffer(trial: Trial) -> Values:
    layer: Any = trial.layer
    values, old = exact(trial).values, trial.state.get("running_var")
    if old is None or layer.momentum is None:
        return {}
    count = prod(trial.inputs[0].shape) // trial.inputs[0].shape[1]
    new = (values["buffer running_var"] - (1 - layer.momentum) * old) * (count - 1) / count
    return {"buffer running_var": (1 - layer.momentum) * old + new}


def _buffers(values: Values) -> Values:
    return {what: v for what, v in values.items() if what.startswith("buffer")}
