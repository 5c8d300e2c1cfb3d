"""A training as a value: everything that decides what comes next, taken between any two steps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from isograd.core.base.errors import SpecError
from isograd.core.base.types import Array, State
from isograd.core.data.dataset import ArrayDataset, Dataset

AT_ONCE = 1 << 12  # rows of a data set that are read together for its fingerprint


@dataclass(frozen=True, eq=False)
class TrainerState:
    """What `Trainer.state` gives and `Trainer.restore` takes: plain values and arrays, of no engine.

    record    what is trained and how, the steps and epochs done, and, inside a fit, its plan, position, history and
              callbacks: what JSON can hold
    arrays    "weights/0.weight", "memory/exp_avg/0.weight", "memory/carried/0", "fit/step_losses",
              "fit/callbacks/1/…": copies, which cannot be written to

    Two are equal where they are so to the last bit; what the clock said does not count.
    """

    record: dict[str, Any]
    arrays: State

    def __post_init__(self) -> None:
        for values in self.arrays.values():
            values.flags.writeable = False

    def __reduce__(self) -> tuple[Any, ...]:
        """Made again, so that its arrays cannot be written to either."""
        return TrainerState, (self.record, self.arrays)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TrainerState):
            return NotImplemented
        return self._compared() == other._compared()

    def _compared(self) -> tuple[str, dict[str, tuple[str, tuple[int, ...], bytes]]]:
        arrays = {path: (v.dtype.str, v.shape, v.tobytes()) for path, v in self.arrays.items()}
        return json.dumps({**self.record, "seconds": None}, sort_keys=True), arrays

    def without_fit(self) -> TrainerState:
        """The same, but that no fit is going on: what is restored from it begins another."""
        arrays = {path: values.copy() for path, values in self.arrays.items() if not path.startswith("fit/")}
        return TrainerState({**deepcopy(self.record), "fit": None, "seconds": None}, arrays)

    def under(self, folder: str) -> State:
        """Copies of the arrays in a folder, by what follows its name."""
        start = f"{folder}/"
        return {path.removeprefix(start): v.copy() for path, v in self.arrays.items() if path.startswith(start)}


def in_folder(folder: str, arrays: Mapping[str, Array]) -> State:
    """The inverse of `under`; the arrays are shared."""
    return {f"{folder}/{path}": values for path, values in arrays.items()}


def parted(where: str, given: object) -> tuple[dict[str, Any], State]:
    """(plain values, arrays) of what a callback's `state` gave, both copied; SpecError where it holds anything else."""
    if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
        raise SpecError(
            where,
            wanted="a dict from names to plain values and NumPy arrays",
            got=type(given).__name__,
            fix='return {"seen": self.seen}',
        )
    arrays = {name: value.copy() for name, value in given.items() if isinstance(value, np.ndarray)}
    rest = {name: value for name, value in given.items() if name not in arrays}
    for name, value in rest.items():
        if not plain(value):
            raise SpecError(
                f"{where}: {name!r}",
                wanted="None, bool, int, float, str, lists and dicts of them, or a NumPy array",
                got=type(value).__name__,
                fix="turn it into one of these, and back in restore",
            )
    return deepcopy(rest), arrays


def plain(value: object) -> bool:
    """Whether JSON gives it back as it is.

    >>> plain({"seen": [1, None, 0.5]}), plain((1, 2)), plain({1: "a"})
    (True, False, False)
    """
    if isinstance(value, dict):
        return all(isinstance(name, str) and plain(entry) for name, entry in value.items())
    if isinstance(value, list):
        return all(map(plain, value))
    return value is None or isinstance(value, (bool, int, float, str))


def fingerprint(data: Dataset | None) -> str | None:
    """Of the content of arrays in memory; None for other data, which are told by their length alone."""
    if not isinstance(data, ArrayDataset) or not data.in_memory:
        return None
    found = blake2b(digest_size=8)
    for values in (*data.inputs, *data.targets):
        found.update(f"{values.dtype.str}{values.shape}".encode())
        for start in range(0, len(values), AT_ONCE):
            found.update(np.ascontiguousarray(values[start : start + AT_ONCE]).tobytes())
    return found.hexdigest()
