"""Central differences of one engine's own forward, entry by entry, beside the gradients that it computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import Array, Arrays
from isograd.core.engine.batches import aligned
from isograd.core.engine.pairing import gathered
from isograd.core.engine.protocol import Backend, judged
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import declared
from isograd.core.learning.losses import Losses
from isograd.core.parity.matching import GRADIENT_CHECK
from isograd.core.parity.pair import build_in, in_dtype

STEPS = (1e-5, 1e-7, 1e-8)
"""The first is the most exact for smooth functions; the smaller ones serve entries beside a kink (ReLU at 0),
where a difference that straddles it says nothing. A wrong derivative agrees at no step."""

SMALLEST_SCALE = 1e-3
"""What errors of tensors with smaller derivatives are measured against: rounding of f / 2h sets the floor."""


@dataclass(frozen=True)
class GradientRow:
    """One tensor: the largest |analytic − numeric| relative to the tensor's largest derivative, and where."""

    path: str
    entries: int
    error: float
    index: tuple[int, ...]
    analytic: float
    numeric: float

    @property
    def failed(self) -> bool:
        return not self.error <= GRADIENT_CHECK


Slope = Callable[[tuple[int, ...], float], float]
"""(index, h) ↦ (f(… + h) − f(… − h)) / 2h, one entry moved"""


def compared(
    path: str, gradient: Array, slope: Slope, frozen: int | None = None, told: Callable[[], None] = lambda: None
) -> GradientRow:
    """All entries of one gradient; the row `frozen` has none by description."""
    numeric = np.empty_like(gradient)
    for index in np.ndindex(gradient.shape):
        numeric[index] = 0 if index and index[0] == frozen else slope(index, STEPS[0])
        told()
    scale = max(float(np.abs(numeric).max(initial=0)), float(np.abs(gradient).max(initial=0)), SMALLEST_SCALE)
    for h in STEPS[1:]:
        for far in np.argwhere(np.abs(gradient - numeric) > GRADIENT_CHECK * scale):
            index = tuple(int(i) for i in far)
            if not index or index[0] != frozen:
                numeric[index] = slope(index, h)
    gap = np.asarray(np.abs(gradient - numeric))
    gap[np.isnan(gap)] = np.inf
    worst = tuple(int(i) for i in np.unravel_index(int(np.argmax(gap)), gap.shape))
    error = float(gap[worst]) / scale if np.isfinite(scale) else np.inf
    return GradientRow(path, gap.size, error, worst, float(gradient[worst]), float(numeric[worst]))


class Differences:
    """f of a model in float64, its gradient by the backend, and f's central differences."""

    def __init__(
        self,
        backend: Backend,
        model: Composite,
        state: Mapping[str, Array],
        inputs: Arrays,
        losses: Losses,
        targets: Arrays,
        seed: int,
    ) -> None:
        self.backend, self.losses, self.targets, self.seed = backend, losses, targets, seed
        self.net = build_in(backend, model, state, seed, "float64")
        self.state, self.inputs = in_dtype(state, "float64"), inputs
        _, dys = self.value_and_upstream(self.forward(inputs))
        dx, dw = self.net.backward(*dys)
        dxs = dx if isinstance(dx, tuple) else (dx,)
        weights = declared(model)[0]
        self.sources = {_input_name(k): v for k, v in enumerate(inputs)} | {path: self.state[path] for path in weights}
        self.analytic = {_input_name(k): g for k, g in enumerate(dxs)} | dw
        self.frozen = {path: weight.frozen_row for path, weight in weights.items()}
        floats = [path for path, v in self.sources.items() if v.dtype.kind == "f"]
        self.judged = [path for path in floats if path not in weights or not weights[path].scaled]

    def forward(self, inputs: Arrays) -> Arrays:
        y = self.net.forward(*inputs, training=True)
        return y if isinstance(y, tuple) else (y,)

    def value_and_upstream(self, outputs: Arrays) -> tuple[float, list[Array]]:
        """f, and ∂f/∂output for each output."""
        if all(loss is None for loss in self.losses):
            dys = [random_upstream(y.shape, self.seed, f"model/{k}", y.dtype) for k, y in enumerate(outputs)]
            return float(sum(np.vdot(d, y) for d, y in zip(dys, outputs, strict=True))), dys
        total, dys = 0.0, []
        predictions = gathered(self.losses, outputs, partial(np.stack, axis=1))
        for loss, p, t in zip(self.losses, predictions, aligned(self.losses, self.targets), strict=True):
            if loss is None or t is None:
                dys.append(np.zeros_like(p))
                continue
            value, dy = judged(self.backend).evaluate_loss(loss, p, t, np.asarray(1.0))
            total += float(value)
            several = len(predictions) != len(outputs) and loss.predictions > 1
            dys += [dy[:, k] for k in range(loss.predictions)] if several else [dy]
        return total, dys

    def slope(self, path: str, index: tuple[int, ...], h: float) -> float:
        """(f(… + h) − f(… − h)) / 2h in one entry of one weight or input."""
        one = np.zeros_like(self.sources[path])
        one[index] = 1
        return self.along(path, one, h)

    def along(self, path: str, v: Array, h: float) -> float:
        """(f(… + hv) − f(… − hv)) / 2h for one weight or input."""
        ends = []
        for step in (h, -h):
            changed = self.sources[path] + step * v
            if path in self.state:
                self.net.load_state_dict(self.state | {path: changed})
            inputs = tuple(changed if _input_name(k) == path else v for k, v in enumerate(self.inputs))
            ends.append(self.value_and_upstream(self.forward(inputs))[0])
        self.net.load_state_dict(self.state)
        return (ends[0] - ends[1]) / (2 * h)

    def gradient(self, path: str) -> Array:
        """The engine's own; what is missing, or of another shape, agrees nowhere."""
        source, found = self.sources[path], self.analytic.get(path)
        return np.full_like(source, np.nan) if found is None or found.shape != source.shape else found

    def row(self, path: str, told: Callable[[], None] = lambda: None) -> GradientRow:
        """All entries of one tensor."""
        return compared(
            path, self.gradient(path), lambda index, h: self.slope(path, index, h), self.frozen.get(path), told
        )


def _input_name(k: int) -> str:
    return f"input {k}" if k else "input"
