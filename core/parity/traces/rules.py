"""The first step of a trace, held against what the optimizer's formula makes of the trace's own gradient."""

from __future__ import annotations

from functools import cache

import numpy as np

from isograd.core.base.arrays import NUMPY
from isograd.core.base.description import Description
from isograd.core.base.errors import IsogradError
from isograd.core.base.types import Array
from isograd.core.learning.optimizers import Optimizer
from isograd.core.parity.formulas import OPTIMIZER_FORMULAS
from isograd.core.parity.matching import Difference, difference, largest
from isograd.core.parity.traces.entry import START, TRAINING, WEIGHT, Key
from isograd.core.parity.traces.trace import Trace


def from_rule(trace: Trace, key: Key) -> Difference | None:
    """How far a weight or slot after the first step is from the rule's; None where the trace has sketches of it alone.

    A share of what was added up: of a weight and its step, of a slot and its gradient, each without its sign.
    """
    _, path, what = key
    wanted = ((START, path, WEIGHT), (TRAINING, path, "gradient of the loss"), key)
    before, gradient, after = (_array(trace, each) for each in wanted)
    spec = _rule(trace.origin.rule)
    if before is None or gradient is None or after is None or spec is None:
        return None
    if not before.shape == gradient.shape == after.shape:
        return None
    ruled = _ruled(spec, before, gradient)[what]
    if what == WEIGHT:
        added = largest(before) + largest(after - before)
    else:
        added = largest(_ruled(spec, np.abs(before), np.abs(gradient))[what])
    return difference(after, ruled.astype(after.dtype), added=added)


def _array(trace: Trace, key: Key) -> Array | None:
    entry = trace.entries.get(key)
    return entry.values if entry is not None and isinstance(entry.values, np.ndarray) else None


def _ruled(spec: Optimizer, weight: Array, gradient: Array) -> dict[str, Array]:
    """{"weight" and each slot: after the first step, in float64}"""
    spec = spec.of_dtype(weight.dtype.name)
    w, g = weight.astype(np.float64), gradient.astype(np.float64)
    slots = {name: np.full(*slot) for name, slot in spec.memory(w.shape).items()}
    new, held = OPTIMIZER_FORMULAS[type(spec)](spec, NUMPY, spec.lr, 1, w, g, slots)
    return {WEIGHT: new, **held}


@cache
def _rule(text: str) -> Optimizer | None:
    """The optimizer of a trace; None where there is none that is known here, or no formula for it."""
    try:
        spec = Description.from_json(text) if text else None
    except IsogradError:
        return None
    return spec if isinstance(spec, Optimizer) and type(spec) in OPTIMIZER_FORMULAS else None
