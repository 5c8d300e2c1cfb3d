"""What one run of a node knows: whether it trains, and its own randomness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from isograd.core.base.randomness import uniform_rows
from isograd.core.base.types import FLOATS, Array, Arrays, Shape
from isograd.core.graph.nodes import Node


@dataclass(slots=True)
class Run:
    """Given to every operation beside its weights and inputs; treat it as read-only.

    `needs_dx` is False where nobody asks for the input's gradient (the first layer in training): an operation may
    then return None for it and save the product. `observe`, where given, is shown each node's path and outputs.
    `dtype` is the network's, for operations whose inputs are whole numbers. `reference` asks for the form that
    follows the book (Weidman 2019), where there is one.
    """

    training: bool = False
    seed: int = 0
    step: int = 0
    path: str = ""
    first_row: int = 0
    needs_dx: bool = True
    observe: Callable[[str, Node, Arrays], None] | None = None
    dtype: np.dtype[np.floating] = FLOATS["float64"]
    reference: bool = False

    def at(self, name: str, needs_dx: bool = True) -> Run:
        """The run of the node `name` inside this one."""
        path = f"{self.path}.{name}" if self.path else name
        rest = (self.first_row, needs_dx, self.observe, self.dtype, self.reference)
        return Run(self.training, self.seed, self.step, path, *rest)

    def random(self, shape: Shape, purpose: str = "dropout") -> Array:
        """U[0, 1) float64 of `shape` (batch first), keyed by (seed, purpose, path, step) and the row."""
        return uniform_rows(self.seed, purpose, self.path, self.step, shape, first_row=self.first_row)
