"""RReLU and the alpha dropouts beyond their cases: what is drawn, and PyTorch's own draws where none are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference

X = np.random.default_rng(0).normal(size=(2000, 5, 2))
ENGINES = ["numpy", "torch"]
LAYERS = [ig.RReLU(), ig.AlphaDropout(0.4), ig.FeatureAlphaDropout(0.4)]


def net(layer: ig.Layer, backend: str, **options: Any) -> ig.Network:
    return ig.build(ig.Sequential([layer], input_shape=(5, 2)), backend=backend, dtype="float64", seed=1, **options)


@pytest.mark.parametrize("backend", ENGINES)
def test_slopes_fill_their_interval_and_are_none_of_a_positive_value(backend: str) -> None:
    y = net(ig.RReLU(lower=-0.5, upper=0.25), backend).forward(X, training=True)
    slopes = (y / X)[X < 0]
    assert np.array_equal(y[X > 0], X[X > 0])
    assert -0.5 <= slopes.min() < -0.49
    assert 0.24 < slopes.max() <= 0.25
    assert -0.15 < slopes.mean() < -0.1


@pytest.mark.parametrize("backend", ENGINES)
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_alpha_dropout_keeps_mean_and_variance(backend: str, p: float) -> None:
    y = net(ig.AlphaDropout(p), backend).forward(X, training=True)
    assert abs(y.mean()) < 0.05
    assert abs(y.var() - 1) < 0.1


@pytest.mark.parametrize("backend", ENGINES)
def test_channels_are_dropped_whole(backend: str) -> None:
    y = net(ig.FeatureAlphaDropout(0.4), backend).forward(X, training=True)
    values, counts = np.unique(y, return_counts=True)
    dropped = y == values[counts.argmax()]
    assert 0.3 < dropped.mean() < 0.5
    assert np.array_equal(dropped.all(2), dropped.any(2))


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_pytorch_draws_by_seed_and_step_and_leaves_the_process_its_generator(layer: ig.Layer) -> None:
    found = []
    for process in range(2):
        torch.manual_seed(process)
        before = torch.get_rng_state()
        built = net(layer, "torch")
        found.append([built.forward(X, training=True), (built.at_step(1), built.forward(X, training=True))[1]])
        assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0][0], found[0][1])


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_with_shared_randomness_pytorch_has_the_draws_of_numpy(layer: ig.Layer) -> None:
    mine, theirs = net(layer, "numpy"), net(layer, "torch", shared_randomness=True)
    for step in range(2):
        mine.at_step(step)
        theirs.at_step(step)
        outputs = [built.forward(X, training=True) for built in (mine, theirs)]
        assert not difference(*outputs).exceeds(TOLERANCE["node", "float64"])
    assert np.array_equal(mine.forward(X[7:]), theirs.forward(X)[7:])


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_a_module_of_torch_has_the_draws_that_its_description_has(layer: ig.Layer) -> None:
    """What check_parity compares an nn.Module by: PyTorch's draws, replaced by isograd's."""
    module = {
        ig.RReLU: torch.nn.RReLU(),
        ig.AlphaDropout: torch.nn.AlphaDropout(0.4),
        ig.FeatureAlphaDropout: torch.nn.FeatureAlphaDropout(0.4),
    }[type(layer)]
    model = ig.Sequential([layer], input_shape=(5, 2))
    report = ig.check_parity(module, X[:9], against=model, weights={})
    assert report.passed, str(report)


def test_a_module_with_slopes_at_random_is_imported() -> None:
    report = ig.check_parity(torch.nn.Sequential(torch.nn.RReLU(-0.5, 0.5), torch.nn.Linear(2, 3)).double(), X[:9])
    assert report.passed, str(report)
