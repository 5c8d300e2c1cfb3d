"""A data set is anything that has a length and can give a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from isograd.core.base.arraylike import as_array, is_sparse
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

    `inputs` and `targets` are an array each, or a tuple of arrays for several inputs or outputs; or what becomes
    arrays: lists, tensors, tables and columns of pandas and the like, whose rows are counted, not looked up by label.
    """

    def __init__(self, inputs: Any, targets: Any) -> None:
        self.inputs, self.targets = as_samples(inputs, "inputs"), as_samples(targets, "targets")
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
    """Some samples of another data set, in this order; nothing is copied before a batch is asked for.

    `indices` are their places there, 0…len(data)−1.
    """

    def __init__(self, data: Dataset, indices: Any) -> None:
        self.data, self.indices = as_dataset(data), as_places(indices, len(data))

    def __len__(self) -> int:
        return len(self.indices)

    def batch(self, indices: Array) -> tuple[Arrays, Arrays]:
        return self.data.batch(self.indices[indices])

    def for_epoch(self, epoch: int) -> Dataset:
        return Subset(for_epoch(self.data, epoch), self.indices)


class Selected:
    """Another data set's samples with some of their inputs, those at these places."""

    def __init__(self, data: Dataset, inputs: Sequence[int]) -> None:
        self.data, self.inputs = as_dataset(data), tuple(inputs)

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
        pairs = [self._pair(int(i)) for i in indices]
        return (stacked("x", [x for x, _ in pairs], indices),), (stacked("y", [y for _, y in pairs], indices),)

    def _pair(self, place: int) -> tuple[Any, Any]:
        sample = self.samples[place]
        if not isinstance(sample, (tuple, list)) or len(sample) != 2:
            several = f" of {len(sample)}" if isinstance(sample, (tuple, list)) else ""
            raise DataError(
                f"sample {place}",
                wanted="a pair (x, y)",
                got=f"{type(sample).__name__}{several}",
                fix="let the data set's __getitem__ return (x, y)",
            )
        return sample[0], sample[1]


def stacked(what: str, values: Sequence[Any], places: Array) -> Array:
    """What several samples hold, as one array; ShapeError where they differ in shape."""
    arrays = [as_array(v, f"sample {int(i)}: {what}") for v, i in zip(values, places, strict=True)]
    for array, place in zip(arrays, places, strict=True):
        if array.shape != arrays[0].shape:
            raise ShapeError(
                f"sample {int(place)}: {what}",
                wanted=f"shape {arrays[0].shape}, as of sample {int(places[0])}",
                got=f"{array.shape}",
                fix="cut, pad or scale the samples to one shape",
            )
    return np.stack(arrays)


def whole(data: Dataset) -> tuple[Arrays, Arrays]:
    """(inputs, targets) of every sample: the arrays themselves where `data` holds arrays."""
    return (data.inputs, data.targets) if isinstance(data, ArrayDataset) else data.batch(np.arange(len(data)))


def as_arrays(values: Any, where: str = "data") -> Arrays:
    """A tuple of arrays: several inputs stay several, anything else becomes one."""
    if isinstance(values, tuple):
        return tuple(as_array(v, f"{where} {k}") for k, v in enumerate(values))
    return (as_array(values, where),)


def batch_of(data: Dataset, indices: Array, most: int | None = None) -> tuple[Arrays, Arrays]:
    """The batch that a data set gives, whoever wrote it, as plain arrays: `as_array` says what is no array.

    ShapeError for more than `most` inputs, DataError for what is no pair and for inputs that hold no real numbers.
    """
    given = data.batch(indices)
    where = "a batch of the data set"
    if not isinstance(given, tuple) or len(given) != 2:
        got = type(given).__name__ + (f" of {len(given)}" if isinstance(given, (tuple, list)) else "")
        raise DataError(where, wanted="a pair: inputs, targets", got=got, fix="return (x,), (y,)")
    inputs, targets = as_arrays(given[0], "input"), as_arrays(given[1], "target")
    if most is not None and len(inputs) > most:
        raise ShapeError(where, wanted=f"{most} inputs", got=f"{len(inputs)}", fix="give one array for each ig.Input")
    for k, x in enumerate(inputs):
        if x.dtype.kind not in "fiub":
            raise DataError(f"input {k}", wanted="numbers", got=f"{x.dtype}", fix="convert it to floats")
    return inputs, targets


def as_samples(values: Any, where: str) -> Arrays:
    """`as_arrays` of samples: ShapeError for what has no axis of them."""
    arrays = as_arrays(values, where)
    for k, array in enumerate(arrays):
        if array.ndim == 0:
            raise ShapeError(
                f"{where} {k}" if isinstance(values, tuple) else where,
                wanted="an entry for each sample",
                got="a single value",
                fix="batch first; for one sample, x[None]",
            )
    return arrays


def as_places(indices: Any, count: int) -> Array:
    """Sample numbers 0…count−1, int64; DataError for any other."""
    found = as_array(indices, "indices")
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise DataError(
            "indices",
            wanted="whole numbers in one row",
            got=f"{found.dtype} of shape {found.shape}",
            fix="np.flatnonzero(mask)" if found.dtype.kind == "b" else "np.arange(10)",
        )
    if found.size and not (found.min() >= 0 and found.max() < count):
        first = int(np.flatnonzero((found < 0) | (found >= count))[0])
        raise DataError(
            f"indices[{first}]",
            wanted=f"0…{count - 1}: a place in the data set",
            got=f"{found[first]}",
            fix="count the samples from 0",
        )
    return found.astype(np.int64)


def as_dataset(data: Any) -> Dataset:
    """A Dataset as it is, an (x, y) pair as an ArrayDataset, a map-style data set as a SampleDataset."""
    if isinstance(data, Dataset):
        return data
    if isinstance(data, tuple) and len(data) == 2:
        return ArrayDataset(*data)
    if hasattr(data, "__len__") and hasattr(data, "__getitem__") and not is_values(data):
        return SampleDataset(data)
    raise DataError(
        "data",
        wanted="an (x, y) pair, a Dataset, or a map-style data set of (x, y) samples",
        got=type(data).__name__ + (f" of {len(data)}" if isinstance(data, (tuple, list)) else ""),
        fix="trainer.fit((x, y), …)",
    )


def is_values(data: Any) -> bool:
    """Whether this holds values, and no samples (x, y): arrays, tables, sparse matrices, dicts, lists, text."""
    plain = isinstance(data, (str, bytes, list, tuple, Mapping))
    return plain or is_sparse(data) or hasattr(data, "__array__") or hasattr(data, "__dataframe__")
