"""Splits, standardisation, one-hot: nothing of the test part may reach the training part."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference

ROWS = np.arange(200.0)
X = np.stack([ROWS, ROWS**2 % 37, np.full(200, 5.0)], 1)  # a row is known by its first column; the last is constant
LABELS = np.repeat([0, 1, 2], [120, 60, 20])


def parts(splits: ig.Splits) -> list[ig.ArrayDataset]:
    return [splits.train, splits.validation, splits.test]


def rows(splits: ig.Splits) -> list[list[float]]:
    return [part.inputs[0][:, 0].tolist() for part in parts(splits)]


@pytest.mark.parametrize("stratify", [False, True])
def test_the_parts_share_no_sample_and_cover_all(stratify: bool) -> None:
    splits = ig.split(X, LABELS, validation=0.2, test=0.1, stratify=stratify)
    assert [len(part) for part in parts(splits)] == [140, 40, 20]
    assert sorted(chain(*rows(splits))) == ROWS.tolist()
    for part in parts(splits):
        numbers = part.inputs[0][:, 0].astype(int)
        np.testing.assert_array_equal(part.inputs[0], X[numbers])
        np.testing.assert_array_equal(part.targets[0], LABELS[numbers])


def test_a_stratified_split_keeps_the_share_of_every_class() -> None:
    splits = ig.split(X, LABELS, validation=0.2, test=0.1, stratify=True)
    assert [np.bincount(part.targets[0]).tolist() for part in parts(splits)] == [[84, 42, 14], [24, 12, 4], [12, 6, 2]]


@pytest.mark.parametrize("stratify", [False, True])
def test_the_seed_and_nothing_else_decides(stratify: bool) -> None:
    first = rows(ig.split(X, LABELS, seed=3, stratify=stratify))
    np.random.seed(0)
    assert rows(ig.split(X, LABELS, seed=3, stratify=stratify)) == first
    assert rows(ig.split(X * 2, LABELS, seed=3, stratify=stratify)) == [[2 * row for row in part] for part in first]
    assert rows(ig.split(X, LABELS, seed=4, stratify=stratify)) != first
    assert first[2] != ROWS[:30].tolist()  # shuffled before it was cut


def test_no_validation_part_on_request() -> None:
    assert [len(part) for part in parts(ig.split(X, LABELS, validation=0.0, test=0.5))] == [100, 0, 100]


def test_the_training_part_comes_out_with_mean_0_and_deviation_1_and_constants_centred() -> None:
    (train, validation, test), scaler = (lambda made: (parts(made[0]), made[1]))(ig.standardize(ig.split(X, ROWS)))
    z, allowed = train.inputs[0], TOLERANCE["node", "float64"]
    for have, want in ((z.mean(0), np.zeros(3)), (z.std(0), np.array([1.0, 1.0, 0.0]))):
        assert not difference(have, want).exceeds(allowed)
    assert {part.inputs[0][:, 2].tolist() == [0.0] * len(part) for part in (train, validation, test)} == {True}
    assert scaler.std[2] == 1.0
    raw = ig.split(X, ROWS)
    for part, before in zip((train, validation, test), parts(raw), strict=True):
        np.testing.assert_array_equal(part.inputs[0], (before.inputs[0] - raw.train.inputs[0].mean(0)) / scaler.std)
        np.testing.assert_array_equal(part.targets[0], before.targets[0])


def test_test_and_validation_rows_change_nothing_of_the_training_part() -> None:
    first = ig.split(X, ROWS)
    held_out = np.concatenate([first.validation.targets[0], first.test.targets[0]]).astype(int)
    other_x, other_y = X.copy(), ROWS.copy()
    other_x[held_out] = 1e6
    other_y[held_out] = -1e6
    before, scale = ig.standardize(first, targets=True)
    after, again = ig.standardize(ig.split(other_x, other_y), targets=True)
    np.testing.assert_array_equal(after.train.inputs[0], before.train.inputs[0])
    np.testing.assert_array_equal(after.train.targets[0], before.train.targets[0])
    np.testing.assert_array_equal([scale.mean, scale.std], [again.mean, again.std])
    assert (after.test.inputs[0][:, 0] != before.test.inputs[0][:, 0]).all()


def test_inverse_takes_predictions_back() -> None:
    _, scale = ig.standardize(ig.split(X, ROWS), targets=True)
    assert not difference(scale.inverse(scale.transform(ROWS)), ROWS).exceeds(TOLERANCE["node", "float64"])
    fitted = ig.Standardizer.fit(np.array([[1.0, 5.0], [3.0, 5.0]]))
    assert fitted.transform(np.array([[5.0, 6.0]])).tolist() == [[3.0, 1.0]]
    assert fitted.inverse(np.array([[3.0, 1.0]])).tolist() == [[5.0, 6.0]]


def test_whole_numbers_are_standardised_as_floats() -> None:
    assert ig.Standardizer.fit(np.array([[0], [255]], np.uint8)).transform(np.array([[255]], np.uint8)).tolist() == [
        [1.0]
    ]


def test_one_hot() -> None:
    assert ig.one_hot(np.array([2, 0], np.uint8)).tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    assert ig.one_hot(np.array([[1], [0]]), 2).tolist() == [[[0.0, 1.0]], [[1.0, 0.0]]]


MESSAGES = {
    "labels as floats": (
        lambda: ig.one_hot(np.array([1.0])),
        """DataError: one_hot
  wanted whole-number labels
  got    float64
  fix    labels.astype('int64')""",
    ),
    "a label too high": (
        lambda: ig.one_hot(np.array([0, 3]), 3),
        """DataError: one_hot
  wanted labels 0…2
  got    0…3
  fix    give classes=""",
    ),
    "a negative label": (
        lambda: ig.one_hot(np.array([0, -1]), 3),
        """DataError: one_hot
  wanted labels 0…2
  got    -1…0
  fix    give classes=""",
    ),
    "no labels": (
        lambda: ig.one_hot(np.array([], int)),
        """DataError: one_hot
  wanted one label or more
  got    none
  fix    give some labels""",
    ),
    "x and y of different lengths": (
        lambda: ig.split(X, LABELS[:10]),
        """DataError: split
  wanted x and y of equal length
  got    200 and 10
  fix    align them""",
    ),
    "shares that leave nothing": (
        lambda: ig.split(X, LABELS, validation=0.5, test=0.5),
        """SpecError: split
  wanted shares of 0 or more that leave some training data
  got    validation=0.5, test=0.5
  fix    validation=0.15, test=0.15""",
    ),
    "a negative share": (
        lambda: ig.split(X, LABELS, test=-0.1),
        """SpecError: split
  wanted shares of 0 or more that leave some training data
  got    validation=0.15, test=-0.1
  fix    validation=0.15, test=0.15""",
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_the_message_is_this(case: str) -> None:
    action, text = MESSAGES[case]
    with pytest.raises(ig.IsogradError) as caught:
        action()
    assert f"{type(caught.value).__name__}: {caught.value}" == text
