"""Data sets around data sets: what they hand on of epochs and rows; arrays whose lengths do not agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.core.data.dataset import Selected, for_epoch

X, Y = np.arange(12.0).reshape(6, 2), np.arange(6)


class Shifted:
    """Six samples that grow by the number of the epoch."""

    def __init__(self, epoch: int = 0) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return 6

    def batch(self, indices: np.ndarray) -> Any:
        return (X[indices] + self.epoch, X[indices] * 2), (Y[indices],)

    def for_epoch(self, epoch: int) -> Shifted:
        return Shifted(epoch)


def first_input(data: Any, *rows: int) -> list[list[float]]:
    return data.batch(np.array(rows))[0][0].tolist()


def test_a_subset_of_changing_data_changes_with_it_and_keeps_its_samples() -> None:
    some = ig.Subset(Shifted(), np.array([4, 1]))
    assert first_input(some, 0, 1) == X[[4, 1]].tolist()
    assert first_input(for_epoch(some, 3), 0, 1) == (X[[4, 1]] + 3).tolist()
    assert len(for_epoch(some, 3)) == 2


def test_a_selection_of_changing_data_changes_with_it_and_keeps_its_inputs() -> None:
    some = Selected(Shifted(), [1, 0])
    later = for_epoch(some, 2)
    assert first_input(later, 5) == (2 * X[[5]]).tolist()
    assert later.batch(np.array([5]))[0][1].tolist() == (X[[5]] + 2).tolist()
    assert len(later) == 6


def test_data_that_do_not_change_are_the_same_in_every_epoch() -> None:
    data = ig.ArrayDataset(X, Y)
    assert for_epoch(data, 5) is data
    assert first_input(for_epoch(ig.Subset(data, np.array([3])), 5), 0) == X[[3]].tolist()


def test_all_of_a_data_set_at_once() -> None:
    data = ig.ArrayDataset((X, 2 * X), Y)
    (a, b), (y,) = ig.whole(data)
    assert a is data.inputs[0]
    assert b is data.inputs[1]
    assert y is data.targets[0]
    (c, _), (y,) = ig.whole(Shifted(1))
    assert (c.tolist(), y.tolist()) == ((X + 1).tolist(), Y.tolist())


@pytest.mark.parametrize(("inputs", "targets"), [(X, Y[:5]), ((X, X[:5]), Y), (X[:0], Y)])
def test_arrays_of_several_lengths_are_refused(inputs: Any, targets: Any) -> None:
    with pytest.raises(ig.ShapeError, match="inputs and targets of equal length"):
        ig.ArrayDataset(inputs, targets)


def test_a_sequence_is_as_long_as_its_last_target_needs() -> None:
    """A window of three numbers needs a fourth, the last one's target."""
    assert len(ig.Windows(np.arange(4), length=3)) == 1
    assert [len(ig.Windows(np.arange(n), length=3, stride=1)) for n in (5, 6)] == [2, 3]
    assert [len(ig.Streams(np.arange(n), length=3, rows=2)) for n in (7, 12, 13)] == [2, 2, 4]
    whole = ig.Streams(np.arange(13), length=3, rows=2)
    assert whole.batch(np.arange(4))[1][0].max() == 12
    for made in (lambda: ig.Windows(np.arange(3), length=3), lambda: ig.Streams(np.arange(6), length=3, rows=2)):
        with pytest.raises(ig.DataError, match="numbers or more"):
            made()
