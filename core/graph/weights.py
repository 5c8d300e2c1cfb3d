"""Initial weights, and the check that a state_dict fits a model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from isograd.core.base.errors import SpecError, WeightsError, shown
from isograd.core.base.initializers import Weight
from isograd.core.base.randomness import generator
from isograd.core.base.types import Array, State
from isograd.core.graph.composite import Composite, check_sharing

FITTING = "give the state_dict of a model with the same description; no weight was changed"


def declared(model: Composite) -> tuple[dict[str, Weight], dict[str, Weight]]:
    """(weights, buffers) of a model that knows its input shapes, by dotted path."""
    check_sharing(model)
    shapes = model.input_shapes
    return model.weights(*shapes), model.buffers(*shapes)


def of_training(model: Composite) -> tuple[str, ...]:
    """The weights of nodes that evaluation does not run: those of outputs that training alone has."""
    graph = model.graph(*model.input_shapes)
    run = {node.owner for node in graph.nodes_in(training=False)}
    return tuple(f"{node.owner}.{name}" for node in graph.nodes if node.owner not in run for name in node.weights)


def initial_state(model: Composite, *, seed: int, dtype: np.dtype[np.floating]) -> State:
    """Weights and buffers drawn from (seed, path): the same numbers for every backend and dtype (rounded).

    Raises SpecError for more of them than this machine's memory holds, before the first is drawn, and WeightsError for
    one that leaves the floats of `dtype`.
    """
    weights, buffers = declared(model)
    wanted = {**weights, **buffers}
    _check_memory({path: prod(weight.shape) for path, weight in wanted.items()}, dtype.itemsize)
    made: State = {}
    for path, weight in wanted.items():
        drawn = weight.initial(generator(seed, "init", path))
        made[path] = (
            drawn.astype(np.int64) if weight.integers else floats(drawn, dtype, f"the model's first weights: {path}")
        )
    return made


def _check_memory(sizes: Mapping[str, int], itemsize: int) -> None:
    """Each is drawn in float64, then rounded; no system lends more than it has without harm to what else runs."""
    needed = sum(sizes.values()) * itemsize + 8 * max(sizes.values(), default=0)
    held = _memory()
    if needed > held:
        most = max(sizes, key=lambda path: sizes[path])
        raise SpecError(
            "the model's first weights",
            wanted=f"at most {held / 2**30:.1f} GiB, this machine's memory",
            got=f"{needed / 2**30:.1f} GiB; {most} has {sizes[most]:,} values",
            fix="smaller layers, or smaller inputs",
        )


def _memory() -> int:
    """Bytes of this machine's memory; where it does not tell, as many as an address can name."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 1 << 62


def check_state(model: Composite, state: Mapping[str, Any], where: str = "load_state_dict") -> State:
    """`state` as plain arrays in this machine's byte order: exactly the model's paths, each in its shape and numeric.

    A weight that has several names is taken under any of them.

    Takes arrays and whatever NumPy makes one of, tensors and parameters of PyTorch among them (bfloat16 becomes
    float32). Raises WeightsError for anything else.
    """
    weights, buffers = declared(model)
    wanted = {path: weight.shape for path, weight in {**weights, **buffers}.items()}
    if not isinstance(state, Mapping):
        raise WeightsError(where, wanted="a mapping {path: array}", got=shown(state), fix=FITTING)
    tied = model.tied(*model.input_shapes)
    held = {path: state[name] for name, path in tied.items() if name in state} | dict(state)
    missing = [path for path in wanted if path not in held]
    unexpected = [path if isinstance(path, str) else shown(path) for path in state if path not in wanted | tied]
    if missing or unexpected:
        got = [f"missing {', '.join(missing)}"] * bool(missing) + [f"unexpected {', '.join(unexpected)}"] * bool(
            unexpected
        )
        raise WeightsError(where, wanted=", ".join(wanted) or "no weights", got="; ".join(got), fix=FITTING)
    found: State = {}
    for path, shape in wanted.items():
        values = found[path] = plain_array(held[path], f"{where}: {path}", shape)
        if values.shape != shape or values.dtype.kind not in "fiu":
            raise WeightsError(
                f"{where}: {path}",
                wanted=f"numbers of shape {shape}",
                got=f"{values.dtype} of shape {values.shape}",
                fix=FITTING,
            )
    for name, path in tied.items():
        if name in state and not np.array_equal(
            plain_array(state[name], f"{where}: {name}", wanted[path]), found[path], equal_nan=True
        ):
            raise WeightsError(
                f"{where}: {name}",
                wanted=f"the same numbers as {path}, whose other name it is",
                got="others",
                fix="give one of the two",
            )
    return found


def with_ties(model: Composite, state: State) -> State:
    """The state under every name: that of a weight with several stands once under each."""
    return state | {name: state[path].copy() for name, path in model.tied(*model.input_shapes).items()}


def without_ties(model: Composite, state: State) -> State:
    """The state under its paths alone."""
    tied = model.tied(*model.input_shapes)
    return {path: values for path, values in state.items() if path not in tied}


def in_dtype(model: Composite, state: Mapping[str, Array], dtype: np.dtype[np.floating], where: str) -> State:
    """A checked state as a network of `dtype` holds it: numbers in `dtype`, what is counted in int64.

    Raises WeightsError where a count is no whole number, or a finite number leaves the floats of `dtype`.
    """
    weights, buffers = declared(model)
    made: State = {}
    for path, weight in {**weights, **buffers}.items():
        values, place = state[path], f"{where}: {path}"
        made[path] = counts(values, place) if weight.integers else floats(values, dtype, place)
    return made


def counts(values: Array, where: str) -> Array:
    """Whole numbers in int64; WeightsError for others."""
    with np.errstate(invalid="ignore"):
        made = values.astype(np.int64, copy=False)
    if not np.array_equal(made, values):
        raise WeightsError(where, wanted="whole numbers", got=shown(values), fix=FITTING)
    return made


def floats(values: Array, dtype: np.dtype[np.floating], where: str) -> Array:
    """The numbers in `dtype`; WeightsError where one that is finite leaves the floats there."""
    if values.dtype == dtype:
        return values
    with np.errstate(over="ignore"):
        made = values.astype(dtype)
    lost = np.isfinite(values) & ~np.isfinite(made)
    if lost.any():
        place = tuple(int(i) for i in np.argwhere(lost)[0])
        raise WeightsError(
            where,
            wanted=f"numbers that are finite in {dtype}, at most {np.finfo(dtype).max:.1e}",
            got=f"{values[place]} at {list(place)}",
            fix='dtype="float64", or smaller numbers; nothing was changed',
        )
    return made


def plain_array(values: Any, where: str, shape: tuple[int, ...]) -> Array:
    """One entry as a plain array in this machine's byte order."""
    try:
        if hasattr(values, "detach"):  # a tensor, or a parameter, which has a gradient
            values = values.detach().cpu()
            values = values.float() if "bfloat16" in str(values.dtype) else values
        array = np.asarray(values)
    except Exception as error:
        got = f"{type(values).__name__}: {error}"
        raise WeightsError(where, wanted=f"numbers of shape {shape}", got=got, fix=FITTING) from None
    if np.ma.is_masked(values):
        raise WeightsError(where, wanted="numbers", got="a masked array", fix="fill what is masked: values.filled(0)")
    if array.dtype.name == "bfloat16":  # NumPy's, which other packages make
        array = array.astype(np.float32)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
