"""Weights: drawn from (seed, path) alone, under torch's names, crossing to torch and back as they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from graph_helpers import BOTH, EVERY, batch, plain
from torch import nn

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference


def test_initial_weights_depend_on_seed_and_path_alone() -> None:
    def weights(model: ig.core.composite.Composite, **options: object) -> dict[str, list[float]]:
        return {k: v.tolist() for k, v in ig.build(model, **options).state_dict().items()}  # type: ignore[arg-type]

    first = weights(plain(), dtype="float64", seed=1)
    assert weights(plain(), dtype="float64", seed=1, backend="torch") == first
    for backend in ("numpy", "torch"):
        rounded = weights(plain(), dtype="float32", seed=1, backend=backend)
        assert rounded == {k: np.asarray(v, np.float32).tolist() for k, v in first.items()}
    assert all(weights(plain(), dtype="float64", seed=2)[path] != values for path, values in first.items())
    head = ig.Sequential(
        [ig.ReLU(), ig.Linear(5, name="other"), ig.Linear(4), ig.Linear(2, name="head")], input_shape=(9,)
    )
    assert weights(head, dtype="float64", seed=1)["head.weight"] == first["head.weight"]
    twins = weights(ig.Sequential([ig.Linear(3), ig.Linear(3)], input_shape=(3,)))
    assert not set(np.ravel(twins["0.weight"])) & set(np.ravel(twins["1.weight"]))


@EVERY
def test_the_modules_state_dict_has_our_names_and_values(make: Callable[[], ig.Model]) -> None:
    net = ig.build(make(), backend="torch")
    theirs = {
        k: v.tolist() for k, v in net.module.state_dict().items() if "#" not in k
    }  # a second call holds the first's
    assert theirs == {k: v.tolist() for k, v in net.state_dict().items()}
    assert len(list(net.module.parameters())) == len(net.state_dict())


def test_a_sequential_is_an_nn_sequential_that_a_torch_user_would_write() -> None:
    module = ig.build(plain(), backend="torch").module
    assert type(module) is nn.Sequential
    assert [(name, type(child)) for name, child in module.named_children()] == [
        ("0", nn.Linear),
        ("1", nn.Tanh),
        ("head", nn.Linear),
    ]


@BOTH
def test_weights_of_a_torch_module_load_as_they_are(backend: str) -> None:
    torch.manual_seed(3)
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    net = ig.build(
        ig.Sequential([ig.Linear(4), ig.Tanh(), ig.Linear(2)], input_shape=(3,)), backend=backend, dtype="float64"
    )
    net.load_state_dict({path: values.numpy() for path, values in module.state_dict().items()})
    (x,) = batch(net.model)
    assert not difference(net.forward(x), module(torch.from_numpy(x)).detach().numpy()).exceeds(
        TOLERANCE["node", "float64"]
    )


def test_weights_of_the_numpy_engine_load_into_a_torch_module() -> None:
    net = ig.build(ig.Sequential([ig.Linear(4), ig.Tanh(), ig.Linear(2)], input_shape=(3,)), dtype="float64")
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    module.load_state_dict({path: torch.from_numpy(values) for path, values in net.state_dict().items()})
    (x,) = batch(net.model)
    assert not difference(net.forward(x), module(torch.from_numpy(x)).detach().numpy()).exceeds(
        TOLERANCE["node", "float64"]
    )


@BOTH
def test_weights_given_and_taken_are_copies(backend: str) -> None:
    given = {"0.weight": np.ones((2, 3)), "0.bias": np.zeros(2)}
    net = ig.build(ig.Sequential([ig.Linear(2)], input_shape=(3,)), given, backend=backend, dtype="float64")
    net.state_dict()["0.weight"][:] = 9.0
    given["0.bias"][:] = 9.0
    assert net.forward(np.ones((1, 3))).tolist() == [[3.0, 3.0]]
    net.load_state_dict(given)
    given["0.weight"][:] = 9.0
    assert net.forward(np.ones((1, 3))).tolist() == [[12.0, 12.0]]


@BOTH
def test_a_count_that_is_no_whole_number_is_refused_and_nothing_changes(backend: str) -> None:
    net = ig.build(ig.Sequential([ig.BatchNorm1d()], input_shape=(3,)), backend=backend)
    before = net.state_dict()
    with pytest.raises(ig.IsogradError, match=r"0\.num_batches_tracked\n  wanted whole numbers"):
        net.load_state_dict({**before, "0.weight": np.zeros(3), "0.num_batches_tracked": np.array(2.5)})
    assert all(np.array_equal(values, before[path]) for path, values in net.state_dict().items())
