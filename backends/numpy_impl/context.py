"""What one run of a node knows in this engine, beyond what every engine's does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from isograd.core.base.types import Arrays
from isograd.core.engine.context import Run


@dataclass(slots=True)
class NodeRun(Run):
    """Given to every operation beside its weights and inputs; treat it as read-only.

    `needs_dx` is False where nobody asks for the input's gradient (the first layer in training): an operation may
    then return None for it and save the product. `observe`, where given, is shown each node's path and outputs.
    """

    needs_dx: bool = True
    observe: Callable[[str, Arrays], None] | None = None

    def of(self, path: str, needs_dx: bool) -> NodeRun:
        """The run of the node at `path`, counted from the whole model."""
        rest = (self.first_row, self.dtype, needs_dx, self.observe)
        return NodeRun(self.training, self.seed, self.step, path, *rest)
