"""The dy that the judge asks with: one that hides nothing, another one for each output and each node."""

from __future__ import annotations

import numpy as np

import isograd as ig
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import FLOATS
from isograd.core.parity.stages.trial import Trial

X = np.random.default_rng(0).normal(size=(40, 6))


def of(path: str) -> tuple[np.ndarray, ...]:
    return Trial(path, ig.Split((3, 3), 1), (X,), {}, "float64", True).upstream()


def test_it_is_neither_near_zero_nor_the_same_everywhere() -> None:
    dy = random_upstream((50, 20), 0, "node", FLOATS["float64"])
    assert np.abs(dy).min() >= 0.5
    assert np.abs(dy).max() <= 1.5
    assert len(np.unique(dy)) == dy.size
    assert 0.4 < np.mean(dy > 0) < 0.6


def test_every_output_and_every_node_has_one_of_its_own() -> None:
    first, second = of("a")
    assert first.shape == second.shape
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, of("b")[0])
    assert np.array_equal(first, of("a")[0])
