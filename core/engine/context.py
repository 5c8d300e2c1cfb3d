"""What one run of a node knows: whether it trains, and its own randomness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograd.core.base.randomness import uniform_rows
from isograd.core.base.types import FLOATS, Array, Shape


@dataclass(slots=True)
class Run:
    """Where in the training a node is computed, and for which rows of the batch; treat it as read-only.

    `path` is the node's dotted name, `dtype` the network's, for operations whose inputs are whole numbers or whose
    constants depend on it.
    """

    training: bool = False
    seed: int = 0
    step: int = 0
    path: str = ""
    first_row: int = 0
    dtype: np.dtype[np.floating] = FLOATS["float64"]

    def at(self, name: str) -> Run:
        """The run of the node `name` inside this one."""
        path = f"{self.path}.{name}" if self.path else name
        return Run(self.training, self.seed, self.step, path, self.first_row, self.dtype)

    def random(self, shape: Shape, purpose: str = "dropout", *, by_row: bool = True) -> Array:
        """U[0, 1) float64 of `shape` (batch first), keyed by (seed, purpose, path, step) and the row.

        With by_row=False it does not depend on which rows of the batch these are: one draw for a whole batch.
        """
        first_row = self.first_row if by_row else 0
        return uniform_rows(self.seed, purpose, self.path, self.step, shape, first_row=first_row)
