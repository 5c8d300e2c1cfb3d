"""Batches: one seeded order in both engines, made when they are asked for, whatever the data stands in."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_helpers import BOTH, X, Y, trainer

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference


class Recording:
    """A data set that keeps nothing whole and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def __len__(self) -> int:
        return len(X)

    def batch(self, indices: np.ndarray) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
        self.asked.append([int(i) for i in indices])
        return (X[indices],), (Y[indices],)


def asked(backend: str, *, epochs: int = 1, seed: int = 0, **options: Any) -> list[list[int]]:
    """The sample numbers of every batch that a fit reads, after the look at the first sample."""
    data = Recording()
    trainer(backend, seed=seed).fit(data, epochs=epochs, batch_size=5, **options)
    assert data.asked[0] == [0]
    return data.asked[1:]


def test_the_order_of_batches_is_one_for_both_engines_and_keyed_by_seed_and_epoch() -> None:
    numpy, torch = asked("numpy", epochs=3), asked("torch", epochs=3)
    assert numpy == torch
    assert [len(batch) for batch in numpy] == [5, 5, 5, 5, 3] * 3
    epochs = [list(chain(*numpy[k : k + 5])) for k in (0, 5, 10)]
    assert all(sorted(epoch) == list(range(23)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert asked("numpy", epochs=1) == numpy[:5]
    assert asked("torch", epochs=1, seed=1)[:5] != numpy[:5]


@BOTH
def test_a_second_fit_goes_on_with_the_next_epoch(backend: str) -> None:
    data, twice = Recording(), trainer(backend)
    twice.fit(data, epochs=1, batch_size=5)
    history = twice.fit(data, epochs=1, batch_size=5)
    assert [batch for batch in data.asked if batch != [0]] == asked(backend, epochs=2)
    assert [epoch.number for epoch in history.epochs] == [2]


@BOTH
def test_order_kept_and_rest_dropped_on_request(backend: str) -> None:
    assert asked(backend, shuffle=False) == [list(range(k, min(k + 5, 23))) for k in range(0, 23, 5)]
    assert asked(backend, shuffle=False, drop_last=True) == [list(range(k, k + 5)) for k in range(0, 20, 5)]
    assert [len(batch) for batch in asked(backend, drop_last=True)] == [5, 5, 5, 5]


@BOTH
def test_evaluation_reads_batches_in_order(backend: str) -> None:
    data = Recording()
    whole = trainer(backend).evaluate((X, Y))
    assert not difference(
        np.float64(trainer(backend).evaluate(data, batch_size=10)["loss"]), np.float64(whole["loss"])
    ).exceeds(TOLERANCE["node", "float64"])
    assert data.asked == [list(range(10)), list(range(10, 20)), [20, 21, 22]]


class Samples:
    """A map-style data set, as torchvision's: one sample at a time."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        self.asked.append(index)
        return X[index], Y[index]


@BOTH
def test_mapped_files_and_map_style_sets_train_as_arrays_do_and_are_never_read_whole(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def weights(data: Any) -> dict[str, list[float]]:
        made = trainer(backend)
        made.fit(data, epochs=2, batch_size=5)
        return {k: v.tolist() for k, v in made.net.state_dict().items()}

    expected = weights((X, Y))
    samples = Samples()
    assert weights(samples) == expected
    assert samples.asked == [0, *chain(*asked(backend, epochs=2))]
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    mapped = ig.ArrayDataset(np.load(tmp_path / "x.npy", mmap_mode="r"), np.load(tmp_path / "y.npy", mmap_mode="r"))
    assert not mapped.in_memory
    assert isinstance(mapped.inputs[0], np.memmap)
    largest = []
    real = ig.ArrayDataset.batch
    monkeypatch.setattr(ig.ArrayDataset, "batch", lambda self, rows: (largest.append(len(rows)), real(self, rows))[1])
    assert weights(mapped) == expected
    assert max(largest) == 5
