"""Gradient checking, as in the book (Weidman 2019): every derivative against a central difference, on one engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from isograd.core.base.errors import SpecError
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import Array, Arrays, State
from isograd.core.data.dataset import as_arrays
from isograd.core.engine.batches import aligned, check_batch, check_inputs, check_losses
from isograd.core.engine.protocol import Backend, judged
from isograd.core.engine.registry import get_backend
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import check_state, declared, initial_state
from isograd.core.learning.losses import Loss, Losses
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


@dataclass(frozen=True)
class GradientReport:
    """Every weight and input of a model, its gradient held against central differences in float64."""

    title: str
    rows: tuple[GradientRow, ...]

    @property
    def passed(self) -> bool:
        return not any(row.failed for row in self.rows)

    def __str__(self) -> str:
        width = max(len(row.path) for row in self.rows)
        lines = [
            f"{row.path.ljust(width)}  {row.entries:>7,} entries  worst {row.error:.1e} at {list(row.index)}: "
            f"analytic {row.analytic:.9g}, numeric {row.numeric:.9g}{'   FAILED' if row.failed else ''}"
            for row in self.rows
        ]
        verdict = "PASSED" if self.passed else "FAILED"
        return "\n".join([self.title, *lines, f"{verdict}: every error must be at most {GRADIENT_CHECK:.0e}"])


class Differences:
    """f of a model in float64, its gradient by the backend, and f's central differences."""

    def __init__(
        self,
        backend: Backend,
        model: Composite,
        state: State,
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

    def forward(self, inputs: Arrays) -> Arrays:
        y = self.net.forward(*inputs, training=True)
        return y if isinstance(y, tuple) else (y,)

    def value_and_upstream(self, outputs: Arrays) -> tuple[float, list[Array]]:
        """f, and ∂f/∂output for each output."""
        if all(loss is None for loss in self.losses):
            dys = [random_upstream(y.shape, self.seed, f"model/{k}", y.dtype) for k, y in enumerate(outputs)]
            return float(sum(np.vdot(d, y) for d, y in zip(dys, outputs, strict=True))), dys
        total, dys = 0.0, []
        for loss, p, t in zip(self.losses, outputs, aligned(self.losses, self.targets), strict=True):
            if loss is None or t is None:
                dys.append(np.zeros_like(p))
                continue
            value, dy = judged(self.backend).evaluate_loss(loss, p, t, np.asarray(1.0))
            total += float(value)
            dys.append(dy)
        return total, dys

    def slope(self, path: str, index: tuple[int, ...], h: float) -> float:
        """(f(… + h) − f(… − h)) / 2h in one entry of one weight or input."""
        ends = []
        for step in (h, -h):
            changed = self.sources[path].copy()
            changed[index] += step
            if path in self.state:
                self.net.load_state_dict(self.state | {path: changed})
            inputs = tuple(changed if _input_name(k) == path else v for k, v in enumerate(self.inputs))
            ends.append(self.value_and_upstream(self.forward(inputs))[0])
        self.net.load_state_dict(self.state)
        return (ends[0] - ends[1]) / (2 * h)

    def row(self, path: str, told: Callable[[], None]) -> GradientRow:
        """All entries of one tensor; a gradient that is missing, or of another shape, agrees nowhere."""
        source, gradient = self.sources[path], self.analytic.get(path)
        if gradient is None or gradient.shape != source.shape:
            gradient = np.full_like(source, np.nan)
        numeric = np.empty_like(gradient)
        for index in np.ndindex(gradient.shape):
            frozen = bool(index) and index[0] == self.frozen.get(path)
            numeric[index] = 0 if frozen else self.slope(path, index, STEPS[0])
            told()
        scale = max(float(np.abs(numeric).max(initial=0)), float(np.abs(gradient).max(initial=0)), SMALLEST_SCALE)
        for h in STEPS[1:]:
            for far in np.argwhere(np.abs(gradient - numeric) > GRADIENT_CHECK * scale):
                index = tuple(int(i) for i in far)
                numeric[index] = self.slope(path, index, h)
        gap = np.asarray(np.abs(gradient - numeric))
        gap[np.isnan(gap)] = np.inf
        worst = tuple(int(i) for i in np.unravel_index(int(np.argmax(gap)), gap.shape))
        return GradientRow(
            path, gap.size, float(gap[worst]) / scale, worst, float(gradient[worst]), float(numeric[worst])
        )


def _input_name(k: int) -> str:
    return f"input {k}" if k else "input"


def check_gradients(
    model: Composite,
    x: Array | Arrays,
    y: Array | Arrays | None = None,
    *,
    loss: Loss | Sequence[Loss | None] | None = None,
    weights: Mapping[str, Array] | None = None,
    backend: str | Backend = "numpy",
    seed: int = 0,
    on_entry: Callable[[int, int], None] | None = None,
) -> GradientReport:
    """Is every derivative of `model` right?   (f(w + h) − f(w − h)) / 2h for every weight and input entry

    f is the loss of (x, y), or without a loss Σ dy·output for a random dy; float64, training mode (dropout
    keeps its mask). Two forwards an entry: meant for small models and batches. `on_entry(done, total)` is
    told of every entry. Needs nothing but the backend itself.
    """
    inputs = in_float64(check_inputs(model, as_arrays(x)))
    losses: Losses = (loss,) if loss is None or isinstance(loss, Loss) else tuple(loss)
    targets = () if y is None else in_float64(as_arrays(y))
    if loss is not None:
        check_losses(model, losses)
        check_batch(model, losses, inputs, targets)
    elif y is not None:
        raise SpecError("check_gradients(y=…)", wanted="loss=", got="none", fix="loss=ig.MSELoss()")
    state = dict(weights) if weights is not None else initial_state(model, seed=seed, dtype=np.dtype(np.float64))
    check_state(model, state, "check_gradients(weights=…)")
    engine = get_backend(backend)
    differences = Differences(engine, model, state, inputs, losses, targets, seed)
    checked = [path for path, v in differences.sources.items() if v.dtype.kind == "f"]
    total = sum(differences.sources[path].size for path in checked)
    done = count(1)

    def told() -> None:
        if on_entry is not None:
            on_entry(next(done), total)

    rows = tuple(differences.row(path, told) for path in checked)
    return GradientReport(f"gradients of {model!r} on {engine.name}, float64, {total:,} central differences", rows)


def in_float64(values: Arrays) -> Arrays:
    """Floats as float64; class labels and other whole numbers as they are."""
    return tuple(v.astype(np.float64) if v.dtype.kind == "f" else v for v in values)
