"""Where in a pass over data an error arose: the batch, its samples, the sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from isograd.core.base.errors import IsogradError, shown
from isograd.core.base.types import Array, Arrays
from isograd.core.data.dataset import Dataset
from isograd.core.engine.protocol import Learner


class Counted:
    """A data set that counts the batches that were asked for."""

    def __init__(self, data: Dataset) -> None:
        self.data, self.asked = data, 0

    def __len__(self) -> int:
        return len(self.data)

    def batch(self, indices: Array) -> tuple[Arrays, Arrays]:
        self.asked += 1
        return self.data.batch(indices)


def evaluated(learner: Learner, data: Dataset, order: Sequence[Array]) -> tuple[float, Arrays, Arrays]:
    """What the learner's evaluation gives; an error says in which batch it arose, and of which sample."""
    read = Counted(data)
    try:
        return learner.evaluate(read, order)
    except Exception as error:
        if not read.asked:
            raise
        raise_placed(error, f"batch {read.asked} of {len(order)}", order[read.asked - 1])


def raise_placed(error: Exception, place: str, rows: Array) -> NoReturn:
    """Raise the error again, which says in which batch, of these samples, it arose, and of which sample."""
    if not isinstance(error, IsogradError):
        error.add_note(f"in {place}, of samples {shown(rows.tolist())}")
        raise error
    sample = "" if error.row is None else f", sample {rows[error.row]}"
    raise error.within(f"{place}{sample}") from error.__cause__
