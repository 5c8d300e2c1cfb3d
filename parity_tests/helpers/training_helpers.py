"""What the tests of training share: some data, a small model, and a trainer of it in either engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import isograd as ig

BOTH = pytest.mark.parametrize("backend", ["numpy", "torch"])
RNG = np.random.default_rng(11)
X, Y = RNG.normal(size=(23, 3)), RNG.normal(size=(23, 2))
LABELS = RNG.integers(0, 2, size=23)


def model(*extra: ig.core.layers.Layer) -> ig.Sequential:
    return ig.Sequential([ig.Linear(4), ig.Tanh(), *extra, ig.Linear(2)], input_shape=(3,))


def trainer(
    backend: str, made: Any = None, *, seed: int = 0, dtype: str = "float64", loss: Any = None, **options: Any
) -> ig.Trainer:
    shared = {"shared_randomness": True}
    net = ig.build(made or model(), backend=backend, seed=seed, dtype=dtype, **shared)
    options.setdefault("optimizer", ig.SGD(0.1, momentum=0.9))
    return ig.Trainer(net, loss=loss or ig.MSELoss(), **options)
