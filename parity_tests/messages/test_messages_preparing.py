"""What a user reads whose samples, subset, split or labels cannot be, word for word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from message_helpers import LABELS, X, raised
from tables import Samples

import isograd as ig

DATA = ig.ArrayDataset(X, LABELS)

MESSAGES: dict[str, tuple[Callable[[], Any], str]] = {
    "samples that are no pairs": (
        lambda: ig.SampleDataset(Samples({"x": X[0], "y": 1})).batch(np.arange(1)),
        """DataError: sample 0
  wanted a pair (x, y)
  got    dict
  fix    let the data set's __getitem__ return (x, y)""",
    ),
    "samples of three": (
        lambda: ig.SampleDataset(Samples((X[0], 1, 2))).batch(np.arange(1)),
        """DataError: sample 0
  wanted a pair (x, y)
  got    tuple of 3
  fix    let the data set's __getitem__ return (x, y)""",
    ),
    "a sample without a target": (
        lambda: ig.SampleDataset(Samples((X[0], None))).batch(np.arange(1)),
        """DataError: sample 0: y
  wanted an array, or a list, table, column or tensor that becomes one
  got    None
  fix    give an array of numbers""",
    ),
    "samples of several shapes": (
        lambda: ig.SampleDataset(Samples((X[0], 1), (X[0, :4], 1))).batch(np.arange(2)),
        """ShapeError: sample 1: x
  wanted shape (5,), as of sample 0
  got    (4,)
  fix    cut, pad or scale the samples to one shape""",
    ),
    "a subset by a mask": (
        lambda: ig.Subset(DATA, LABELS == 1),
        """DataError: indices
  wanted whole numbers in one row
  got    bool of shape (6,)
  fix    np.flatnonzero(mask)""",
    ),
    "a subset beyond the end": (
        lambda: ig.Subset(DATA, [0, 6]),
        """DataError: indices[1]
  wanted 0…5: a place in the data set
  got    6
  fix    count the samples from 0""",
    ),
    "a subset of no data set": (
        lambda: ig.Subset({"x": X}, [0]),
        """DataError: data
  wanted an (x, y) pair, a Dataset, or a map-style data set of (x, y) samples
  got    dict
  fix    trainer.fit((x, y), …)""",
    ),
    "a split of what is missing": (
        lambda: ig.split(X, None),
        """DataError: split: y
  wanted an array, or a list, table, column or tensor that becomes one
  got    None
  fix    give an array of numbers""",
    ),
    "a split of one value": (
        lambda: ig.split(3.0, LABELS),
        """ShapeError: split: x
  wanted an entry for each sample
  got    a single value
  fix    batch first; for one sample, x[None]""",
    ),
    "a split of classes too small": (
        lambda: ig.split(X, np.arange(6), stratify=True),
        """DataError: split(stratify=True)
  wanted classes large enough for validation=0.15
  got    6 samples of 6 classes
  fix    a larger share, validation=0, or stratify=False""",
    ),
    "standardising text": (
        lambda: ig.Standardizer.fit([["ash"], ["oak"]]),
        """DataError: x
  wanted numbers
  got    <U3
  fix    leave out the columns of text""",
    ),
    "labels that are floats": (
        lambda: ig.encode_labels([0.0, 1.0]),
        """DataError: encode_labels
  wanted text, whole numbers or booleans
  got    float64
  fix    y.astype('int64') where they are class numbers; floats to be predicted need no labels""",
    ),
    "labels with a gap": (
        lambda: ig.encode_labels(["ash", float("nan")]),
        """DataError: encode_labels[1]
  wanted text, as elsewhere
  got    nan
  fix    drop or fill the missing entries, 1 of 2""",
    ),
    "labels of nothing": (
        lambda: ig.encode_labels([]),
        """DataError: encode_labels
  wanted one label or more
  got    none
  fix    give some labels""",
    ),
    "one label": (
        lambda: ig.encode_labels("ash"),
        """DataError: encode_labels
  wanted an array, or a list, table, column or tensor that becomes one
  got    'ash'
  fix    give the values themselves""",
    ),
    "one-hot of text": (
        lambda: ig.one_hot(["ash", "oak"]),
        """DataError: one_hot
  wanted whole-number labels
  got    <U3
  fix    labels, classes = ig.encode_labels(labels)""",
    ),
    "tokens of text": (
        lambda: ig.Windows(["a", "b"]),
        """DataError: Windows
  wanted whole numbers in one row
  got    <U1 of shape (2,)
  fix    vocabulary.encode(text)""",
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_the_message_is_this(case: str) -> None:
    action, text = MESSAGES[case]
    assert raised(action) == text
