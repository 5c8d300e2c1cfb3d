"""The book's dropout (Weidman 2019) in PyTorch's own randomness, where no mask is given from outside."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import isograd as ig
from isograd.core.base.randomness import key_of
from isograd.core.parity.matching import TOLERANCE, difference

X = np.random.default_rng(0).uniform(1.0, 2.0, size=(6, 8, 3, 4))
SEQUENCES, VOLUMES = X.reshape(6, 8, 12), X[..., None]
KINDS = {
    ig.Dropout(0.4, scale="inference"): X,
    ig.Dropout1d(0.4, scale="inference"): SEQUENCES,
    ig.Dropout2d(0.4, scale="inference"): X,
    ig.Dropout3d(0.4, scale="inference"): VOLUMES,
}


def net(layer: ig.Layer, backend: str) -> ig.Network:
    return ig.build(ig.Sequential([layer], input_shape=KINDS[layer].shape[1:]), backend=backend, dtype="float64")


@pytest.mark.parametrize("layer", KINDS, ids=lambda layer: type(layer).__name__)
def test_evaluation_is_scaled_in_both_engines_alike(layer: ig.Layer) -> None:
    x = KINDS[layer]
    numpy, torch = (net(layer, backend).forward(x) for backend in ("numpy", "torch"))
    assert not difference(numpy, torch).exceeds(TOLERANCE["node", "float64"])
    assert not difference(numpy, 0.6 * x).exceeds(TOLERANCE["node", "float64"])


@pytest.mark.parametrize("layer", KINDS, ids=lambda layer: type(layer).__name__)
def test_training_keeps_what_it_keeps_as_it_is(layer: ig.Layer) -> None:
    x = KINDS[layer]
    y = net(layer, "torch").forward(x, training=True)
    kept = y != 0
    assert np.array_equal(y[kept], x[kept])
    assert 0.4 < kept.mean() < 0.8
    shares = kept.mean(tuple(range(2, x.ndim)))  # of each channel
    whole = np.isin(shares, (0.0, 1.0)).all()
    assert whole == (type(layer) is not ig.Dropout)
    assert shares.any(1).all()
    assert len(np.unique(shares, axis=0)) == len(x)


def test_what_pytorch_draws_in_a_step_is_its_own_stream_seeded_by_seed_and_step() -> None:
    """The same in every version: nothing but (seed, step) enters the seed of PyTorch's generator."""
    model = ig.Sequential([ig.Dropout(0.5)], input_shape=(8, 3, 4))
    built = ig.build(model, backend="torch", seed=3, dtype="float64")
    built.at_step(2)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key_of(3, "torch's generators", step=2, size=7))
        wanted = torch.nn.functional.dropout(torch.from_numpy(X), 0.5).numpy()
    assert np.array_equal(built.forward(X, training=True), wanted)


def test_pytorchs_module_keeps_what_the_network_keeps_and_no_more() -> None:
    model = ig.Sequential([ig.OneHot(4), ig.BatchNorm1d(), ig.Flatten(), ig.Linear(2)], input_shape=(3,))
    built = ig.build(model, backend="torch")
    assert sorted(built.module.state_dict()) == sorted(built.state_dict())
