"""One array of a trace, with what says how far it may be from another's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograd.core.parity.traces.sketch import Kept, Sketch

Key = tuple[str, str, str]
"""(section, path, what): ("evaluation", "layer1.0.conv1", "output"), ("step 2", "fc.weight", "momentum_buffer")"""

START, EVALUATION, TRAINING, STEP = "start", "evaluation", "training", "step "
WHOLE, GIVEN, LOSS = "model", "input", "loss"
FIXED = (WHOLE, GIVEN, LOSS)
"""Paths that are no node's: a part of a module that has such a name gets another."""


def named(path: str) -> str:
    """The path of a node, or of a part of a module, in a trace.

    >>> named("model"), named("model.0")
    ('model_', 'model.0')
    """
    return f"{path}_" if path in FIXED else path


WEIGHT = "weight"
"""What stands for a weight or a buffer at the start and after a step."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One array of a run, or its sketch.

    `noise`: how far the run is from itself there when inputs and weights move by one unit in the last place, as a
    relative error; `added`: the size of what was added up to make it, where that tells more than its own; `beside`:
    what it is where inputs and weights are moved far (core/parity/matching.py, FAR_UNITS): beside a kink.
    """

    values: Kept
    noise: float = 0.0
    added: float = 0.0
    beside: tuple[Kept, ...] = ()

    def __post_init__(self) -> None:
        for kept in (self.values, *self.beside):
            (kept.numbers if isinstance(kept, Sketch) else kept).flags.writeable = False

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Entry):
            return False
        mine, theirs = ((e.noise, e.added, len(e.beside)) for e in (self, other))
        pairs = zip((self.values, *self.beside), (other.values, *other.beside), strict=False)
        return mine == theirs and all(_same(a, b) for a, b in pairs)

    __hash__ = None  # type: ignore[assignment]


def _same(a: Kept, b: Kept) -> bool:
    """Whether both are the same, bit for bit; NaN is NaN here."""
    if isinstance(a, Sketch) or isinstance(b, Sketch):
        return isinstance(a, Sketch) and isinstance(b, Sketch) and a.equals(b)
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
