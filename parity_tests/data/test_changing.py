"""Data that change from epoch to epoch: a sample changes as (seed, epoch, its own number) say, wherever it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from message_helpers import BOTH

import isograd as ig
from isograd.core.data.dataset import Selected, first, for_epoch

IMAGES = np.random.default_rng(0).integers(1, 256, (40, 1, 5, 6)).astype(np.float32)
NUMBERS = np.arange(40)
ROWS = np.array([31, 4, 4, 17, 0, 39, 22, 8])
MODEL = ig.Sequential([ig.Flatten(), ig.Linear(40)], input_shape=(1, 5, 6))


def moving(seed: int = 3) -> ig.Augmented:
    """Images that move and turn, each with its number for a label."""
    return ig.Augmented(ig.ArrayDataset(IMAGES, NUMBERS), shift=2, flip=True, seed=seed)


def halved(x: np.ndarray) -> np.ndarray:
    return x / 2


WRAPPED: dict[str, Callable[[ig.Dataset], ig.Dataset]] = {  # each shows the samples ROWS
    "subset": lambda data: ig.Subset(data, ROWS),
    "subset of a subset": lambda data: ig.Subset(ig.Subset(data, NUMBERS[::-1]), 39 - ROWS),
    "subset of what is mapped": lambda data: ig.Subset(ig.Mapped(data, halved), ROWS),
    "mapped subset": lambda data: ig.Mapped(ig.Subset(data, ROWS), halved),
    "first of a subset": lambda data: first(ig.Subset(data, np.concatenate([ROWS, NUMBERS])), len(ROWS)),
    "subset of a selection": lambda data: ig.Subset(Selected(data, [0]), ROWS),
    "selection of a subset": lambda data: Selected(ig.Subset(data, ROWS), [0]),
    "subset of a reconstruction": lambda data: ig.Subset(ig.Reconstructed(data), ROWS),
}


@pytest.mark.parametrize("case", WRAPPED)
def test_a_sample_of_a_subset_changes_as_its_own_number_says(case: str) -> None:
    wrapped = WRAPPED[case](moving())
    seen = []
    for epoch in (0, 1, 5, 1):
        (whole,), _ = moving().for_epoch(epoch).batch(NUMBERS)
        wanted = whole[ROWS] / (2 if "mapped" in case else 1)
        now = for_epoch(wrapped, epoch)
        (together,), _ = now.batch(np.arange(len(ROWS)))
        np.testing.assert_array_equal(together, wanted)
        for place in (6, 1):
            np.testing.assert_array_equal(now.batch(np.array([place]))[0][0][0], wanted[place])
        seen.append(together)
    assert not np.array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(seen[1], seen[3])
    (plain,), _ = wrapped.batch(np.arange(len(ROWS)))
    np.testing.assert_array_equal(plain, IMAGES[ROWS] / (2 if "mapped" in case else 1))


class Watched:
    """Passes batches on, and keeps (epoch, label, image) of every sample that is read in an epoch."""

    def __init__(self, data: ig.Dataset, kept: list[tuple[int, int, bytes]], epoch: int | None = None) -> None:
        self.data, self.kept, self.epoch = data, kept, epoch

    def __len__(self) -> int:
        return len(self.data)

    def for_epoch(self, epoch: int) -> Watched:
        return Watched(for_epoch(self.data, epoch), self.kept, epoch)

    def batch(self, indices: np.ndarray) -> Any:
        (x,), (y,) = self.data.batch(indices)
        if self.epoch is not None:
            self.kept += [(self.epoch, int(n), image.tobytes()) for n, image in zip(y, x, strict=True)]
        return (x,), (y,)


def trainer(backend: str) -> ig.Trainer:
    return ig.Trainer(ig.build(MODEL, backend=backend), loss=ig.CrossEntropyLoss(), optimizer=ig.SGD(0.001))


def fitted(backend: str, data: ig.Dataset, *epochs: int) -> list[tuple[int, int, bytes]]:
    """What the fits of one trainer read, one after the other."""
    kept: list[tuple[int, int, bytes]] = []
    made = trainer(backend)
    for count in epochs:
        made.fit(Watched(data, kept), epochs=count, batch_size=3)
    return kept


@BOTH
def test_a_second_fit_goes_on_with_the_changes_of_a_subset(backend: str) -> None:
    part = ig.Subset(moving(), np.unique(ROWS))
    kept = fitted(backend, part, 2, 2)
    assert kept == fitted(backend, part, 4)
    assert [epoch for epoch, _, _ in kept] == [k for k in range(4) for _ in range(7)]
    for epoch, label, image in kept:
        (wanted,), _ = moving().for_epoch(epoch).batch(np.array([label]))
        assert image == wanted[0].tobytes(), (epoch, label)
    by_epoch = [[image for e, _, image in sorted(kept) if e == epoch] for epoch in range(4)]
    assert len({tuple(images) for images in by_epoch}) == 4, "every epoch anew, in the second fit as well"


@BOTH
def test_a_second_fit_on_another_subset_moves_the_shared_samples_by_epoch_alone(backend: str) -> None:
    kept: list[tuple[int, int, bytes]] = []
    made = trainer(backend)
    made.fit(Watched(ig.Subset(moving(), [5, 6, 7, 8]), kept), epochs=1, batch_size=3)
    made.fit(Watched(ig.Subset(moving(), [8, 7, 30]), kept), epochs=1, batch_size=2)
    for epoch, label, image in kept:
        assert image == moving().for_epoch(epoch).batch(np.array([label]))[0][0][0].tobytes()
    assert sorted(label for epoch, label, _ in kept if epoch == 1) == [7, 8, 30]


@BOTH
def test_what_is_evaluated_and_predicted_does_not_change(backend: str) -> None:
    made, part = trainer(backend), ig.Subset(moving(), ROWS)
    still = ig.ArrayDataset(IMAGES[ROWS], NUMBERS[ROWS])
    history = made.fit(part, validation=part, epochs=2, batch_size=3)
    assert history.epochs[-1].validation_loss == made.evaluate(still)["loss"] == made.evaluate(part)["loss"]
    np.testing.assert_array_equal(made.predict(part), made.predict(still))


def test_the_seed_decides_the_changes() -> None:
    (one,), _ = moving(3).for_epoch(0).batch(NUMBERS)
    (other,), _ = moving(4).for_epoch(0).batch(NUMBERS)
    assert not np.array_equal(one, other)
