"""The scratch data loader: batches are made when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from isograd.core.base.types import Array, Arrays, Dtypes
from isograd.core.data.dataset import Dataset, batch_of
from isograd.core.learning.losses import Loss


class DataLoader:
    """Batches of `data` in the given order; each input in its dtype, targets in `dtype` or, as labels, as they are."""

    def __init__(
        self, data: Dataset, order: Sequence[Array], dtype: np.dtype[np.floating], input_dtypes: Dtypes
    ) -> None:
        self.data, self.order, self.dtype, self.input_dtypes = data, order, dtype, input_dtypes

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[tuple[Arrays, Arrays]]:
        for indices in self.order:
            inputs, targets = batch_of(self.data, indices, len(self.input_dtypes))
            yield as_inputs(inputs, self.input_dtypes), as_targets(targets, self.dtype)


def as_inputs(values: Arrays, dtypes: Dtypes) -> Arrays:
    """Inputs that are computed with become the network's floats, those that are counted with int64."""
    return tuple(map(np.asarray, values, dtypes))


def compared(spec: Loss, target: Any, dtype: np.dtype[np.floating]) -> Array:
    """Whole numbers stay labels to a loss over classes, and are values to every other."""
    return np.asarray(target, None if spec.labels else dtype)


def as_targets(values: Arrays, dtype: np.dtype[np.floating]) -> Arrays:
    """Targets stay class labels where they are whole numbers."""
    return tuple(np.asarray(v, dtype if v.dtype.kind == "f" else None) for v in values)
