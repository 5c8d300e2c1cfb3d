"""A sample without a batch axis is a batch of one, and of no rows nothing is computed, whatever the layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from graph_helpers import BOTH
from second_calls import OF_SAMPLES, assert_close, named, network, tupled

import isograd as ig
from isograd.core.parity.cases import Case
from isograd.core.parity.stages.trial import Trial
from isograd.core.parity.suite import case_trial


def ran(backend: str, trial: Trial, *inputs: Any, training: bool = False) -> dict[str, Any]:
    net = network(backend, trial)
    y = net.forward(*inputs, training=training)
    dys = [np.cos(np.arange(each.size, dtype=np.float64)).reshape(each.shape) for each in tupled(y)]
    dx, dw = net.backward(*dys)
    return {**named(y=y, dx=dx, predicted=net.predict(*inputs)), **dw}


@BOTH
@OF_SAMPLES
def test_a_sample_by_itself_is_a_batch_of_one_without_its_axis(case: Case, backend: str) -> None:
    trial = case_trial(case, "float64", training=False)
    rows = [x[:1] for x in trial.inputs]
    whole, alone = ran(backend, trial, *rows), ran(backend, trial, *[x[0] for x in rows])
    of_batch = {key for key in whole if key.startswith(("y", "dx", "predicted")) and whole[key] is not None}
    assert_close(alone, {key: value[0] if key in of_batch else value for key, value in whole.items()})


@BOTH
@OF_SAMPLES
def test_of_no_rows_come_no_rows_and_gradients_of_nothing(case: Case, backend: str) -> None:
    trial = case_trial(case, "float64", training=False)
    some, none = ran(backend, trial, *trial.inputs), ran(backend, trial, *[x[:0] for x in trial.inputs])
    assert set(some) == set(none)
    for key, value in none.items():
        if some[key] is None:
            assert value is None
            continue
        of_weight = not key.startswith(("y", "dx", "predicted"))
        assert value.shape == (some[key].shape if of_weight else (0, *some[key].shape[1:]))
        assert value.dtype == some[key].dtype
        assert not value.any()


NEITHER = [
    torch.nn.Linear(4, 3),
    torch.nn.Conv1d(4, 3, 2),
    torch.nn.Conv2d(2, 3, 2),
    torch.nn.ConvTranspose2d(2, 3, 2),
    torch.nn.MaxPool2d(2),
    torch.nn.AvgPool1d(2),
    torch.nn.AdaptiveAvgPool2d(2),
    torch.nn.LayerNorm(5),
    torch.nn.Upsample(scale_factor=2),
    torch.nn.GELU(),
]
SHAPES = [(4,), (4, 5), (2, 4, 5), (2, 4, 5), (2, 4, 5), (4, 5), (2, 4, 5), (5,), (2, 4), (3, 4)]


@BOTH
@pytest.mark.parametrize(("module", "shape"), list(zip(NEITHER, SHAPES, strict=True)), ids=lambda v: str(v))
def test_torchs_own_modules_take_a_sample_and_no_rows_alike(
    module: torch.nn.Module, shape: tuple[int, ...], backend: str
) -> None:
    module = module.double()
    x = np.random.default_rng(0).normal(size=(3, *shape))
    model, weights = ig.from_torch(module, torch.from_numpy(x))
    net = ig.build(model, weights, backend=backend, dtype="float64")
    with torch.no_grad():
        for given in (x[:0],) if isinstance(module, torch.nn.Upsample) else (x[0], x[:0]):
            assert_close(named(y=net.forward(given)), named(y=module(torch.from_numpy(given)).numpy()))


@BOTH
def test_training_on_no_rows_asks_for_as_many_as_a_layer_needs(backend: str) -> None:
    net = ig.build(ig.Sequential([ig.BatchNorm1d()], input_shape=(3,)), backend=backend)
    before = net.state_dict()
    with pytest.raises(ig.ShapeError, match="more than one value for each channel"):
        net.forward(np.zeros((0, 3)), training=True)
    with pytest.raises(ig.ShapeError, match="more than one value for each channel"):
        net.forward(np.zeros(3), training=True)
    net.forward(np.zeros((0, 3)))
    assert all(np.array_equal(values, before[path]) for path, values in net.state_dict().items())


@BOTH
def test_a_backward_of_a_sample_wants_a_dy_of_its_form(backend: str) -> None:
    net = ig.build(ig.Sequential([ig.Linear(2)], input_shape=(3,)), backend=backend)
    net.forward(np.zeros(3))
    with pytest.raises(ig.ShapeError, match="dy of shape"):
        net.backward(np.zeros((1, 2)))


@BOTH
def test_an_output_that_joins_the_batch_is_made_of_rows(backend: str) -> None:
    x = ig.Input((3,))
    net = ig.build(ig.Model(inputs=x, outputs=ig.Permute((1, 0))(x)), backend=backend)
    for given in (np.zeros(3), np.zeros((0, 3))):
        with pytest.raises(ig.ShapeError, match="with N ≥ 1"):
            net.forward(given)
