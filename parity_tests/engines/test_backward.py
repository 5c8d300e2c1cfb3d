"""backward, called as one may call it: again, with inputs that have no gradient, for outputs that depend on nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from message_helpers import raised
from training_helpers import BOTH

import isograd as ig
from isograd.core.base.types import State
from isograd.core.data.dataset import as_arrays
from isograd.core.parity.matching import TOLERANCE, difference

RNG = np.random.default_rng(4)
X, WORDS = RNG.normal(size=(5, 3)), RNG.integers(0, 4, (5, 2))


def of_two() -> ig.Model:
    """An output of the floats, and one of the words, which nothing differentiable leads to."""
    x, words = ig.Input((3,)), ig.Input((2,))
    return ig.Model(inputs=(x, words), outputs=(ig.Linear(2, name="a")(x), ig.OneHot(4)(words)))


def ran(model: Any, backend: str, *inputs: np.ndarray, times: int = 1) -> tuple[Any, State]:
    net = ig.build(model, backend=backend, dtype="float64", seed=2)
    ys = as_arrays(net.forward(*inputs, training=True))
    dys = [np.random.default_rng(k).normal(size=y.shape) for k, y in enumerate(ys)]
    found = [net.backward(*dys) for _ in range(times)]
    for dx, dw in found[1:]:
        assert all(np.array_equal(dw[path], found[0][1][path]) for path in dw)
        assert [None if a is None else a.tolist() for a in as_tuple(dx)] == [
            None if a is None else a.tolist() for a in as_tuple(found[0][0])
        ]
    return found[-1]


def as_tuple(dx: Any) -> tuple[Any, ...]:
    return dx if isinstance(dx, tuple) else (dx,)


def same(model: Any, *inputs: np.ndarray, times: int = 1) -> tuple[Any, State]:
    """Both engines' (dx, dw) of a model, which must be equal."""
    (dx, dw), (other, theirs) = (ran(model, backend, *inputs, times=times) for backend in ("numpy", "torch"))
    assert set(dw) == set(theirs)
    pairs = [(dw[path], theirs[path]) for path in dw] + list(zip(as_tuple(dx), as_tuple(other), strict=True))
    for a, b in pairs:
        assert not difference(a, b).exceeds(TOLERANCE["node", "float64"])
    return dx, dw


def test_a_second_and_a_third_backward_give_the_same_as_the_first() -> None:
    same(ig.Sequential([ig.Linear(4), ig.Tanh(), ig.Linear(2)], input_shape=(3,)), X, times=3)


def test_whole_numbers_that_are_an_output_themselves_have_no_gradient() -> None:
    words = ig.Input((2,), kind="integer")
    dx, _ = same(ig.Model(inputs=words, outputs=(ig.Embedding(4, 3)(words), words)), WORDS)
    assert dx is None


def test_whole_numbers_have_no_gradient_and_an_output_of_them_passes_none_on() -> None:
    dx, dw = same(of_two(), X, WORDS)
    assert dx[0].shape == X.shape
    assert dx[1] is None
    assert set(dw) == {"a.weight", "a.bias"}


def test_where_nothing_can_be_differentiated_there_is_nothing() -> None:
    dx, dw = same(ig.Sequential([ig.OneHot(4)], input_shape=(2,)), WORDS)
    assert dx is None
    assert dw == {}


@BOTH
def test_a_weight_that_no_loss_depends_on_has_a_gradient_of_zeros(backend: str) -> None:
    x = ig.Input((3,))
    model = ig.Model(inputs=x, outputs=(ig.Linear(2, name="a")(x), ig.Linear(4, name="b")(x)))
    net = ig.build(model, backend=backend, dtype="float64")
    learner = net.learner((ig.MSELoss(), None), ig.SGD(0.1))
    _, (dx,), dw = learner.gradients((X,), (np.ones((5, 2)),))
    assert dx is not None
    assert dx.any()
    assert not dw["b.weight"].any()
    assert dw["b.weight"].shape == (4, 3)
    assert dw["a.weight"].any()


@BOTH
@pytest.mark.parametrize("training", [False, True])
def test_an_engine_gives_a_backward_in_either_mode_and_predict_between_them_changes_nothing(
    backend: str, training: bool
) -> None:
    model = ig.Sequential([ig.Linear(4), ig.BatchNorm1d(), ig.Linear(2)], input_shape=(3,))
    net = ig.build(model, backend=backend, dtype="float64")
    y = net.forward(X, training=training)
    dx, dw = net.backward(np.ones_like(y))
    net.predict(RNG.normal(size=(9, 3)), batch_size=4)
    again, dw_again = net.backward(np.ones_like(y))
    assert np.array_equal(dx, again)
    assert all(np.array_equal(dw[path], dw_again[path]) for path in dw)


@BOTH
def test_a_forward_in_training_moves_the_buffers_on_and_nothing_else_does(backend: str) -> None:
    """μ ← 0.9 μ + 0.1 x̄ for each forward in training, in both engines."""
    net = ig.build(ig.Sequential([ig.BatchNorm1d()], input_shape=(3,)), backend=backend, dtype="float64")
    mean = np.zeros(3)
    for count in (1, 2):
        y = net.forward(X, training=True)
        mean = 0.9 * mean + 0.1 * X.mean(0)
        net.forward(X)
        net.predict(X)
        net.activations(X, training=True)
        learner = net.learner((ig.MSELoss(),), ig.SGD(0.1))
        learner.gradients((X,), (y,))
        state = net.state_dict()
        assert not difference(state["0.running_mean"], mean).exceeds(TOLERANCE["node", "float64"])
        assert state["0.num_batches_tracked"] == count


def test_what_the_caller_does_to_his_input_afterwards_changes_no_gradient_of_pytorchs() -> None:
    model = ig.Sequential([ig.Linear(4), ig.Tanh(), ig.Linear(2)], input_shape=(3,))
    net, x = ig.build(model, backend="torch", dtype="float64"), X.copy()
    y = net.forward(x)
    dx, dw = net.backward(np.ones_like(y))
    x[...] = 7.0
    again, dw_again = net.backward(np.ones_like(y))
    net.forward(x)
    x[...] = X
    assert np.array_equal(dx, again)
    assert all(np.array_equal(dw[path], dw_again[path]) for path in dw)


def test_both_engines_drop_the_same_units_inside_a_model_inside_a_model() -> None:
    inner = ig.Sequential([ig.Dropout(0.5), ig.Sequential([ig.Dropout(0.5)])], name="inner")
    model = ig.Sequential([ig.Dropout(0.5), inner], input_shape=(64,))
    ones = np.ones((4, 64))
    numpy = ig.build(model, backend="numpy", dtype="float64", seed=5).forward(ones, training=True)
    built = ig.build(model, backend="torch", dtype="float64", seed=5, shared_randomness=True)
    assert np.array_equal(numpy, built.forward(ones, training=True))
    assert 0 < np.count_nonzero(numpy) < 64


@pytest.mark.parametrize("layer", [ig.BatchNorm1d(), ig.BatchNorm2d()])
def test_one_value_for_each_channel_cannot_be_normalised_in_training(layer: ig.Layer) -> None:
    shape = (3,) if isinstance(layer, ig.BatchNorm1d) else (3, 1, 1)
    net = ig.build(ig.Sequential([layer], input_shape=shape))
    with pytest.raises(ig.IsogradError, match="more than one value for each channel in training"):
        net.forward(np.ones((1, *shape)), training=True)
    assert np.isfinite(net.forward(np.ones((1, *shape)))).all()


@BOTH
def test_nor_in_evaluation_where_the_statistics_are_the_batchs_own(backend: str) -> None:
    net = ig.build(ig.Sequential([ig.BatchNorm1d(track_running_stats=False)], input_shape=(3,)), backend=backend)
    for call in (lambda: net.forward(np.ones((1, 3))), lambda: net.predict(np.ones((5, 3)), batch_size=2)):
        assert raised(call) == (
            "ShapeError: 0: BatchNorm1d(track_running_stats=False)\n"
            "  wanted more than one value for each channel\n"
            "  got    a batch (1, 3)\n"
            "  fix    a batch_size= that leaves no single row, or track_running_stats=True"
        )
    assert np.isfinite(net.predict(np.ones((5, 3)), batch_size=5)).all()


@pytest.mark.parametrize("kind", [ig.RNN, ig.GRU, ig.LSTM])
def test_sequences_that_all_end_early_are_padded_to_the_end_in_both_engines(kind: Any) -> None:
    x, lengths = ig.Input((5, 2)), ig.Input(())
    model = ig.Model(inputs=(x, lengths), outputs=kind(3)(x, lengths=lengths)[0])
    net = [ig.build(model, backend=backend, dtype="float64") for backend in ("numpy", "torch")]
    given = RNG.normal(size=(4, 5, 2)), np.array([1, 3, 2, 3])
    ours, theirs = (one.forward(*given) for one in net)
    assert ours.shape == (4, 5, 3)
    assert not difference(ours, theirs).exceeds(TOLERANCE["node", "float64"])
    assert not ours[:, 3:].any()
