"""A NaN in a window is its maximum, and of several the last, in both engines."""

from __future__ import annotations

import numpy as np
import pytest

import isograd as ig

NAN = np.nan
X = np.array([[1.0, NAN, 3.0, 2.0, 5.0, 4.0], [NAN, 0.0, NAN, 6.0, 1.0, 7.0]])


def both(layer: ig.Layer, x: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    found = []
    for backend in ("numpy", "torch"):
        net = ig.build(ig.Sequential([layer], input_shape=x.shape[1:]), backend=backend, dtype="float64")
        y = net.forward(x)
        found.append((y, net.backward(np.arange(1.0, 1.0 + y.size).reshape(y.shape))[0]))
    return found


@pytest.mark.parametrize("layer", [ig.MaxPool1d(3), ig.MaxPool1d(2, stride=1), ig.MaxPool1d(3, padding=1)])
def test_a_nan_wins_its_windows_and_takes_their_gradient(layer: ig.Layer) -> None:
    (y, dx), (theirs, dx_theirs) = both(layer, X[:, None])
    assert np.isnan(y).any()
    assert not np.isnan(y).all()
    assert np.array_equal(y, theirs, equal_nan=True)
    assert np.array_equal(dx, dx_theirs)


def test_a_nan_in_one_image_changes_nothing_of_the_others() -> None:
    x = np.random.default_rng(0).normal(size=(4, 2, 6, 6))
    sound = both(ig.MaxPool2d(2), x)[0]
    x[2, 1, 3, 3] = NAN
    (y, dx), (theirs, dx_theirs) = both(ig.MaxPool2d(2), x)
    assert np.array_equal(y, theirs, equal_nan=True)
    assert np.array_equal(dx, dx_theirs)
    assert np.isnan(y).sum() == 1
    assert all(np.array_equal(a[[0, 1, 3]], b[[0, 1, 3]]) for a, b in zip((y, dx), sound, strict=True))
