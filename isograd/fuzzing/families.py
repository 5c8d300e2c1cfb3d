"""Random configurations of convolution, pooling, attention and recurrence, each family drawn from one seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from isograd.core import layers as L
from isograd.core.base.errors import ShapeError, SpecError
from isograd.core.base.types import Shape
from isograd.core.graph.sequential import Sequential
from isograd.core.graph.transformer import TransformerEncoderLayer
from isograd.core.layers.base import Layer

Draw = Callable[[np.random.Generator], tuple[Layer, Shape]]


def _one_or_each(rng: np.random.Generator, low: int, high: int, axes: int) -> Any:
    """A number for all axes, or one for each."""
    if rng.random() < 0.5:
        return int(rng.integers(low, high + 1))
    return tuple(int(v) for v in rng.integers(low, high + 1, axes))


def _padding(rng: np.random.Generator, axes: int) -> Any:
    form = rng.choice(["number", "each", "pairs", "same", "valid"])
    if form in ("same", "valid"):
        return str(form)
    if form == "pairs":
        return tuple((int(a), int(b)) for a, b in rng.integers(0, 4, (axes, 2)))
    return int(rng.integers(0, 4)) if form == "number" else tuple(int(v) for v in rng.integers(0, 4, axes))


def _sizes(rng: np.random.Generator, axes: int) -> Shape:
    return tuple(int(v) for v in rng.integers(1, (0, 16, 10, 6)[axes], axes))


def convolution(rng: np.random.Generator) -> tuple[Layer, Shape]:
    axes = int(rng.choice([1, 2, 2, 2, 3]))
    groups = int(rng.choice([1, 1, 2, 3]))
    channels = groups * int(rng.integers(1, 4))
    layer = {1: L.Conv1d, 2: L.Conv2d, 3: L.Conv3d}[axes](
        groups * int(rng.integers(1, 4)),
        _one_or_each(rng, 1, 4, axes),
        stride=_one_or_each(rng, 1, 4, axes) if rng.random() < 0.6 else 1,
        dilation=_one_or_each(rng, 1, 3, axes) if rng.random() < 0.5 else 1,
        padding=_padding(rng, axes),
        padding_mode=str(rng.choice(["zeros", "zeros", "reflect", "replicate", "circular"])),  # type: ignore[arg-type]
        groups=groups,
        bias=bool(rng.random() < 0.7),
    )
    return layer, (channels, *_sizes(rng, axes))


def transposed(rng: np.random.Generator) -> tuple[Layer, Shape]:
    axes = int(rng.choice([1, 2, 2, 3]))
    groups = int(rng.choice([1, 1, 2, 3]))
    layer = {1: L.ConvTranspose1d, 2: L.ConvTranspose2d, 3: L.ConvTranspose3d}[axes](
        groups * int(rng.integers(1, 4)),
        _one_or_each(rng, 1, 4, axes),
        stride=_one_or_each(rng, 1, 4, axes),
        dilation=_one_or_each(rng, 1, 3, axes) if rng.random() < 0.5 else 1,
        padding=_one_or_each(rng, 0, 2, axes),
        output_padding=_one_or_each(rng, 0, 2, axes) if rng.random() < 0.5 else 0,
        groups=groups,
        bias=bool(rng.random() < 0.7),
    )
    return layer, (groups * int(rng.integers(1, 4)), *_sizes(rng, axes))


_MEANS = [L.AvgPool1d, L.AvgPool2d, L.AvgPool3d]


def pooling(rng: np.random.Generator) -> tuple[Layer, Shape]:
    axes, largest = int(rng.choice([1, 2, 2, 3])), bool(rng.random() < 0.6)
    kinds: list[Any] = [L.MaxPool1d, L.MaxPool2d, L.MaxPool3d] if largest else _MEANS
    options: dict[str, Any] = {
        "stride": _one_or_each(rng, 1, 5, axes) if rng.random() < 0.8 else None,
        "padding": _one_or_each(rng, 0, 2, axes),
        "ceil_mode": bool(rng.random() < 0.5),
    }
    if largest:
        options["dilation"] = _one_or_each(rng, 1, 3, axes) if rng.random() < 0.5 else 1
        options["return_indices"] = bool(rng.random() < 0.3)
    else:
        options["count_include_pad"] = bool(rng.random() < 0.5)
        if axes > 1 and rng.random() < 0.3:
            options["divisor_override"] = int(rng.integers(1, 9))
    layer = kinds[axes - 1](_one_or_each(rng, 1, 4, axes), **options)
    return layer, (int(rng.integers(1, 4)), *_sizes(rng, axes))


def adaptive(rng: np.random.Generator) -> tuple[Layer, Shape]:
    means = [L.AdaptiveAvgPool1d, L.AdaptiveAvgPool2d, L.AdaptiveAvgPool3d]
    maxima = [L.AdaptiveMaxPool1d, L.AdaptiveMaxPool2d, L.AdaptiveMaxPool3d]
    largest, axes = bool(rng.random() < 0.4), int(rng.integers(1, 4))
    kinds: list[Any] = maxima if largest else means
    options: dict[str, Any] = {"return_indices": bool(rng.random() < 0.5)} if largest else {}
    return kinds[axes - 1](_one_or_each(rng, 1, 7, axes), **options), (int(rng.integers(1, 4)), *_sizes(rng, axes))


def powers(rng: np.random.Generator) -> tuple[Layer, Shape]:
    axes = int(rng.integers(1, 4))
    kinds: list[Any] = [L.LPPool1d, L.LPPool2d, L.LPPool3d]
    layer = kinds[axes - 1](
        float(rng.choice([2, 4, np.inf, -np.inf])),
        _one_or_each(rng, 1, 4, axes),
        stride=_one_or_each(rng, 1, 5, axes) if rng.random() < 0.8 else None,
        ceil_mode=bool(rng.random() < 0.5),
    )
    return layer, (int(rng.integers(1, 4)), *_sizes(rng, axes))


def padding(rng: np.random.Generator) -> tuple[Layer, Shape]:
    axes, mode = int(rng.integers(1, 4)), str(rng.choice(["Constant", "Zero", "Reflection", "Replication", "Circular"]))
    kind = getattr(L, f"{mode}Pad{axes}d")
    layer = kind(_one_or_each(rng, -2, 4, 2 * axes), **({"value": 1.5} if mode == "Constant" else {}))
    return layer, (int(rng.integers(1, 4)), *_sizes(rng, axes))


def resampling(rng: np.random.Generator) -> tuple[Layer, Shape]:
    modes = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
    mode = str(rng.choice(["nearest", "nearest-exact", "area", *modes]))
    axes = modes.get(mode) or int(rng.integers(1, 4))
    by_size = bool(rng.random() < 0.5)
    recomputed = not by_size and bool(rng.random() < 0.3)
    layer = L.Upsample(
        size=_one_or_each(rng, 1, 9, axes) if by_size else None,
        scale_factor=None if by_size else tuple(float(v) for v in rng.uniform(0.3, 2.5, axes)),
        mode=mode,  # type: ignore[arg-type]
        align_corners=mode in modes and bool(rng.random() < 0.4),
        recompute_scale_factor=recomputed,
        antialias=axes == 2 and mode in modes and bool(rng.random() < 0.5),
    )
    return layer, (int(rng.integers(1, 4)), *_sizes(rng, axes))


FAMILIES: dict[str, tuple[Draw, int]] = {
    "convolution": (convolution, 330),
    "transposed": (transposed, 120),
    "pooling": (pooling, 170),
    "adaptive": (adaptive, 60),
    "powers": (powers, 40),
    "padding": (padding, 90),
    "resampling": (resampling, 150),
}
"""How to draw one, and how many valid ones the tests run."""


def valid(family: str, seed: int = 0) -> Iterator[tuple[Layer, Shape, int]]:
    """(layer, one sample's shape, batch size) of the configurations that the descriptions accept."""
    draw, wanted = FAMILIES[family]
    rng = np.random.default_rng(seed)
    found = 0
    while found < wanted:
        try:
            layer, shape = draw(rng)
            Sequential([layer], input_shape=shape)
        except (SpecError, ShapeError):
            continue
        found += 1
        yield layer, shape, int(rng.integers(1, 4))


Several = tuple[Layer, tuple[Shape, ...], int]
"""(layer, shapes of its inputs, batch size)"""


def attention(rng: np.random.Generator) -> Several:
    """A random configuration of attention or of its block."""
    form = rng.choice(["self", "cross", "widths", "block"])
    least = 3 if form in ("cross", "widths") else 1  # over one key the gradient of the query is 0
    heads, size = (int(v) for v in rng.integers(1, 5, 2))
    steps, keys = (int(v) for v in rng.integers(least, 9, 2))
    options: dict[str, Any] = {"bias": bool(rng.random() < 0.7), "causal": bool(rng.random() < 0.4)}
    options["dropout"] = float(rng.choice([0.0, 0.0, 0.3, 0.7]))
    lengths: list[Shape] = [()] * int(rng.random() < 0.5)
    width = heads * (size + 2 * (form == "block"))  # normalising one or two features leaves nothing to compare
    if form == "block":
        options |= {"norm_first": bool(rng.random() < 0.5), "activation": str(rng.choice(["relu", "gelu"]))}
        options["dim_feedforward"] = int(rng.integers(4, 12))
        layer: Layer = TransformerEncoderLayer(heads, **options)
    else:
        layer = L.MultiheadAttention(heads, need_weights=bool(rng.random() < 0.4), **options)
    keys = steps if options["causal"] else keys
    others = [width, width] if form == "cross" else [int(v) for v in rng.integers(1, 9, 2)]
    sources = [(steps, width)] + [(keys, other) for other in others] * (form in ("cross", "widths"))
    return layer, (*sources, *lengths), int(rng.integers(1 + least // 3, 5))


def recurrent(rng: np.random.Generator) -> Several:
    """A random configuration of a recurrent layer or cell."""
    kinds: list[tuple[Any, Any, dict[str, Any]]] = [
        (L.RNN, L.RNNCell, {}),
        (L.RNN, L.RNNCell, {"nonlinearity": "relu"}),
        (L.GRU, L.GRUCell, {}),
        (L.GRU, L.GRUCell, {"reset": "before"}),
        (L.LSTM, L.LSTMCell, {}),
    ]
    kind, cell, options = kinds[rng.integers(len(kinds))]
    units, features, steps, batch = (int(v) for v in rng.integers(1, 7, 4))
    options = options | {"bias": bool(rng.random() < 0.7)}
    has_state, has_lengths = (int(v) for v in rng.integers(0, 2, 2))
    if rng.random() < 0.15:
        layer = cell(units, **options)
        return layer, ((features,), *[(units,)] * (layer.states * has_state)), batch
    options |= {"num_layers": int(rng.integers(1, 4)), "bidirectional": bool(rng.random() < 0.5)}
    if options["num_layers"] > 1:
        options["dropout"] = float(rng.choice([0.0, 0.0, 0.3, 0.7]))
    if kind is L.LSTM and units > 1 and rng.random() < 0.4:
        options["proj_size"] = int(rng.integers(1, units))
    layer = kind(units, **options)
    rows = layer.num_layers * layer.directions
    states = [(rows, size) for size in layer.state_sizes()] * has_state
    return layer, ((steps, features), *states, *[()] * has_lengths), batch


def several(draw: Callable[[np.random.Generator], Several], count: int) -> Iterator[Several]:
    """So many configurations of one seed."""
    rng = np.random.default_rng(0)
    return (draw(rng) for _ in range(count))
