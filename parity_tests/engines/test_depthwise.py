"""Depthwise convolutions of numbers that are none, and of every geometry."""

from __future__ import annotations

import numpy as np
import pytest

import isograd as ig
from isograd.core.base.types import Array, State
from isograd.core.parity.matching import TOLERANCE, difference

LAYERS = [
    ig.Conv2d(2, 3, padding=1, groups=2),
    ig.Conv2d(2, 3, stride=2, padding=1, groups=2),
    ig.ConvTranspose2d(2, 3, stride=2, padding=1, groups=2),
    ig.Conv1d(2, 5, padding=2, groups=2),
]


def computed(layer: ig.Layer, x: Array, backend: str, spoilt: float) -> State:
    """y, dx and dw, one entry of dy being `spoilt`."""
    net = ig.build(ig.Sequential([layer], input_shape=x.shape[1:]), backend=backend, dtype="float64")
    y = net.forward(x)
    dy = np.arange(1.0, 1.0 + y.size).reshape(y.shape)
    dy[(1, 0, *[2] * (y.ndim - 2))] += spoilt
    dx, grads = net.backward(dy)
    return {"y": y, "dx": dx, "dw": grads["0.weight"]}


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
@pytest.mark.parametrize("in_dy", [False, True])
@pytest.mark.parametrize("spoilt", [np.inf, np.nan])
def test_an_infinity_reaches_what_its_windows_reach_and_no_more(layer: ig.Layer, spoilt: float, in_dy: bool) -> None:
    x = np.random.default_rng(0).normal(size=(3, 2, 7, 7)[: 4 if "2d" in repr(layer) else 3])
    x[(1, 0, *[3] * (x.ndim - 2))] += 0 if in_dy else spoilt
    found, theirs = (computed(layer, x, backend, spoilt if in_dy else 0) for backend in ("numpy", "torch"))
    for name, values in theirs.items():
        sound = np.isfinite(values)
        assert np.array_equal(np.isfinite(found[name]), sound), name
        assert not difference(found[name][sound], values[sound]).exceeds(TOLERANCE["node", "float64"]), name
    assert not all(np.isfinite(values).all() for values in theirs.values())
