"""Gradient checking, as in the book (Weidman 2019): every derivative against a central difference, on one engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from isograd.core.base.errors import SpecError
from isograd.core.base.types import Array, Arrays
from isograd.core.engine.protocol import Backend
from isograd.core.engine.registry import get_backend
from isograd.core.graph.composite import Composite
from isograd.core.learning.losses import Loss
from isograd.core.parity.asked import asked_about
from isograd.core.parity.differences import Differences, GradientRow
from isograd.core.parity.first_wrong import first_wrong
from isograd.core.parity.matching import GRADIENT_CHECK
from isograd.core.parity.verdict import Culprit


@dataclass(frozen=True)
class GradientReport:
    """Every weight and input of a model, its gradient held against central differences in float64."""

    title: str
    rows: tuple[GradientRow, ...]
    culprit: Culprit | None = None
    """The first wrong gradient in the order in which the backward computes them: nearest to the loss, or output."""

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
        blamed = [] if self.culprit is None else [self.culprit.text]
        return "\n".join([self.title, *lines, *blamed, f"{verdict}: every error must be at most {GRADIENT_CHECK:.0e}"])


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
    told of every entry. Needs nothing but the backend itself. Where a derivative is wrong, the report's `culprit` is
    the loss or the node whose own backward is, each judged alone. A gradient that is scaled by description
    (scale_grad_by_freq) is no derivative, and left out.
    """
    if y is not None and loss is None:
        raise SpecError("check_gradients(y=…)", wanted="loss=", got="none", fix="loss=ig.MSELoss()")
    whole = asked_about("check_gradients", model, x, y, loss, weights, seed)
    inputs, targets = in_float64(whole.inputs), in_float64(whole.targets)
    engine = get_backend(backend)
    differences = Differences(engine, model, whole.state, inputs, whole.losses, targets, whole.seed)
    checked = differences.judged
    total = sum(differences.sources[path].size for path in checked)
    done = count(1)

    def told() -> None:
        if on_entry is not None:
            on_entry(next(done), total)

    rows = tuple(differences.row(path, told) for path in checked)
    wrong = first_wrong(differences, rows) if any(row.failed for row in rows) else None
    return GradientReport(
        f"gradients of {model!r} on {engine.name}, float64, {total:,} central differences", rows, wrong
    )


def in_float64(values: Arrays) -> Arrays:
    """Floats as float64; class labels and other whole numbers as they are."""
    return tuple(v.astype(np.float64) if v.dtype.kind == "f" else v for v in values)
