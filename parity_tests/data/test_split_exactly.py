"""Which sample stands in which part: by the seed's own stream, whatever the targets are; and what is taken as data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.core.base.randomness import generator
from isograd.core.data.dataset import Selected, as_dataset

X, LABELS = np.arange(20.0)[:, None], np.repeat([0, 1], [12, 8])


def rows(splits: Any) -> list[list[int]]:
    return [part.inputs[0][:, 0].astype(int).tolist() for part in (splits.train, splits.validation, splits.test)]


@pytest.mark.parametrize("targets", [LABELS, np.arange(20), np.linspace(0.0, 1.0, 20)])
def test_a_plain_split_is_one_permutation_of_all_samples_cut_in_three(targets: np.ndarray) -> None:
    drawn = generator(7, "split", "0").permutation(20)
    wanted = [sorted(part.tolist()) for part in (drawn[7:], drawn[3:7], drawn[:3])]
    assert rows(ig.split(X, targets, validation=0.2, test=0.15, seed=7)) == wanted


def test_a_stratified_split_is_a_permutation_of_each_class() -> None:
    zeros, ones = generator(7, "split", "0").permutation(12), 12 + generator(7, "split", "1").permutation(8)
    wanted = [[*zeros[6:], *ones[4:]], [*zeros[3:6], *ones[2:4]], [*zeros[:3], *ones[:2]]]
    found = rows(ig.split(X, LABELS, validation=0.25, test=0.25, seed=7, stratify=True))
    assert found == [sorted(int(k) for k in part) for part in wanted]


class Sized:
    def __len__(self) -> int:
        return 3


class Indexed:
    def __getitem__(self, index: int) -> tuple[float, float]:
        return 0.0, 0.0


@pytest.mark.parametrize("data", [X, [X, LABELS], "text", 3, Sized(), Indexed()], ids=lambda data: type(data).__name__)
def test_what_is_no_data_set_is_refused(data: Any) -> None:
    with pytest.raises(ig.DataError, match="a Dataset, or a map-style data set"):
        as_dataset(data)


def test_a_selection_of_inputs_keeps_their_order_and_all_targets() -> None:
    whole = ig.ArrayDataset((X, 2 * X, 3 * X), LABELS)
    some = Selected(whole, [2, 0])
    (a, b), (targets,) = some.batch(np.array([4, 1]))
    assert len(some) == 20
    assert (a.ravel().tolist(), b.ravel().tolist(), targets.tolist()) == ([12.0, 3.0], [4.0, 1.0], [0, 0])


@pytest.mark.parametrize(("length", "rows"), [(0, 2), (2, 0), (-1, 2), (True, 2), (2, 1.0)])
def test_streams_of_nothing_are_refused(length: Any, rows: Any) -> None:
    with pytest.raises(ig.SpecError, match="1 or more"):
        ig.Streams(np.arange(40), length=length, rows=rows)
    with pytest.raises(ig.SpecError, match="1 or more"):
        ig.Windows(np.arange(40), length=length, stride=rows)
