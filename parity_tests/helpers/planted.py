"""An engine that is right but for one entry of one array: what a judge of rounding errors is tested with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from isograd.core.base.types import Array
from isograd.core.engine.protocol import Backend

Change = Callable[[Array], Array]


class Planted:
    """`engine`, its networks' outputs, gradients and buffers changed by name: "output1", "dx", "dweight", "buffer …".

    Names of weights and buffers are matched by how they end, as a node of a model stands under its path.
    """

    def __init__(self, engine: Backend, changes: dict[str, Change], name: str = "wrong") -> None:
        self.engine, self.changes, self.name = engine, changes, name

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    def build(self, *given: Any, **options: Any) -> Any:
        net = self.engine.build(*given, **options)
        forward, backward, state_dict = net.forward, net.backward, net.state_dict

        def forward_wrong(*x: Array, **mode: Any) -> Any:
            return self.all("output", forward(*x, **mode))

        def backward_wrong(*dy: Array) -> Any:
            dx, dw = backward(*dy)
            return self.all("dx", dx), {path: self.one(f"d{path.rpartition('.')[2]}", g) for path, g in dw.items()}

        def state_dict_wrong() -> Any:
            return {path: self.one(f"buffer {path.rpartition('.')[2]}", v) for path, v in state_dict().items()}

        net.forward, net.backward, net.state_dict = forward_wrong, backward_wrong, state_dict_wrong
        return net

    def all(self, name: str, values: Any) -> Any:
        if not isinstance(values, tuple):
            return self.one(name, values)
        return tuple(self.one(f"{name}{k or ''}", v) for k, v in enumerate(values))

    def one(self, name: str, values: Any) -> Any:
        return self.changes[name](values) if name in self.changes else values


def off_by(error: float, place: int = 0) -> Change:
    """One entry moved by `error` times the largest of all (all of them finite)."""

    def change(values: Array) -> Array:
        moved = np.array(values, order="C")
        moved.reshape(-1)[place % moved.size] += error * (np.abs(moved).max() or 1)
        return moved

    return change


def entry_is(value: float, place: int = 0) -> Change:
    """One entry is `value`."""

    def change(values: Array) -> Array:
        moved = np.array(values, order="C")
        moved.reshape(-1)[place % moved.size] = value
        return moved

    return change


def of_dtype(dtype: str, change: Change) -> Change:
    """The change to arrays of one dtype alone: what rounding could be, as far as the other dtype shows."""
    return lambda values: change(values) if values.dtype == dtype else values
