"""Splits, standardisation, labels and one-hot: fitted on the training part only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from isograd.core.base.arraylike import as_array, is_text
from isograd.core.base.errors import DataError, SpecError
from isograd.core.base.randomness import generator
from isograd.core.base.types import Array
from isograd.core.data.dataset import ArrayDataset, Dataset, as_samples

Part = TypeVar("Part", bound=Dataset, covariant=True)


@dataclass(frozen=True)
class Splits(Generic[Part]):
    """Data in three parts that share no sample: `train, validation, test = splits`."""

    train: Part
    validation: Part
    test: Part

    def __iter__(self) -> Iterator[Part]:
        return iter((self.train, self.validation, self.test))


def split(
    x: Any, y: Any, *, validation: float = 0.15, test: float = 0.15, seed: int = 0, stratify: bool = False
) -> Splits[ArrayDataset]:
    """Shuffle by `seed` and cut into train, validation and test, the latter two by their shares.

    `x` and `y` are arrays or what becomes arrays (`ig.ArrayDataset`); row n of one belongs to row n of the other.
    `stratify` keeps every class's share in each part, rounded, and at least one sample of it in the training part (y
    must hold class labels, and enough of each that no part asked for stays empty).

    >>> train, validation, test = split(np.arange(20.0)[:, None], np.arange(20), validation=0.2, test=0.2)
    >>> len(train), len(validation), len(test)
    (12, 4, 4)
    """
    (inputs,), (targets,) = as_samples(x, "split: x"), as_samples(y, "split: y")
    if len(inputs) != len(targets):
        raise DataError(
            "split", wanted="x and y of equal length", got=f"{len(inputs)} and {len(targets)}", fix="align them"
        )
    if min(validation, test) < 0 or validation + test >= 1:
        raise SpecError(
            "split",
            wanted="shares of 0 or more that leave some training data",
            got=f"validation={validation}, test={test}",
            fix="validation=0.15, test=0.15",
        )
    groups = [np.arange(len(inputs))]
    if stratify:
        groups = [np.flatnonzero(targets == label) for label in np.unique(targets)]
    parts: list[list[Array]] = [[], [], []]
    for k, group in enumerate(groups):
        shuffled = generator(seed, "split", str(k)).permutation(group)
        b = min(round(len(group) * (test + validation)), max(len(group) - 1, 0))  # one at least to learn from
        a = min(round(len(group) * test), b)
        for part, piece in zip(parts, (shuffled[b:], shuffled[a:b], shuffled[:a]), strict=True):
            part.append(piece)
    train, held, tested = (np.sort(np.concatenate(part)) for part in parts)
    for name, share, rows in (("validation", validation, held), ("test", test, tested)):
        if stratify and share and not len(rows):
            raise DataError(
                "split(stratify=True)",
                wanted=f"classes large enough for {name}={share}",
                got=f"{len(inputs)} samples of {len(groups)} classes",
                fix=f"a larger share, {name}=0, or stratify=False",
            )
    return Splits(*(ArrayDataset(inputs[rows], targets[rows]) for rows in (train, held, tested)))


@dataclass(frozen=True)
class Standardizer:
    """x ↦ (x − mean)/std, column by column; fit it on the training part alone.

    Constant columns are centred and left unscaled.
    """

    mean: Array
    std: Array

    @classmethod
    def fit(cls, x: Any) -> Standardizer:
        """
        >>> Standardizer.fit(np.array([[1.0, 5.0], [3.0, 5.0]])).transform(np.array([[3.0, 5.0]])).tolist()
        [[1.0, 0.0]]
        """
        values = as_numbers(x)
        std = values.std(0)
        return cls(values.mean(0), np.where(std > 0, std, 1.0))

    def transform(self, x: Any) -> Array:
        z: Array = (as_numbers(x) - self.mean) / self.std
        return z

    def inverse(self, z: Any) -> Array:
        """The x of a standardised z."""
        x: Array = as_numbers(z, "z") * self.std + self.mean
        return x


def as_numbers(x: Any, name: str = "x") -> Array:
    """Numbers of at least one row, as float64."""
    (values,) = as_samples(as_array(x, name), name)
    if values.dtype.kind not in "fiub":
        raise DataError(name, wanted="numbers", got=f"{values.dtype}", fix="leave out the columns of text")
    found: Array = values.astype(np.float64)
    return found


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


def encode_labels(y: Any) -> tuple[Array, Array]:
    """(labels, classes) with classes[labels] = y.          y (N, …) → labels (N, …) int64, classes (C,)

    `y` holds text, whole numbers or booleans, in whatever becomes an array; its different values, sorted, are the
    classes, and a label 0…C−1 is a value's place among them: encode all data together, before they are split. Raises
    DataError where values are missing or floats.

    >>> labels, classes = encode_labels(["oak", "ash", "oak"])
    >>> labels.tolist(), classes.tolist()
    ([1, 0, 1], ['ash', 'oak'])
    """
    (values,) = as_samples(as_array(y, "encode_labels"), "encode_labels")
    if values.size == 0:
        raise DataError("encode_labels", wanted="one label or more", got="none", fix="give some labels")
    if not is_text(values) and values.dtype.kind not in "iub":
        raise DataError(
            "encode_labels",
            wanted="text, whole numbers or booleans",
            got=f"{values.dtype}",
            fix="y.astype('int64') where they are class numbers; floats to be predicted need no labels",
        )
    classes, labels = np.unique(values, return_inverse=True)
    return labels.reshape(values.shape).astype(np.int64), classes


def one_hot(labels: Any, classes: int | None = None) -> Array:
    """Rows of the identity matrix, float64.          labels (N, …) → (N, …, classes)

    >>> one_hot(np.array([1, 0]), 3).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    places = as_array(labels, "one_hot")
    if places.dtype.kind not in "iu":
        fix = "labels, classes = ig.encode_labels(labels)" if is_text(places) else "labels.astype('int64')"
        raise DataError("one_hot", wanted="whole-number labels", got=f"{places.dtype}", fix=fix)
    if places.size == 0:
        raise DataError("one_hot", wanted="one label or more", got="none", fix="give some labels")
    count = int(places.max()) + 1 if classes is None else classes
    if places.min() < 0 or places.max() >= count:
        raise DataError(
            "one_hot", wanted=f"labels 0…{count - 1}", got=f"{places.min()}…{places.max()}", fix="give classes="
        )
    return np.eye(count)[places]
