"""What the PyTorch engine promises beyond parity: plain modules, its own dropout, torch.compile."""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import isograd as ig
from isograd.backends.torch_impl.layers import GIVEN_MASKS
from isograd.core.data.dataset import as_arrays
from isograd.core.parity.cases import CASES, Case
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.suite import case_trial

MODEL = ig.Sequential([ig.Linear(6), ig.GELU(), ig.Dropout(0.5), ig.Linear(3)], input_shape=(5,))
X = np.random.default_rng(0).normal(size=(64, 5))


def is_drawn(layer: Any) -> bool:
    """Whether what it makes in training is another at every step."""
    if isinstance(layer, ig.RReLU):
        return layer.lower < layer.upper
    return bool(0 < getattr(layer, "p", getattr(layer, "dropout", 0.0)) < 1)


DROPPING = [
    (kind, case)
    for kind, cases in CASES.items()
    for case in cases
    if kind in GIVEN_MASKS and is_drawn(case.layer) and case.scale
    if getattr(case.layer, "mode", "row") == "row"  # one draw for a batch may be that of another step
]


def test_ordinary_training_uses_pytorchs_own_dropout() -> None:
    assert isinstance(ig.build(MODEL, backend="torch").module[2], nn.Dropout)
    assert {kind for kind, _ in DROPPING} == set(GIVEN_MASKS)


@pytest.mark.parametrize(("kind", "case"), DROPPING, ids=lambda v: getattr(v, "why", getattr(v, "__name__", "")))
def test_what_pytorch_drops_is_keyed_by_seed_and_step(kind: type, case: Case) -> None:
    """Every layer that drops, in every case of it: the same again at one step, other masks at another, or by a seed."""
    trial = case_trial(case, "float64", True)
    one, other = (ig.build(trial.model, backend="torch", seed=seed, dtype="float64") for seed in (0, 1))
    for net in (one, other):  # the same weights, and such that no ReLU is silent
        net.load_state_dict({path: np.abs(values) for path, values in one.state_dict().items()})
    x, process = trial.inputs, torch.get_rng_state()

    def dropped(net: Any, step: int) -> tuple[np.ndarray, ...]:
        net.at_step(step)
        return next(iter(net.activations(*x, training=True).values()))

    first = dropped(one, 3)
    torch.rand(1)
    assert all(map(np.array_equal, dropped(one, 3), first))
    assert all(map(np.array_equal, as_arrays(one.forward(*x, training=True)), first))
    assert not all(map(np.array_equal, dropped(one, 4), first))
    assert not all(map(np.array_equal, dropped(other, 3), first))
    torch.set_rng_state(process)


def test_building_and_training_leave_the_generators_of_the_process_alone() -> None:
    process, numbers = torch.get_rng_state(), np.random.get_state()[1]
    trainer = ig.Trainer(
        ig.build(MODEL, backend="torch"), loss=ig.CrossEntropyLoss(), optimizer=ig.Adam(0.01), metrics=[ig.Accuracy()]
    )
    data = (X, np.arange(64) % 3)
    trainer.fit(data, validation=data, epochs=2, batch_size=10)
    assert torch.equal(torch.get_rng_state(), process)
    assert np.array_equal(np.random.get_state()[1], numbers)


def test_shared_randomness_drops_what_numpy_drops() -> None:
    nets = [ig.build(MODEL, seed=7), ig.build(MODEL, backend="torch", seed=7, shared_randomness=True)]
    zeros = [net.activations(X, training=True)["2"][0] == 0 for net in nets]
    assert np.array_equal(*zeros)
    assert 0.4 < zeros[0].mean() < 0.6


@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile needs a C++ compiler")
def test_a_compiled_network_computes_the_same_and_trains() -> None:
    plain, compiled = (ig.build(MODEL, backend="torch", compile=on) for on in (False, True))
    assert compiled.call is not compiled.module
    assert not difference(compiled.forward(X), plain.forward(X)).exceeds(TOLERANCE["node", "float32"])
    assert np.array_equal(compiled.forward(X, training=True), compiled.forward(X, training=True))  # one step, one mask
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
