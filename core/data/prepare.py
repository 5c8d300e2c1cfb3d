"""Splits, standardisation and one-hot: fitted on the training part only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from isograd.core.base.errors import DataError, SpecError
from isograd.core.base.randomness import generator
from isograd.core.base.types import Array
from isograd.core.data.dataset import ArrayDataset, Dataset

Part = TypeVar("Part", bound=Dataset, covariant=True)


@dataclass(frozen=True)
class Splits(Generic[Part]):
    """Data in three parts that share no sample."""

    train: Part
    validation: Part
    test: Part


def split(
    x: Array, y: Array, *, validation: float = 0.15, test: float = 0.15, seed: int = 0, stratify: bool = False
) -> Splits[ArrayDataset]:
    """Shuffle by `seed` and cut into train, validation and test, the latter two by their shares.

    `stratify` keeps every class's share in each part (y must hold class labels).

    >>> parts = split(np.arange(20.0)[:, None], np.arange(20), validation=0.2, test=0.2)
    >>> len(parts.train), len(parts.validation), len(parts.test)
    (12, 4, 4)
    """
    if len(x) != len(y):
        raise DataError("split", wanted="x and y of equal length", got=f"{len(x)} and {len(y)}", fix="align them")
    if min(validation, test) < 0 or validation + test >= 1:
        raise SpecError(
            "split",
            wanted="shares of 0 or more that leave some training data",
            got=f"validation={validation}, test={test}",
            fix="validation=0.15, test=0.15",
        )
    groups = [np.flatnonzero(y == label) for label in np.unique(y)] if stratify else [np.arange(len(x))]
    parts: list[list[Array]] = [[], [], []]
    for k, group in enumerate(groups):
        shuffled = generator(seed, "split", str(k)).permutation(group)
        a, b = round(len(group) * test), round(len(group) * (test + validation))
        for part, piece in zip(parts, (shuffled[b:], shuffled[a:b], shuffled[:a]), strict=True):
            part.append(piece)
    train, held, tested = (np.sort(np.concatenate(part)) for part in parts)
    return Splits(*(ArrayDataset(x[rows], y[rows]) for rows in (train, held, tested)))


@dataclass(frozen=True)
class Standardizer:
    """x ↦ (x − mean)/std, column by column; fit it on the training part alone.

    Constant columns are centred and left unscaled.
    """

    mean: Array
    std: Array

    @classmethod
    def fit(cls, x: Array) -> Standardizer:
        """
        >>> Standardizer.fit(np.array([[1.0, 5.0], [3.0, 5.0]])).transform(np.array([[3.0, 5.0]])).tolist()
        [[1.0, 0.0]]
        """
        values = np.asarray(x, np.float64)
        std = values.std(0)
        return cls(values.mean(0), np.where(std > 0, std, 1.0))

    def transform(self, x: Array) -> Array:
        return (np.asarray(x, np.float64) - self.mean) / self.std

    def inverse(self, z: Array) -> Array:
        """The x of a standardised z."""
        return z * self.std + self.mean


def standardize(splits: Splits[ArrayDataset], *, targets: bool = False) -> tuple[Splits[ArrayDataset], Standardizer]:
    """Every part standardised by the training part's mean and deviation; with `targets`, y as well.

    Returns the parts and the standardizer of x (with `targets`, of y: predictions go back through `inverse`).
    """
    parts = (splits.train, splits.validation, splits.test)
    scale_x = Standardizer.fit(splits.train.inputs[0])
    scale_y = Standardizer.fit(splits.train.targets[0]) if targets else None
    made = [
        ArrayDataset(
            scale_x.transform(part.inputs[0]), scale_y.transform(part.targets[0]) if scale_y else part.targets[0]
        )
        for part in parts
    ]
    return Splits(*made), scale_y or scale_x


def one_hot(labels: Array, classes: int | None = None) -> Array:
    """Rows of the identity matrix, float64.          labels (N, …) → (N, …, classes)

    >>> one_hot(np.array([1, 0]), 3).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise DataError("one_hot", wanted="whole-number labels", got=f"{labels.dtype}", fix="labels.astype('int64')")
    if labels.size == 0:
        raise DataError("one_hot", wanted="one label or more", got="none", fix="give some labels")
    count = int(labels.max()) + 1 if classes is None else classes
    if labels.min() < 0 or labels.max() >= count:
        raise DataError(
            "one_hot", wanted=f"labels 0…{count - 1}", got=f"{labels.min()}…{labels.max()}", fix="give classes="
        )
    return np.eye(count)[labels]
