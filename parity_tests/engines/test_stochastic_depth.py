"""Stochastic depth beyond its cases: what a draw holds for, and PyTorch's own draws where no mask is given."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch

import isograd as ig
from isograd.core.engine.context import Run
from isograd.core.parity.matching import TOLERANCE, difference

X = np.random.default_rng(0).uniform(1.0, 2.0, size=(40, 3, 2))
ENGINES = ["numpy", "torch"]


def net(layer: ig.Layer, backend: str, **options: bool) -> ig.Network:
    return ig.build(ig.Sequential([layer], input_shape=(3, 2)), backend=backend, dtype="float64", seed=1, **options)


@pytest.mark.parametrize("backend", ENGINES)
def test_a_sample_is_kept_whole_and_scaled_or_dropped_whole(backend: str) -> None:
    y = net(ig.StochasticDepth(0.4, "row"), backend).forward(X, training=True)
    kept = y.any((1, 2))
    assert 0.4 < kept.mean() < 0.8
    assert not y[~kept].any()
    assert not difference(y[kept], X[kept] / 0.6).exceeds(TOLERANCE["node", "float64"])


@pytest.mark.parametrize("backend", ENGINES)
def test_a_batch_is_kept_whole_or_dropped_whole_step_by_step(backend: str) -> None:
    built = net(ig.StochasticDepth(0.4, "batch"), backend)
    kept = []
    for step in range(40):
        built.at_step(step)
        y = built.forward(X, training=True)
        kept.append(bool(y.any()))
        assert not difference(y, kept[-1] * X / 0.6).exceeds(TOLERANCE["node", "float64"])
    assert 0.4 < np.mean(kept) < 0.8


@pytest.mark.parametrize("backend", ENGINES)
@pytest.mark.parametrize("mode", ["row", "batch"])
def test_evaluation_leaves_everything_as_it_is(backend: str, mode: Literal["row", "batch"]) -> None:
    assert np.array_equal(net(ig.StochasticDepth(0.4, mode), backend).forward(X), X)


@pytest.mark.parametrize("mode", ["row", "batch"])
def test_pytorch_draws_by_seed_and_step_and_leaves_the_process_its_generator(mode: Literal["row", "batch"]) -> None:
    layers = [ig.StochasticDepth(0.5, mode) for _ in range(20)]  # 20 draws of a batch: not all alike by chance
    model = ig.Sequential([ig.Residual([layer]) for layer in layers], input_shape=(3, 2))
    found = []
    for process in range(2):
        torch.manual_seed(process)
        before = torch.get_rng_state()
        built = ig.build(model, backend="torch", dtype="float64", seed=3)
        found.append([built.forward(X, training=True), (built.at_step(1), built.forward(X, training=True))[1]])
        assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0][0], found[0][1])


def test_with_shared_randomness_pytorch_has_the_masks_of_numpy() -> None:
    model = ig.Sequential(
        [ig.Residual([ig.StochasticDepth(0.5, "row")]), ig.Residual([ig.StochasticDepth(0.5, "batch")])],
        input_shape=(3, 2),
    )
    for step in range(4):
        outputs = []
        for backend, options in (("numpy", {}), ("torch", {"shared_randomness": True})):
            built = ig.build(model, backend=backend, dtype="float64", seed=3, **options)
            built.at_step(step)
            outputs.append(built.forward(X, training=True))
        assert not difference(*outputs).exceeds(TOLERANCE["node", "float64"])


def test_one_draw_for_a_batch_is_the_same_for_every_part_of_it() -> None:
    parts = [Run(True, 1, 2, "drop", first_row=row) for row in (0, 3, 17)]
    once = [run.random((1, 1), by_row=False) for run in parts]
    assert np.array_equal(once[0], once[1])
    assert np.array_equal(once[0], once[2])
    assert len({run.random((1, 1)).item() for run in parts}) == len(parts)
