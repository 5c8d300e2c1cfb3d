"""What the PyTorch engine promises beyond parity: plain modules, its own dropout, torch.compile."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from torch import nn

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference

MODEL = ig.Sequential([ig.Linear(6), ig.GELU(), ig.Dropout(0.5), ig.Linear(3)], input_shape=(5,))
X = np.random.default_rng(0).normal(size=(64, 5))


def test_ordinary_training_uses_pytorchs_own_dropout() -> None:
    net = ig.build(MODEL, backend="torch")
    assert isinstance(net.module[2], nn.Dropout)
    torch.manual_seed(0)
    first = net.forward(X, training=True)
    torch.manual_seed(1)
    assert not np.array_equal(net.forward(X, training=True), first)


def test_shared_randomness_drops_what_numpy_drops() -> None:
    nets = [ig.build(MODEL, seed=7), ig.build(MODEL, backend="torch", seed=7, shared_randomness=True)]
    zeros = [net.activations(X, training=True)["2"][0] == 0 for net in nets]
    assert np.array_equal(*zeros)
    assert 0.4 < zeros[0].mean() < 0.6


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile needs a C++ compiler")
def test_a_compiled_network_computes_the_same_and_trains() -> None:
    plain, compiled = (ig.build(MODEL, backend="torch", compile=on) for on in (False, True))
    assert compiled.call is not compiled.module
    assert not difference(compiled.forward(X), plain.forward(X)).exceeds(TOLERANCE["node", "float32"])
    before = compiled.state_dict()
    ig.Trainer(compiled, loss=ig.CrossEntropyLoss(), optimizer=ig.SGD(0.1)).step(X, np.arange(64) % 3)
    assert all(not np.array_equal(values, before[path]) for path, values in compiled.state_dict().items())


def test_the_module_is_the_users_to_train_on() -> None:
    """A loop that a PyTorch user writes around net.module changes what isograd sees, and the other way round."""
    net = ig.build(MODEL, backend="torch")
    optimizer = torch.optim.SGD(net.module.parameters(), lr=0.1)
    net.module(torch.from_numpy(X).float()).sum().backward()
    optimizer.step()
    for path, values in net.module.state_dict().items():
        assert np.array_equal(net.state_dict()[path], values.numpy())
