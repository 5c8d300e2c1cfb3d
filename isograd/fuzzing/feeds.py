"""What a drawn model's inputs, weights and buffers are filled with: by (seed, name), the same wherever it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from isograd.core.base.forms import Form
from isograd.core.base.randomness import generator
from isograd.core.base.types import FLOATS, Array, Arrays, State
from isograd.core.graph.model import Model
from isograd.core.graph.weights import declared, initial_state
from isograd.core.parity.suite import drawn_integers

FEW = range(3)
"""The whole numbers of an input of which no layer says which it takes."""


@dataclass(frozen=True)
class Feed:
    """How one input is drawn: N(0, scale²), or `among` these numbers alone."""

    scale: float = 1.0
    among: tuple[float, ...] = ()

    def array(self, rng: np.random.Generator, form: Form, rows: int, known: range | None) -> Array:
        """Numbers of this form; `known`: the whole numbers that layers take there."""
        sizes = form.sizes(rows)
        if form.kind == "boolean":
            return rng.random(sizes) < 0.5
        counted = form.kind == "integer" or known is not None
        if self.among:
            return rng.choice(np.array(self.among, np.int64 if counted else np.float64), sizes)
        if counted:
            wide = known is None or known.stop - known.start > 1 << 40
            return drawn_integers(rng, FEW if wide or known is None else known, sizes)
        return np.asarray(self.scale * rng.normal(size=sizes))

    def to_dict(self) -> dict[str, Any]:
        return {"among": list(self.among)} if self.among else {"scale": self.scale}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Feed:
        return cls(record.get("scale", 1.0), tuple(record.get("among", ())))


def drawn_inputs(model: Model, feeds: Mapping[str, Feed], rows: int, seed: int) -> Arrays:
    """One array for each input of the model."""
    graph = model.graph(*model.input_shapes)
    named = zip(graph.input_names, graph.input_forms, strict=True)
    return tuple(
        feeds.get(name, Feed()).array(generator(seed, "fuzz", name), form, rows, graph.integer_inputs.get(k))
        for k, (name, form) in enumerate(named)
    )


def drawn_state(model: Model, seed: int) -> State:
    """Initial weights and buffers, moved so that no scale is 1 and no shift, mean or bias 0: a fault would not show."""
    state = initial_state(model, seed=seed, dtype=FLOATS["float64"])
    weights, buffers = declared(model)
    for path, values in state.items():
        rng = generator(seed, "fuzz", path)
        if path in weights and (values.size == 0 or np.ptp(values) == 0):
            state[path] = values + 0.3 * rng.normal(size=values.shape)
        elif path in buffers and not buffers[path].integers and np.ptp(values) == 0:
            state[path] = values + rng.uniform(0.1, 0.6, values.shape)
    return state
