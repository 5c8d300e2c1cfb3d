"""BatchNorm where the mean of a channel is far larger than what its values differ by."""

from __future__ import annotations

import numpy as np
import pytest

import isograd as ig
from isograd.core.base.types import Array, State
from isograd.core.parity.matching import TOLERANCE, difference

SHAPES = [(1000, 3), (60, 5), (6, 2, 5, 5), (3, 2, 40, 50)]


def computed(x: Array, dy: Array, dtype: str, *, training: bool) -> State:
    """y, the gradients and the buffers of one BatchNorm."""
    layer = ig.BatchNorm1d() if x.ndim < 4 else ig.BatchNorm2d()
    net = ig.build(ig.Sequential([layer], input_shape=x.shape[1:]), dtype=dtype)
    state = net.state_dict()
    statistics = {"0.running_mean": np.full(x.shape[1], 9999.0), "0.weight": np.arange(1.0, 1 + x.shape[1])}
    net.load_state_dict({**state, **statistics})
    y = net.forward(x, training=training)
    dx, grads = net.backward(dy)
    return {"y": y, "dx": dx, **grads, **{name: v for name, v in net.state_dict().items() if "running" in name}}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_large_mean_costs_no_digits(shape: tuple[int, ...], training: bool) -> None:
    """What float64 makes of the same numbers; 1000 of them near 10⁴ add up to a mean that is 10⁻² beside it."""
    draw = np.random.default_rng(0)
    x, dy = (10**4 + draw.normal(size=shape)).astype(np.float32), draw.normal(size=shape).astype(np.float32)
    found, truth = (computed(x, dy, dtype, training=training) for dtype in ("float32", "float64"))
    for name, values in truth.items():
        assert not difference(found[name].astype(np.float64), values).exceeds(TOLERANCE["node", "float32"]), name


def statistics(x: Array) -> tuple[Array, Array]:
    """μ and σ² as BatchNorm1d remembers them of one batch alone, in float32."""
    net = ig.build(ig.Sequential([ig.BatchNorm1d(momentum=1.0, eps=1e-30)], input_shape=x.shape[1:]))
    assert np.isfinite(net.forward(x, training=True)).all()
    state = net.state_dict()
    return state["0.running_mean"], state["0.running_var"]


def test_the_mean_that_is_remembered_is_the_nearest_number() -> None:
    x = (10**4 + np.random.default_rng(0).normal(size=(1000, 5))).astype(np.float32)
    mean, _ = statistics(x)
    assert np.array_equal(mean, x.mean(0, dtype=np.float64).astype(np.float32))


@pytest.mark.parametrize("value", [0.0, 1e4 + 0.1, 528540580.0, 3e9])
def test_a_channel_of_equal_values_has_no_variance_below_zero(value: float) -> None:
    _, variance = statistics(np.full((1023, 1, 7), value))
    assert (variance >= 0).all()
