"""One graph of every kind: plain, shared, several inputs and outputs, models in models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import isograd as ig

BOTH = pytest.mark.parametrize("backend", ["numpy", "torch"])


def plain() -> ig.Sequential:
    return ig.Sequential([ig.Linear(4), ig.Tanh(), ig.Linear(2, name="head")], input_shape=(3,))


def shared_in_a_row() -> ig.Sequential:
    layer, inner = ig.Linear(3), ig.Sequential([ig.Linear(3), ig.ReLU()])
    return ig.Sequential([layer, inner, layer, inner, ig.Dropout(0.3)], input_shape=(3,))


def shared_in_a_model() -> ig.Model:
    a, b = ig.Input((3,)), ig.Input((3,), name="other")
    layer = ig.Linear(3)
    return ig.Model(inputs=[a, b], outputs=layer(layer(a)) - layer(b))


def operators() -> ig.Model:
    a, b = ig.Input((2, 2)), ig.Input((2, 2))
    return ig.Model(inputs=[a, b], outputs=(a + b) * (a - b) @ b)


def models_in_models() -> ig.Model:
    a = ig.Input((3,))
    h = ig.Linear(3)(a)
    block = ig.Model(inputs=(x := ig.Input((3,))), outputs=[ig.Tanh()(y := ig.Linear(3)(x)), y + x], name="block")
    deep = ig.Sequential([ig.Sequential([ig.Linear(2, weight_init=ig.init.Normal(std=0.1))]), ig.Softmax()])
    left, right = block(h)
    again, _ = block(right)
    return ig.Model(inputs=a, outputs=[deep(left), ig.Concat()(again, h)], name="whole")


def an_input_passed_on() -> ig.Model:
    a = ig.Input((3,))
    return ig.Model(inputs=a, outputs=[a, ig.Linear(3)(a)])


GRAPHS: dict[str, Callable[[], ig.core.composite.Composite]] = {
    f.__name__: f for f in (plain, shared_in_a_row, shared_in_a_model, operators, models_in_models, an_input_passed_on)
}
EVERY = pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)


def batch(model: ig.core.composite.Composite, rows: int = 4) -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    return [rng.normal(size=(rows, *shape)) for shape in model.input_shapes]


def outputs(model: ig.core.composite.Composite, backend: str = "numpy", **options: object) -> tuple[np.ndarray, ...]:
    y = ig.build(model, backend=backend, dtype="float64", **options).forward(*batch(model))
    return y if isinstance(y, tuple) else (y,)
