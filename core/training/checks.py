"""What is asked of data and of numbers before a fit, so that nothing is refused in the middle of one."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.errors import DataError, SpecError
from isograd.core.data.dataset import ArrayDataset, Dataset, Rowed, as_dataset
from isograd.core.engine.batches import check_batch
from isograd.core.engine.carry import Carrying
from isograd.core.graph.composite import Composite
from isograd.core.learning.losses import Losses

BATCH_SIZE = 32  # samples, unless asked for otherwise


def check_counts(**numbers: Any) -> None:
    """SpecError unless each is 1 or more."""
    for name, number in numbers.items():
        if not isinstance(number, int) or number < 1:
            raise SpecError(f"fit({name}={number!r})", wanted="1 or more", got=repr(number), fix=f"{name}=1")


def checked_data(given: Any, name: str, model: Composite, losses: Losses, carrying: Carrying | None) -> Dataset:
    """The data set, all of it checked where it is in memory, else its first sample."""
    data = as_dataset(given)
    if len(data) == 0:
        raise DataError(f"{name} data", wanted="one sample or more", got="none", fix="give some data")
    whole = isinstance(data, ArrayDataset) and data.in_memory
    inputs, targets = (data.inputs, data.targets) if whole else data.batch(np.arange(1))  # type: ignore[attr-defined]
    check_batch(model, losses, inputs, targets, carrying)
    for what, arrays in {"x": inputs, "y": targets}.items():
        for values in arrays:
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                first = [int(i) for i in np.argwhere(~np.isfinite(values))[0]]
                raise DataError(
                    f"{name} data: {what}{first}",
                    wanted="finite numbers",
                    got=f"{values[tuple(first)]}",
                    fix=f"drop or fill the {np.count_nonzero(~np.isfinite(values))} entries; no weight was changed",
                )
    return data


def batching(
    carrying: Carrying | None,
    data: Dataset,
    held_out: Dataset | None,
    batch_size: int | None,
    shuffle: bool | None,
    drop_last: bool,
) -> tuple[int, int | None, bool]:
    """(samples in a batch, in one of validation or None for the usual, whether they are shuffled)"""
    if carrying is None:
        return batch_size or BATCH_SIZE, None, shuffle is not False
    if shuffle:
        raise SpecError(
            f'fit(shuffle=True) with carry="{carrying.how}"',
            wanted="batches in order, each going on where the one before ended",
            got="shuffled ones",
            fix="leave shuffle= out",
        )
    size = carrying.batch_size(data, batch_size, "fit(…)", usual=BATCH_SIZE, drop_last=drop_last)
    held_size = size if held_out is not None and not isinstance(held_out, Rowed) else None
    if held_out is not None:
        carrying.batch_size(held_out, held_size, "fit(validation=…)", usual=BATCH_SIZE)
    return size, held_size, False
