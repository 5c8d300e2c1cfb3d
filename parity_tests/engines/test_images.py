"""What the layers for images promise beyond their cases: a sweep of configurations, ties, buffers, plain loops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

import isograd as ig
from isograd.backends.numpy_impl.reference import conv_loops
from isograd.backends.torch_impl.layers import LAYERS
from isograd.core.layers.base import Layer
from isograd.core.parity.cases import Case
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.suite import case_trial
from isograd.fuzzing.families import FAMILIES, valid

BACKENDS = ["numpy", "torch"]
WRONG_IN_TORCH = [
    "window of padding alone",  # −∞, its gradient undefined
    "gradient of another function",
    "of what cropping leaves",  # what stands in memory
]


def assert_near(a: np.ndarray, b: np.ndarray) -> None:
    """Equal within what the one table allows a node in float64."""
    found = difference(a, b)
    assert not found.exceeds(TOLERANCE["node", "float64"]), found


@pytest.mark.parametrize("family", FAMILIES)
def test_random_configurations_agree_with_torch(family: str, pair: Pair) -> None:
    for k, (layer, shape, batch) in enumerate(valid(family)):
        trial = case_trial(Case(layer, (shape,), f"drawn, number {k}", batch), "float64", training=k % 2 == 0)
        _, culprit = compare_node(pair, trial)
        assert culprit is None, f"{culprit.text}\non {shape}, batch of {batch}"


def test_the_sweep_holds_at_least_500_configurations_and_every_padding_mode() -> None:
    layers = [layer for family in FAMILIES for layer, _, _ in valid(family)]
    assert len(layers) >= 500
    assert {getattr(layer, "padding_mode", "zeros") for layer in layers} == {
        "zeros",
        "reflect",
        "replicate",
        "circular",
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_what_the_descriptions_reject_torch_rejects_or_leaves_empty(family: str) -> None:
    draw, _ = FAMILIES[family]
    rng = np.random.default_rng(9)
    for _ in range(300):
        try:
            layer, shape = draw(rng)
        except ig.SpecError:
            continue
        try:
            ig.Sequential([layer], input_shape=shape)
        except ig.ShapeError as error:
            if any(told in str(error) for told in WRONG_IN_TORCH):
                continue
            try:
                y = LAYERS[type(layer)](layer, shape)(torch.zeros(1, *shape))
            except (RuntimeError, ValueError):
                continue
            assert y.numel() == 0, f"torch accepts {layer!r} on {shape}"


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("kernel", [2, 3, 4])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_same_is_what_torch_itself_calls_same(kernel: int, dilation: int) -> None:
    x = np.random.default_rng(kernel).normal(size=(2, 1, 9, 8))
    model = ig.Sequential([ig.Conv2d(2, kernel, padding="same", dilation=dilation)], input_shape=(1, 9, 8))
    net = ig.build(model, dtype="float64")
    w, b = (torch.from_numpy(net.state_dict()[f"0.{name}"]) for name in ("weight", "bias"))
    y = functional.conv2d(torch.from_numpy(x), w, b, padding="same", dilation=dilation)
    assert_near(net.forward(x), y.numpy())


def both(layer: Layer, x: np.ndarray, *, training: bool = True) -> list[tuple[Any, Any]]:
    """(y, dx) of each engine for dy = 1, 2, 3, …"""
    results = []
    for backend in BACKENDS:
        net = ig.build(ig.Sequential([layer], input_shape=x.shape[1:]), backend=backend, dtype="float64")
        y = net.forward(x, training=training)
        results.append((y, net.backward(np.arange(1.0, 1 + y.size).reshape(y.shape))[0]))
    return results


@pytest.mark.parametrize(
    "layer", [ig.MaxPool2d(2), ig.MaxPool2d(3, stride=1, padding=1), ig.AdaptiveMaxPool2d(3)], ids=repr
)
@pytest.mark.parametrize(
    "values", [[0.0], [0.0, 1.0], [np.nan, 0.0, 1.0], [-np.inf, np.nan], [np.inf, -np.inf, 2.0]], ids=str
)
def test_ties_and_nan_in_max_pooling_go_to_the_place_that_torch_takes(layer: Layer, values: list[float]) -> None:
    x = np.random.default_rng(len(values)).choice(values, size=(3, 2, 6, 5))
    (y, dx), (torch_y, torch_dx) = both(layer, x)
    np.testing.assert_array_equal(y, torch_y)
    np.testing.assert_array_equal(dx, torch_dx)


def test_the_first_of_equal_maxima_gets_the_gradient() -> None:
    (_, dx), _ = both(ig.MaxPool2d(2), np.array([[[[1.0, 7.0], [7.0, 7.0]]]]))
    assert dx.tolist() == [[[[0.0, 1.0], [0.0, 0.0]]]]


@pytest.mark.parametrize("cut", [1, 700, 1 << 40])
def test_how_a_batch_is_cut_into_blocks_changes_nothing(cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).normal(size=(7, 4, 6, 5))
    for layer in (ig.Conv2d(6, 3, stride=2, padding=1, groups=2), ig.Conv2d(3, 3, padding=1), ig.MaxPool2d(2)):
        whole = both(layer, x)[0]
        with monkeypatch.context() as changed:
            changed.setattr("isograd.backends.numpy_impl.operations.convolve.BLOCK_BYTES", cut)
            blocked = both(layer, x)[0]
        for a, b in zip(whole, blocked, strict=True):
            assert_near(a, b)


class TestPlainLoops:
    """The reference that a learner reads first computes what the engine computes."""

    rng = np.random.default_rng(5)

    @pytest.mark.parametrize(("padding", "stride"), [(0, 1), (1, 1), (2, 2), (1, 3)])
    def test_one_dimension_one_filter_a_batch(self, padding: int, stride: int) -> None:
        x, w = self.rng.normal(size=(4, 9)), self.rng.normal(size=3)
        y = conv_loops.conv_1d_batch(x, w, padding, stride)
        dy = self.rng.normal(size=y.shape)
        dx, dw = conv_loops.conv_1d_batch_gradients(x, w, dy, padding, stride)
        model = ig.Sequential([ig.Conv1d(1, 3, padding=padding, stride=stride, bias=False)], input_shape=(1, 9))
        net = ig.build(model, {"0.weight": w[None, None]}, dtype="float64")
        assert_near(net.forward(x[:, None])[:, 0], y)
        fast_dx, grads = net.backward(dy[:, None])
        assert_near(fast_dx[:, 0], dx)
        assert_near(grads["0.weight"][0, 0], dw)

    @pytest.mark.parametrize(("padding", "stride"), [(0, 1), (1, 1), (2, 2)])
    def test_images_with_channels(self, padding: int, stride: int) -> None:
        x, w, b = self.rng.normal(size=(2, 3, 5, 6)), self.rng.normal(size=(4, 3, 3, 2)), self.rng.normal(size=4)
        y = conv_loops.conv_2d_channels(x, w, b, padding, stride)
        dy = self.rng.normal(size=y.shape)
        slow = conv_loops.conv_2d_channels_gradients(x, w, dy, padding, stride)
        model = ig.Sequential([ig.Conv2d(4, (3, 2), padding=padding, stride=stride)], input_shape=(3, 5, 6))
        net = ig.build(model, {"0.weight": w, "0.bias": b}, dtype="float64")
        assert_near(net.forward(x), y)
        dx, grads = net.backward(dy)
        for fast, reference in zip((dx, grads["0.weight"], grads["0.bias"]), slow, strict=True):
            assert_near(fast, reference)


NORMED = ig.Sequential(
    [
        ig.Conv2d(3, 3, padding=1),
        ig.BatchNorm2d(),
        ig.Residual([ig.Conv2d(3, 1), ig.BatchNorm2d(momentum=None)]),
        ig.GlobalAvgPool(),
        ig.Linear(2),
    ],
    input_shape=(1, 4, 4),
)
X = np.random.default_rng(3).normal(size=(6, 1, 4, 4))
Y = np.arange(6) % 2


def buffers(net: Any) -> dict[str, np.ndarray]:
    return {path: values for path, values in net.state_dict().items() if "running" in path or "tracked" in path}


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(a[path], b[path]) for path in a)


@pytest.mark.parametrize("backend", BACKENDS)
def test_only_training_forwards_and_steps_move_the_buffers(backend: str) -> None:
    net = ig.build(NORMED, backend=backend, dtype="float64")
    trainer = ig.Trainer(net, loss=ig.CrossEntropyLoss(), optimizer=ig.SGD(0.1))
    before = buffers(net)
    assert sorted(before) == [
        f"{node}.{name}"
        for node in ("1", "2.body.1")
        for name in ("num_batches_tracked", "running_mean", "running_var")
    ]
    net.forward(X)
    net.predict(X)
    net.activations(X, training=True)
    trainer.learner.gradients((X,), (Y,))
    trainer.evaluate((X, Y))
    assert same(before, buffers(net))
    trainer.step(X, Y)
    assert buffers(net)["1.num_batches_tracked"] == 1
    assert not same(before, buffers(net))
    net.forward(X, training=True)
    assert buffers(net)["2.body.1.num_batches_tracked"] == 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_step_whose_loss_is_not_finite_moves_no_buffer(backend: str) -> None:
    net = ig.build(NORMED, backend=backend, dtype="float64")
    trainer = ig.Trainer(net, loss=ig.CrossEntropyLoss(), optimizer=ig.SGD(0.1))
    trainer.step(X, Y)
    before = net.state_dict()
    with np.errstate(all="ignore"), pytest.raises(ig.NonFiniteError):
        trainer.step(np.full_like(X, np.inf), Y)
    assert same(before, net.state_dict())


def test_buffers_agree_after_many_steps_and_survive_a_file(tmp_path: Path) -> None:
    report = ig.check_parity(NORMED, X, Y, loss=ig.CrossEntropyLoss(), optimizer=ig.SGD(0.1), steps=5)
    assert report.passed, str(report)
    net = ig.build(NORMED, dtype="float64")
    ig.Trainer(net, loss=ig.CrossEntropyLoss(), optimizer=ig.SGD(0.1)).step(X, Y)
    model, weights = ig.load(ig.save(tmp_path / "net.safetensors", NORMED, net.state_dict()))
    assert model == NORMED
    assert weights["1.num_batches_tracked"].dtype == np.int64
    again = ig.build(model, weights, backend="torch", dtype="float64")
    assert_near(again.forward(X), net.forward(X))


@pytest.mark.parametrize("backend", BACKENDS)
def test_batch_normalisation_of_a_single_value_is_refused_in_training(backend: str) -> None:
    net = ig.build(ig.Sequential([ig.BatchNorm1d()], input_shape=(3,)), backend=backend)
    with pytest.raises(ValueError, match=r"more than (one|1) value"):
        net.forward(np.ones((1, 3)), training=True)
    assert net.forward(np.ones((1, 3))).shape == (1, 3)
