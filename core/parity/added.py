"""What was added up: the size that an error is a share of.

Most tensors are as large as what was added up to make them, and an error is a share of the tensor. A sum that cancels
is not: what an engine has for the gradient of a bias before a normalisation is the rounding of Σ dy, no number with a
size. Its error is a share of Σ |dy|, the same sum with absolute values of what enters it.

It follows in float64 from formulas and from what enters the node: no engine is asked for the size of what it may
have got wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite

import numpy as np

from isograd.core.base.arrays import NUMPY
from isograd.core.base.tree import flatten, nest
from isograd.core.base.types import FLOATS, Array, Arrays, State
from isograd.core.engine.context import Run
from isograd.core.parity.formulas import TERMS_FORMULAS, computed, evaluated
from isograd.core.parity.matching import largest
from isograd.core.parity.pair import in_dtype
from isograd.core.parity.stages.trial import Trial


def added_up(trial: Trial) -> dict[str, float]:
    """{"output", "dx", "d" + weight, "buffer …": the size of what is added up to make it}; others have their own.

    A weight's gradient: Σ |dy| · |∂y/∂w|, the mean over the weight's entries, ∂y/∂w on absolute values of x.
    A buffer's: its formula on absolute values. An output's and an input's: the layer's terms formula, if it has one.
    """
    run, state, inputs, dys = _wide(trial)
    sizes = tuple(np.abs(x) for x in inputs)
    with np.errstate(all="ignore"):
        found = _of_weights(trial, state, sizes, dys, run)
        found |= {what: largest(each) for what, each in terms_of(trial).items()}
        if trial.training and trial.layer.buffers(*(x.shape[1:] for x in inputs)):
            held = nest({name: np.abs(values) for name, values in state.items()})
            after = evaluated(trial.layer, NUMPY, held, sizes, run)[1]
            found |= {f"buffer {name}": largest(np.asarray(values)) for name, values in flatten(after).items()}
    return {name: size for name, size in found.items() if isfinite(size)}


def buffers_after(trial: Trial) -> dict[str, Array]:
    """{"buffer …": what the layer's formula makes of it, in float64}"""
    with np.errstate(all="ignore"):
        return _after(trial, _wide(trial)[2])


def _after(trial: Trial, inputs: Arrays, entered: Callable[[Array], Array] = np.asarray) -> dict[str, Array]:
    """`buffers_after`, of other inputs, weights and buffers `entered` as they are or by their sizes."""
    run, state, _, _ = _wide(trial)
    if not trial.training or not trial.layer.buffers(*(x.shape[1:] for x in trial.inputs)):
        return {}
    held = nest({name: entered(values) for name, values in state.items()})
    after = evaluated(trial.layer, NUMPY, held, inputs, run)[1]
    return {f"buffer {name}": np.asarray(values) for name, values in flatten(after).items()}


def terms_of(trial: Trial) -> dict[str, Array]:
    """{"output", "dx": the sizes of the terms that each entry adds up}, of what the layer has a formula for."""
    if type(trial.layer) not in TERMS_FORMULAS:
        return {}
    run, state, inputs, dys = _wide(trial)
    with np.errstate(all="ignore"):
        made = TERMS_FORMULAS[type(trial.layer)](trial.layer, NUMPY, nest(state), inputs, run, dys)
    return {what: np.asarray(each) for what, each in made.items()}


def _wide(trial: Trial) -> tuple[Run, State, Arrays, Arrays]:
    """(run, state, inputs, dy) of a trial in float64"""
    run = Run(trial.training, trial.seed, trial.step, trial.path, dtype=FLOATS[trial.dtype])
    inputs = tuple(np.asarray(x, np.float64) if x.dtype.kind == "f" else x for x in trial.rounded_inputs())
    dys = tuple(np.asarray(dy, np.float64) for dy in trial.upstream())
    return run, in_dtype(trial.state, "float64"), inputs, dys


def _of_weights(trial: Trial, state: State, sizes: Arrays, dys: Arrays, run: Run) -> dict[str, float]:
    """Σ |dy · y(|x|)| / entries, y with every entry of the one weight 1 and all others 0: as if y were linear in it."""
    weights = trial.layer.weights(*(x.shape[1:] for x in sizes))
    nothing: Mapping[str, Array] = {name: np.zeros_like(state[name]) for name in weights}
    found = {}
    for name in weights:
        held = {**state, **nothing, name: np.ones_like(state[name])}
        y = computed(trial.layer, NUMPY, nest(held), sizes, run)
        total = sum(float(np.sum(np.abs(dy * part))) for dy, part in zip(dys, y, strict=True))
        found[f"d{name}"] = total / max(state[name].size, 1)
    return found


def peers(what: str, *sides: Mapping[str, Array]) -> float:
    """The largest gradient of the node of the same kind, of inputs or of weights, on the side where it is less.

    Inside attention over one visible key all that would reach query and key cancels, and only values get a gradient.
    """
    kind = what.startswith("dx")
    return min(max((largest(v) for k, v in side.items() if k.startswith("dx") == kind), default=0.0) for side in sides)
