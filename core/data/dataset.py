"""A data set is anything that has a length and can give a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from isograd.core.base.errors import DataError, ShapeError
from isograd.core.base.types import Array, Arrays


@runtime_checkable
class Dataset(Protocol):
    """What a trainer reads: a number of samples, and the batch of some of them."""

    def __len__(self) -> int: ...

    def batch(self, indices: Array) -> tuple[Arrays, Arrays]:
        """(inputs, targets) of these samples, each a tuple of arrays, batch first."""


@runtime_checkable
class Changing(Dataset, Protocol):
    """A data set whose samples differ from epoch to epoch, as augmented ones do."""

    def for_epoch(self, epoch: int) -> Dataset:
        """The data set of this epoch, counted from 0; itself unchanged. The trainer asks before each."""


@runtime_checkable
class Rowed(Dataset, Protocol):
    """A data set that is read in order, `rows` samples at a time: each row of a batch goes on in the next."""

    rows: int

    def first(self, count: int) -> Dataset:
        """Its beginning, of at most `count` samples."""


def first(data: Dataset, count: int) -> Dataset:
    """The first samples, at most `count`; a data set in rows keeps its rows."""
    return data.first(count) if isinstance(data, Rowed) else Subset(data, np.arange(min(count, len(data))))


def for_epoch(data: Dataset, epoch: int) -> Dataset:
    """The data set of this epoch: `data` itself unless it changes."""
    return data.for_epoch(epoch) if isinstance(data, Changing) else data


class ArrayDataset:
    """Samples in arrays, or in files mapped into memory (np.load(…, mmap_mode="r")), which stay on disk.

    `inputs` and `targets` are an array each, or a tuple of arrays for several inputs or outputs.
    """

    def __init__(self, inputs: Array | Arrays, targets: Array | Arrays) -> None:
        self.inputs, self.targets = as_arrays(inputs), as_arrays(targets)
        lengths = {len(values) for values in (*self.inputs, *self.targets)}
        if len(lengths) != 1:
            raise ShapeError(
                "ArrayDataset",
                wanted="inputs and targets of equal length",
                got=f"lengths {sorted(lengths)}",
                fix="give one target for each sample",
            )
        self._length = lengths.pop()

    def __len__(self) -> int:
        return self._length

    def batch(self, indices: Array) -> tuple[Arrays, Arrays]:
        return tuple(v[indices] for v in self.inputs), tuple(v[indices] for v in self.targets)

    @property
    def in_memory(self) -> bool:
        """False where an array is a file mapped into memory."""
        return not any(isinstance(v, np.memmap) for v in (*self.inputs, *self.targets))


class Subset:
    """Some samples of another data set, in this order; nothing is copied before a batch is asked for."""

    def __init__(self, data: Dataset, indices: Array) -> None:
        self.data, self.indices = data, indices

    def __len__(self) -> int:
        return len(self.indices)

    def batch(self, indices: Array) -> tuple[Arrays, Arrays]:
        return self.data.batch(self.indices[indices])

    def for_epoch(self, epoch: int) -> Dataset:
        return Subset(for_epoch(self.data, epoch), self.indices)


class Selected:
    """Another data set's samples with some of their inputs, those at these places."""

    def __init__(self, data: Dataset, inputs: Sequence[int]) -> None:
        self.data, self.inputs = data, tuple(inputs)

    def __len__(self) -> int:
        return len(self.data)

    def batch(self, indices: Array) -> tuple[Arrays, Arrays]:
        inputs, targets = self.data.batch(indices)
        return tuple(inputs[k] for k in self.inputs), targets

    def for_epoch(self, epoch: int) -> Dataset:
        return Selected(for_epoch(self.data, epoch), self.inputs)


class SampleDataset:
    """A map-style data set (len and [i] → (x, y), as torchvision's): its samples are made and stacked on the fly."""

    def __init__(self, samples: Sequence[Any]) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def batch(self, indices: Array) -> tuple[Arrays, Arrays]:
        pairs = [self.samples[int(i)] for i in indices]
        return (np.stack([np.asarray(x) for x, _ in pairs]),), (np.stack([np.asarray(y) for _, y in pairs]),)


def whole(data: Dataset) -> tuple[Arrays, Arrays]:
    """(inputs, targets) of every sample: the arrays themselves where `data` holds arrays."""
    return (data.inputs, data.targets) if isinstance(data, ArrayDataset) else data.batch(np.arange(len(data)))


def as_arrays(values: Array | Arrays | Sequence[Any]) -> Arrays:
    """A tuple of arrays: several inputs stay several, anything else becomes one."""
    return tuple(np.asanyarray(v) for v in values) if isinstance(values, tuple) else (np.asanyarray(values),)


def as_dataset(data: Any) -> Dataset:
    """A Dataset as it is, an (x, y) pair as an ArrayDataset, a map-style data set as a SampleDataset."""
    if isinstance(data, Dataset):
        return data
    if isinstance(data, tuple) and len(data) == 2:
        return ArrayDataset(*data)
    if hasattr(data, "__len__") and hasattr(data, "__getitem__") and not isinstance(data, (np.ndarray, list, str)):
        return SampleDataset(data)
    raise DataError(
        "data",
        wanted="an (x, y) pair, a Dataset, or a map-style data set of (x, y) samples",
        got=type(data).__name__,
        fix="trainer.fit((x, y), …)",
    )
