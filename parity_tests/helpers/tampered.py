"""The NumPy engine with something changed on its way out: gradients, buffers, steps, the memory it does not show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import isograd as ig
from isograd.core.base.types import Array, State

Change = Callable[[State], None]
"""Writes to arrays by path."""


@dataclass
class TamperedEngine:
    """`gradients`: what `backward` and `learner.gradients` hand out of a model of several nodes; `stepped`: the weights
    and buffers after a step; `stepped_since`: likewise, told the number of steps since its memory was last set."""

    gradients: Change = lambda found: None
    stepped: Change = lambda state: None
    stepped_since: Callable[[State, int], None] = lambda state, steps: None
    name: str = "numpy"

    def build(self, model: Any, state: State, **options: Any) -> Any:
        return _Network(self, ig.get_backend("numpy").build(model, state, **options))

    def source(self, description: Any) -> str:
        return "a tampered engine"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(ig.get_backend("numpy"), name)


class _Wrapped:
    def __init__(self, engine: TamperedEngine, right: Any) -> None:
        self.engine, self.right = engine, right

    def __getattr__(self, name: str) -> Any:
        return getattr(self.right, name)


class _Network(_Wrapped):
    @property
    def _several(self) -> bool:
        model = self.right.model
        return len(model.graph(*model.input_shapes).nodes) > 1

    def backward(self, *dys: Array) -> tuple[Any, State]:
        dx, dw = self.right.backward(*dys)
        if self._several:
            self.engine.gradients(dw)
        return dx, dw

    def learner(self, *given: Any, **options: Any) -> Any:
        return _Learner(self.engine, self, self.right.learner(*given, **options))


class _Learner(_Wrapped):
    def __init__(self, engine: TamperedEngine, net: _Network, right: Any) -> None:
        super().__init__(engine, right)
        self.net, self.since = net, 0

    def gradients(self, inputs: Any, targets: Any) -> Any:
        loss, dx, dw = self.right.gradients(inputs, targets)
        self.engine.gradients(dw)
        return loss, dx, dw

    def load_state_dict(self, memory: Mapping[str, Array]) -> None:
        self.right.load_state_dict(memory)
        self.since = 0

    def step(self, inputs: Any, targets: Any, lr: float) -> float:
        loss: float = self.right.step(inputs, targets, lr)
        self.since += 1
        state = self.net.state_dict()
        self.engine.stepped(state)
        self.engine.stepped_since(state, self.since)
        self.net.load_state_dict(state)
        return loss
