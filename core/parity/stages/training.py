"""What both kinds of training runs share: what is trained, how inputs are rounded or shaken, engines that raise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import TypeVar

import numpy as np

from isograd.core.base.description import Description
from isograd.core.base.errors import BackendError
from isograd.core.base.raised import told_with_line
from isograd.core.base.types import Array, Arrays, State
from isograd.core.engine.protocol import Learner, Network
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import declared
from isograd.core.learning.losses import Losses
from isograd.core.learning.optimizers import Clipping, Optimizer
from isograd.core.parity.matching import Difference, nudged, nudged_given
from isograd.core.parity.natures import NOT_IMPLEMENTED, RAISED, from_itself
from isograd.core.parity.pair import Named, Pair
from isograd.core.parity.verdict import Culprit, Row, Verdict

T = TypeVar("T")
Result = tuple[list[Row], Culprit | None]


@dataclass(frozen=True)
class Training:
    """What is trained, on which batches (taken in turn), and how."""

    model: Composite
    state: Mapping[str, Array]
    batches: Sequence[tuple[Arrays, Arrays]]
    losses: Losses
    optimizer: Optimizer
    clip: Clipping | None
    seed: int
    steps: int

    def batch(self, step: int) -> tuple[Arrays, Arrays]:
        """The batch of step 1, 2, …"""
        return self.batches[(step - 1) % len(self.batches)]

    def learner(self, net: Network) -> Learner:
        """What trains `net` so."""
        return net.learner(self.losses, self.optimizer, self.clip)

    def step(self, learner: Learner, step: int) -> float:
        """Let `learner` take it."""
        return learner.step(*self.batch(step), self.optimizer.lr)


def rounded(values: Arrays, dtype: str) -> Arrays:
    return tuple(v.astype(dtype) if v.dtype.kind == "f" else v for v in values)


def shaken(
    model: Composite, state: Mapping[str, Array], inputs: Arrays, units: int = 1, draw: int = 0
) -> tuple[State, Arrays]:
    """(state, inputs), moved by one unit in the last place, or so many; whole numbers of inputs and buffers stay."""
    given = declared(model)[1]
    moved = {path: (nudged_given if path in given else nudged)(values, units, draw) for path, values in state.items()}
    return moved, tuple(nudged_given(x, units, draw) for x in inputs)


def slots_of(memory: State) -> State:
    """A learner's memory without its count of steps."""
    return {name: values for name, values in memory.items() if name != "step"}


class Stopped(Exception):
    """Engines that raised where they should have computed: {engine: what it raised}."""

    def __init__(self, errors: Mapping[str, Exception]) -> None:
        super().__init__(errors)
        self.errors = errors

    def result(self, pair: Pair, spec: Description, stage: str, dtype: str, path: str, note: str = "") -> Result:
        """The row of a run that did not come to its end, and who stopped."""
        lacking = all(isinstance(error, BackendError) for error in self.errors.values())
        gap = Difference(np.inf, fault=NOT_IMPLEMENTED if lacking else RAISED)
        told = "; ".join(f"{name} raised {told_with_line(error)}" for name, error in self.errors.items())
        guilty = next(iter(self.errors)) if len(self.errors) == 1 else None
        row = pair.row(stage, dtype, path, "run", gap, 0.0, note)
        return [row], pair.culprit(row, spec, (), {}, Verdict("not needed", told, guilty=guilty))


def from_run_to_run(pair: Named, run: Callable[[int], Mapping[str, Array]], key: str) -> float:
    """How far two more runs of a side are from each other, on the side where it is more; ∞ where one of them raises."""
    try:
        first, second = on_each(pair, run), on_each(pair, run)
    except Stopped:
        return inf
    return max(from_itself(a.get(key), b.get(key)) for a, b in zip(first, second, strict=True))


def on_side(pair: Pair, side: int, compute: Callable[[int], T]) -> T:
    """compute(side) of one side alone; raises Stopped where it raises."""
    try:
        return compute(side)
    except Exception as error:
        raise Stopped({pair.names[side]: error}) from error


def on_each(pair: Named, compute: Callable[[int], T]) -> list[T]:
    """compute(0) for the left side and compute(1) for the right; raises Stopped where one of them raises."""
    found: list[T] = []
    errors: dict[str, Exception] = {}
    for k, name in enumerate(pair.names):
        try:
            found.append(compute(k))
        except Exception as error:
            errors[name] = error
    if errors:
        raise Stopped(errors)
    return found
