"""What stands for a library's tables and columns where the library is not installed: rows under labels of their own."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

Pair = tuple[Any, Any]


class Labelled:
    """A table or column whose rows are looked up by label, `iloc` aside, as those of pandas are."""

    def __init__(self, values: np.ndarray, index: np.ndarray) -> None:
        self.values, self.index = values, index
        self.shape, self.ndim, self.dtype = values.shape, values.ndim, values.dtype

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype)

    def __getitem__(self, labels: Any) -> Labelled:
        rows = [int(np.flatnonzero(self.index == label)[0]) for label in np.atleast_1d(labels)]
        return Labelled(self.values[rows], self.index[rows])


class Column:
    """A column as Arrow's: values by place, and no more of an array than that NumPy can make one of it."""

    def __init__(self, values: np.ndarray) -> None:
        self.held = values.tolist()

    def __len__(self) -> int:
        return len(self.held)

    def __getitem__(self, place: int) -> Any:
        return self.held[place]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.held, dtype)


class Samples:
    """A map-style data set."""

    def __init__(self, *samples: Any) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, place: int) -> Any:
        return self.samples[place]


def shuffled(count: int) -> np.ndarray:
    """Labels of rows that are in no order: a row's label is another row's place."""
    return np.random.default_rng(5).permutation(count)


def masked(values: np.ndarray) -> Any:
    return np.ma.masked_array(values, np.zeros(values.shape, bool))


def kinds() -> dict[str, Callable[[np.ndarray, np.ndarray], Pair]]:
    """{kind: (x (N, F) float64, y (N,) int64) as it}"""
    found: dict[str, Callable[[np.ndarray, np.ndarray], Pair]] = {
        "labelled rows": lambda x, y: (Labelled(x, shuffled(len(x))), Labelled(y, shuffled(len(y)))),
        "columns of values": lambda x, y: (Column(x), Column(y)),
        "lists": lambda x, y: (x.tolist(), y.tolist()),
        "objects": lambda x, y: (x.astype(object), y.astype(object)),
        "masks that hide nothing": lambda x, y: (masked(x), masked(y)),
        "big-endian": lambda x, y: (x.astype(">f8"), y.astype(">i8")),
        "read-only": lambda x, y: (fixed(x), fixed(y)),
        "Fortran order": lambda x, y: (np.asfortranarray(x), y),
        "negative strides": lambda x, y: (x[::-1].copy()[::-1], y[::-1].copy()[::-1]),
        "every second": lambda x, y: (np.repeat(x, 2, 0)[::2], np.repeat(y, 2)[::2]),
        "matrix": lambda x, y: (x.view(np.matrix), y),
    }
    if find_spec("torch"):
        found |= {"tensors": tensors}
    if find_spec("pandas"):
        found |= {"pandas": frames, "pandas' nullable": nullable}
        if find_spec("pyarrow"):
            found |= {"pandas on Arrow": on_arrow, "Arrow": arrow}
    return found


def fixed(values: np.ndarray) -> np.ndarray:
    copy = values.copy()
    copy.flags.writeable = False
    return copy


def tensors(x: np.ndarray, y: np.ndarray) -> Pair:
    import torch

    return torch.tensor(x, requires_grad=True), torch.tensor(y)


def frames(x: np.ndarray, y: np.ndarray) -> Pair:
    import pandas

    index = shuffled(len(x))
    return pandas.DataFrame(x, index=index), pandas.Series(y, index=index)


def nullable(x: np.ndarray, y: np.ndarray) -> Pair:
    frame, series = frames(x, y)
    return frame.astype("Float64"), series.astype("Int64")


def on_arrow(x: np.ndarray, y: np.ndarray) -> Pair:
    frame, series = frames(x, y)
    return frame.astype("float64[pyarrow]"), series.astype("int64[pyarrow]")


def arrow(x: np.ndarray, y: np.ndarray) -> Pair:
    import pyarrow

    table = pyarrow.table({f"column {k}": column for k, column in enumerate(x.T)})
    return table, pyarrow.chunked_array([y[:5], y[5:]])
