"""What the tests of traces share: a model with everything in it, its records, and engines with one fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.engine.protocol import Backend

RNG = np.random.default_rng(5)
X, LABELS = RNG.normal(size=(4, 2, 8, 8)), np.array([0, 1, 2, 1])
CNN = ig.Sequential(
    [
        ig.Conv2d(3, 3),
        ig.BatchNorm2d(),
        ig.Tanh(),
        ig.Dropout(0.2),
        ig.Conv2d(8, 3, padding=1),
        ig.Flatten(),
        ig.Linear(3),
    ],
    input_shape=(2, 8, 8),
)
LOSS, ADAM = ig.CrossEntropyLoss(), ig.Adam(0.01)


def trace_of(backend: str | Backend, model: Any = CNN, *, dtype: str = "float64", **asked: Any) -> ig.Trace:
    """A record of the model's first weights in an engine, with a loss and two steps."""
    net = ig.build(model, backend=backend, dtype=dtype)
    given = {"targets": LABELS, "loss": LOSS, "optimizer": ADAM, "steps": 2}
    return ig.record(net, X, **{**given, **asked})


def forward_only(backend: str | Backend, model: Any, *x: Any, dtype: str = "float64", **asked: Any) -> ig.Trace:
    """A record without training."""
    return ig.record(ig.build(model, backend=backend, dtype=dtype), x, **asked)


Change = Callable[[Any, Any, list[Any]], tuple[Any, ...]]
"""(outputs, backward, what else an operation returns) ↦ the same, with a fault"""


def output_off(y: Any, back: Any, rest: list[Any]) -> tuple[Any, ...]:
    return (y * 1.001, back, *rest)


def dx_negated(y: Any, back: Any, rest: list[Any]) -> tuple[Any, ...]:
    def wrong(*dy: Any) -> Any:
        dx, grads = back(*dy)
        return None if dx is None else -dx, grads

    return (y, wrong, *rest)


def weights_doubled(y: Any, back: Any, rest: list[Any]) -> tuple[Any, ...]:
    def wrong(*dy: Any) -> Any:
        dx, grads = back(*dy)
        return dx, {**grads, "weight": 2 * grads["weight"]}

    return (y, wrong, *rest)


def buffers_off(y: Any, back: Any, rest: list[Any]) -> tuple[Any, ...]:
    return (y, back, *({name: 1.1 * values for name, values in each.items()} for each in rest))


def engine_with(kind: type, change: Change) -> NumpyBackend:
    """The NumPy engine, "wrong" in one layer."""
    right = STANDARD.operations[kind]

    def wrong(spec: Any, p: Any, *x: Any, run: Any) -> Any:
        y, back, *rest = right(spec, p, *x, run=run)
        return change(y, back, rest)

    return NumpyBackend(replace(STANDARD, operations=STANDARD.operations.overlaid({kind: wrong})), name="wrong")


def bits(net: Any) -> dict[str, bytes]:
    """Everything that a network holds, to the last bit."""
    return {path: values.tobytes() for path, values in net.state_dict().items()}
