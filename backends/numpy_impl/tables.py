"""What an engine computes with, as a value: five tables that whoever makes an engine may exchange.

mine = replace(STANDARD, operations=OPERATIONS.overlaid({Tanh: my_tanh}))
NumpyBackend(mine, name="mine").build(model, weights, seed=0, dtype=np.dtype("float32"))
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from isograd.backends.numpy_impl import (  # noqa: F401  (enter layers, losses, an optimizer)
    ctc,
    custom,
    likelihoods,
    margins,
    searching,
    weighted,
)
from isograd.backends.numpy_impl.losses import LOSSES
from isograd.backends.numpy_impl.operations import OPERATIONS
from isograd.backends.numpy_impl.optimizers import CLIPPINGS, OPTIMIZERS
from isograd.backends.numpy_impl.reference import REFERENCE
from isograd.backends.numpy_impl.targets import TARGETS
from isograd.core.base.table import Table


@dataclass(frozen=True)
class Tables:
    """Which function computes each layer, loss, optimizer and clipping, and the gradients of losses' targets."""

    operations: Table
    losses: Table
    optimizers: Table
    clippings: Table
    targets: Table = field(default_factory=lambda: TARGETS)  # of losses: their gradients

    def __iter__(self) -> Iterator[Table]:
        return iter((self.operations, self.losses, self.optimizers, self.clippings, self.targets))


STANDARD = Tables(OPERATIONS, LOSSES, OPTIMIZERS, CLIPPINGS)
AS_THE_BOOK = replace(STANDARD, operations=OPERATIONS.overlaid(REFERENCE))
"""The form of the book (Weidman 2019) where there is one (`reference/`): slow, to be read and compared."""
