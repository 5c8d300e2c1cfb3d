"""Gradient checking as the book teaches it: every derivative against a central difference, on one engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from isograd.core.backend import Losses, get_backend
from isograd.core.batches import aligned, check_batch, check_inputs, check_losses
from isograd.core.composite import Composite
from isograd.core.data.dataset import as_arrays
from isograd.core.errors import SpecError
from isograd.core.losses import Loss
from isograd.core.parity.matching import GRADIENT_CHECK
from isograd.core.parity.pair import build_in, in_dtype
from isograd.core.randomness import random_upstream
from isograd.core.types import Array, Arrays, State
from isograd.core.weights import check_state, initial_state

STEPS = (1e-5, 1e-7, 1e-8)
"""The first is the most exact for smooth functions; the smaller ones serve entries beside a kink (ReLU at 0),
where a difference that straddles it says nothing. A wrong derivative agrees at no step."""


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


def check_gradients(
    model: Composite,
    x: Array | Arrays,
    y: Array | Arrays | None = None,
    *,
    loss: Loss | Sequence[Loss | None] | None = None,
    weights: Mapping[str, Array] | None = None,
    backend: str = "numpy",
    seed: int = 0,
    on_entry: Callable[[int, int], None] | None = None,
) -> GradientReport:
    """Is every derivative of `model` right?   (f(w + h) − f(w − h)) / 2h for every weight and input entry

    f is the loss of (x, y), or without a loss Σ dy·output for a random dy; float64, training mode (dropout
    keeps its mask). Two forwards an entry: meant for small models and batches. `on_entry(done, total)` is
    told of every entry. Needs nothing but the backend itself.
    """
    inputs = tuple(np.asarray(v, np.float64) if v.dtype.kind != "i" else v for v in check_inputs(model, as_arrays(x)))
    losses: Losses = (loss,) if loss is None or isinstance(loss, Loss) else tuple(loss)
    targets = () if y is None else tuple(np.asarray(v, np.float64) if v.dtype.kind == "f" else v for v in as_arrays(y))
    if loss is not None:
        check_losses(model, losses)
        check_batch(model, losses, inputs, targets)
    elif y is not None:
        raise SpecError("check_gradients(y=…)", wanted="loss=", got="none", fix="loss=ig.MSELoss()")
    state = dict(weights) if weights is not None else initial_state(model, seed=seed, dtype=np.dtype(np.float64))
    check_state(model, state, "check_gradients(weights=…)")
    engine = get_backend(backend)
    net = build_in(engine, model, state, seed, "float64")

    def value_and_upstream(outputs: Arrays) -> tuple[float, list[Array]]:
        if loss is None:
            dys = [random_upstream(v.shape, seed, f"model/{k}", net.dtype) for k, v in enumerate(outputs)]
            return float(sum(np.vdot(d, v) for d, v in zip(dys, outputs, strict=True))), dys
        total, dys = 0.0, []
        for spec, p, t in zip(losses, outputs, aligned(losses, targets), strict=True):
            value, dy = engine.evaluate_loss(spec, p, t, np.asarray(1.0)) if spec is not None and t is not None else (0.0, np.zeros_like(p))
            total += float(value)
            dys.append(dy)
        return total, dys

    def forward(values: Arrays) -> Arrays:
        result = net.forward(*values, training=True)
        return result if isinstance(result, tuple) else (result,)

    held = in_dtype(state, "float64")
    _, dys = value_and_upstream(forward(inputs))
    dx, dw = net.backward(*dys)
    analytic: State = {f"input {k}" if k else "input": g for k, g in enumerate(dx if isinstance(dx, tuple) else (dx,))}
    moved: State = {f"input {k}" if k else "input": v for k, v in enumerate(inputs)}
    analytic |= dw
    moved |= {path: held[path] for path in dw}
    total = sum(moved[path].size for path in analytic if moved[path].dtype.kind == "f")
    done = 0

    def slope(path: str, index: tuple[int, ...], h: float) -> float:
        ends = []
        for step in (h, -h):
            changed = moved[path].copy()
            changed[index] += step
            if path in held:
                net.load_state_dict(held | {path: changed})
                ends.append(value_and_upstream(forward(inputs))[0])
                net.load_state_dict(held)
            else:
                ends.append(value_and_upstream(forward(tuple(changed if v is moved[path] else v for v in inputs)))[0])
        return (ends[0] - ends[1]) / (2 * h)

    rows = []
    for path, gradient in analytic.items():
        if moved[path].dtype.kind != "f":
            continue
        numeric = np.empty_like(gradient)
        for index in np.ndindex(gradient.shape):
            numeric[index] = slope(path, index, STEPS[0])
            done += 1
            if on_entry is not None:
                on_entry(done, total)
        scale = max(float(np.abs(numeric).max(initial=0)), float(np.abs(gradient).max(initial=0)), 1e-3)
        for h in STEPS[1:]:
            for index in map(tuple, np.argwhere(np.abs(gradient - numeric) > GRADIENT_CHECK * scale)):
                numeric[index] = slope(path, index, h)
        gap = np.where(np.isnan(gradient - numeric), np.inf, np.abs(gradient - numeric))
        worst = tuple(int(i) for i in np.unravel_index(int(np.argmax(gap)), gap.shape))
        rows.append(GradientRow(path, gap.size, float(gap[worst]) / scale, worst, float(gradient[worst]), float(numeric[worst])))
    title = f"gradients of {model!r} on {net.backend}, float64, {total:,} central differences"
    return GradientReport(title, tuple(rows))
