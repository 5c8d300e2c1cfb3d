"""What is imported, before it has names: steps that apply layers to what others made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from torch import Tensor

from isograd.core.base.forms import Form
from isograd.core.layers.base import Layer


@dataclass(frozen=True)
class Place:
    """Where an operation stands: the path of its module, and the line of its source."""

    module: str
    line: str

    def __str__(self) -> str:
        return f"{self.module or 'the module itself'}, {self.line}" if self.line else self.module or "the module itself"


@dataclass(frozen=True)
class Given:
    """Input `index` of the module, tensors alone counted."""

    index: int


@dataclass(frozen=True)
class State:
    """A parameter or buffer, by its path."""

    path: str


@dataclass(frozen=True, eq=False)
class Fixed:
    """An array that depends on shapes alone, not on what comes in."""

    values: Tensor
    place: Place


@dataclass(eq=False)
class Step:
    """A layer, what it reads, and which of its weights are read from elsewhere than the layer's own."""

    layer: Layer
    inputs: tuple[Ref, ...]
    weights: Mapping[str, Ref]
    place: Place
    in_forms: tuple[Form, ...]
    forms: tuple[Form, ...]  # of its outputs


@dataclass(frozen=True)
class Out:
    """Output `index` of a step."""

    step: Step
    index: int = 0


@dataclass(frozen=True)
class Moved:
    """The statistics of a BatchNorm after a step of training: the layer's own affair, unless something reads them."""

    state: State


@dataclass
class Norms:
    """What training does with statistics, for evaluation to know: which it leaves alone, which batches it counts."""

    frozen: set[Ref] = field(default_factory=set)
    counted: set[State] = field(default_factory=set)


Ref: TypeAlias = Given | State | Fixed | Out


@dataclass
class Plan:
    """The steps in order, and the module's outputs."""

    steps: list[Step]
    outputs: list[Ref]


def needed(steps: Sequence[Step], outputs: Sequence[Ref]) -> list[Step]:
    """The steps that lead to the outputs."""
    found: set[int] = set()
    waiting = [ref.step for ref in outputs if isinstance(ref, Out)]
    while waiting:
        step = waiting.pop()
        if id(step) not in found:
            found.add(id(step))
            waiting += [ref.step for ref in (*step.inputs, *step.weights.values()) if isinstance(ref, Out)]
    return [step for step in steps if id(step) in found]


@dataclass
class Census:
    """Which operations a module has, and those that no layer computes: {(operation, why): its places}."""

    found: Counter[str] = field(default_factory=Counter)
    lacking: dict[tuple[str, str], list[Place]] = field(default_factory=dict)
