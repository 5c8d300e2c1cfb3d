"""What is imported, before it has names: steps that apply layers to what others made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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


Ref: TypeAlias = Given | State | Fixed | Out


@dataclass
class Plan:
    """The steps in order, and the module's outputs."""

    steps: list[Step]
    outputs: list[Ref]
