"""What one run of the model knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from isograd.core.base.randomness import uniform_rows
from isograd.core.base.types import Array, Shape


@dataclass(frozen=True)
class Run:
    """Whether it trains, what its random numbers are keyed by, and where in the model it is.

    `needs_dx` is False where nobody asks for an input's gradient: an operation may then return None for it.
    """

    dtype: np.dtype[Any]
    training: bool = False
    seed: int = 0
    step: int = 0
    path: str = ""
    needs_dx: bool = True

    def at(self, name: str) -> Run:
        """The run of the node `name` inside this one."""
        return replace(self, path=f"{self.path}.{name}" if self.path else name)

    def random(self, shape: Shape, purpose: str = "dropout", *, by_row: bool = True) -> Array:
        """U[0, 1) float64 of `shape` (batch first), keyed by (seed, purpose, path, step)."""
        return uniform_rows(self.seed, purpose, self.path, self.step, shape)
