"""What an engine computes with, as a value: four tables that whoever makes an engine may exchange.

mine = replace(STANDARD, operations=OPERATIONS.overlaid({Tanh: my_tanh}))
NumpyBackend(mine, name="mine").build(model, weights, seed=0, dtype=np.dtype("float32"))
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from isograd.backends.numpy_impl import custom, searching  # noqa: F401  (enter layers, losses, an optimizer)
from isograd.backends.numpy_impl.losses import LOSSES
from isograd.backends.numpy_impl.operations import OPERATIONS
from isograd.backends.numpy_impl.optimizers import CLIPPINGS, OPTIMIZERS
from isograd.backends.numpy_impl.reference import REFERENCE
from isograd.core.base.table import Table


@dataclass(frozen=True)
class Tables:
    """Which function computes each layer, loss, optimizer and clipping."""

    operations: Table
    losses: Table
    optimizers: Table
    clippings: Table

    def __iter__(self) -> Iterator[Table]:
        return iter((self.operations, self.losses, self.optimizers, self.clippings))


STANDARD = Tables(OPERATIONS, LOSSES, OPTIMIZERS, CLIPPINGS)
AS_THE_BOOK = replace(STANDARD, operations=OPERATIONS.overlaid(REFERENCE))
"""The form of the book (Weidman 2019) where there is one (`reference/`): slow, to be read and compared."""
