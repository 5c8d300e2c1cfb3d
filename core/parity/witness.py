"""The third witness: which of two sides that differ is wrong.

Structure (shape, dtype, a missing gradient): the description. Outputs, buffers, steps: the formula, evaluated once in
float64. Gradients: the formula's derivative along the direction in which the two sides differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from isograd.core.base.arrays import NUMPY, Namespace
from isograd.core.base.forms import dtype_of
from isograd.core.base.tree import flatten, nest
from isograd.core.base.types import FLOATS, Array, Arrays, State
from isograd.core.engine.context import Run
from isograd.core.engine.pairing import gathered
from isograd.core.layers.base import Layer
from isograd.core.learning.losses import Losses
from isograd.core.parity.derivative import SLOPES, Moving, slope_of
from isograd.core.parity.formulas import LOSS_FORMULAS, Seen, evaluated
from isograd.core.parity.matching import Sides, entries, structure
from isograd.core.parity.pair import in_dtype
from isograd.core.parity.stages.trial import Trial
from isograd.core.parity.verdict import Verdict

STEPS = (1e-4, 1e-6)
"""Of the central differences that confirm a derivative: what is smooth needs the first alone."""

AGREE = 0.1  # how far from the truth a side counts as right, as a share of what the two sides are apart
FARTHER = 3  # how many times farther from the truth than the other a side is that is called wrong


def odd_one_out(
    witness: str, quantity: str, claims: Mapping[str, float], truth: float, own: Mapping[str, float] | None = None
) -> Verdict:
    """The side whose claim is much farther from the truth than the other's.

    `own` is the truth for each side, where each started from slightly other numbers.
    """
    misses = {name: _miss(value, own[name] if own else truth) for name, value in claims.items()}
    (near, nearest), (far, farthest) = sorted(misses.items(), key=lambda item: item[1])
    guilty = far if np.isfinite(nearest) and farthest > FARTHER * nearest and near != far else None
    return Verdict(witness, quantity, claims, truth, guilty)


def judge_each(quantity: str, values: Sides, index: tuple[int, ...], truths: Sequence[float]) -> Verdict | None:
    """By the formula, each side on numbers of its own; None where both are right, and those numbers differ."""
    claims = entries(values, index)
    a, b = claims.values()
    own = dict(zip(claims, truths, strict=True))
    gap = abs(a - b) if np.isfinite(a - b) else np.inf
    misses = [_miss(claim, own[name]) for name, claim in claims.items()]
    if all(miss == 0 or (np.isfinite(miss) and miss <= AGREE * gap) for miss in misses):
        return None
    return odd_one_out("formula", quantity, claims, truths[-1], own)


def _miss(value: float, truth: float) -> float:
    """How far a claim is from the truth; no number is infinitely far from any."""
    if value == truth or (np.isnan(value) and np.isnan(truth)):
        return 0.0
    return abs(value - truth) if np.isfinite(value) and np.isfinite(truth) else np.inf


def judge_promise(what: str, values: Sides, promised: str) -> Verdict:
    """The one side whose array has not the shape and dtype that the description promises."""
    told = structure(values)
    wrong = [name for name, text in told.items() if text != promised]
    return Verdict("described", what, told, promised, wrong[0] if len(wrong) == 1 else None)


def judge_structure(trial: Trial, what: str, values: Sides) -> Verdict:
    """`judge_promise` for an output, buffer or gradient of a layer."""
    shapes, rows = [x.shape[1:] for x in trial.inputs], trial.rows
    model = trial.model
    buffers = {f"buffer {k}": w for k, w in trial.layer.buffers(*shapes).items()}
    wanted: dict[str, tuple[int, ...]] = {f"d{k}": w.shape for k, w in trial.layer.weights(*shapes).items()}
    wanted |= {k: w.shape for k, w in buffers.items()}
    wanted |= {f"dx{k or ''}": x.shape for k, x in enumerate(trial.inputs)}
    dtype = np.dtype(np.int64) if what in buffers and buffers[what].integers else FLOATS[trial.dtype]
    for k, form in enumerate(model.graph(*model.input_shapes).out_forms):
        wanted[f"output{k or ''}"] = form.sizes(rows)
        dtype = dtype_of(form.kind, dtype) if what == f"output{k or ''}" else dtype  # type: ignore[arg-type]
    return judge_promise(what, values, f"{dtype}{list(wanted[what])}" if what in wanted else "nothing")


def wide(values: Arrays) -> Arrays:
    """Floats as float64, whole numbers as they are."""
    return tuple(np.asarray(v, np.float64) if v.dtype.kind == "f" else v for v in values)


class Evaluated:
    """A layer's or a model's formula in float64, on a given state and inputs; `run` says which dtype is judged."""

    def __init__(self, layer: Layer, state: Mapping[str, Array], inputs: Arrays, run: Run) -> None:
        self.layer, self.state, self.inputs, self.run = layer, in_dtype(state, "float64"), wide(inputs), run
        self.places = {f"dx{k or ''}": k for k in range(len(inputs))}

    @classmethod
    def of(cls, trial: Trial) -> Evaluated:
        name = trial.model.graph(*trial.model.input_shapes).nodes[0].name
        run = Run(trial.training, trial.seed, trial.step, name, dtype=FLOATS[trial.dtype])
        return cls(trial.layer, trial.state, trial.rounded_inputs(), run)

    def outputs(self, seen: Seen | None = None) -> tuple[Arrays, State]:
        """(outputs, weights and buffers after the run)"""
        return self._at(self.state, self.inputs, seen)

    def at(self, what: str, ops: Namespace, change: Callable[[Array], Any]) -> tuple[Any, ...]:
        """The outputs, computed by `ops`, with input "dx…" or weight "d…" changed."""
        if what in self.places:
            inputs = tuple(change(x) if k == self.places[what] else x for k, x in enumerate(self.inputs))
            return self._at(self.state, inputs, ops=ops)[0]
        return self._at(self.state | {what[1:]: change(self.state[what[1:]])}, self.inputs, ops=ops)[0]

    def _at(
        self, state: State, inputs: tuple[Any, ...], seen: Seen | None = None, ops: Namespace = NUMPY
    ) -> tuple[tuple[Any, ...], State]:
        with np.errstate(all="ignore"):  # 0·∞ in a branch that `where` leaves out
            y, after = evaluated(self.layer, ops, nest(state), inputs, self.run, seen)
        return y, flatten(after)


def judge_output(trial: Trial, what: str, values: Sides, index: tuple[int, ...]) -> Verdict:
    """The side farther from the layer's formula at the entry where the two differ most."""
    outputs, after = Evaluated.of(trial).outputs()
    if what.startswith("buffer "):
        truth = np.asarray(after[what.removeprefix("buffer ")])
    else:
        truth = outputs[int(what.removeprefix("output") or 0)]
    return odd_one_out("formula", f"{what}{list(index)}", entries(values, index), float(truth[index]))


def judge_gradient(trial: Trial, what: str, values: Sides, index: tuple[int, ...]) -> Verdict:
    """The side whose slope is farther from that of the formula."""
    weight = trial.layer.weights(*(x.shape[1:] for x in trial.inputs)).get(what[1:])
    frozen = None if weight is None else weight.frozen_row
    formula, dys = Evaluated.of(trial), wide(trial.upstream())
    return judge_slope(what[1:], values, index, lambda ops, change: formula.at(what, ops, change), dys, frozen)


At = Callable[[Namespace, Callable[[Array], Any]], Sequence[Any]]
"""at(ops, change): what is differentiated, computed by `ops` with its argument x replaced by change(x)."""


def judge_slope(
    of: str, values: Sides, index: tuple[int, ...], at: At, dys: Sequence[Array], frozen: int | None = None
) -> Verdict:
    """The side whose slope along v is farther from that of f = Σ dy·y, v the direction in which the two differ.

    Along v the two sides are as far apart as can be, and where few entries are wrong, few are moved. The slope is what
    the documented derivative of each array function makes of the formula (core/parity/derivative.py). Where a central
    difference (f(x + hv) − f(x − hv)) / 2h confirms it, that is the witness: it knows no rule at all. At a kink, or
    where the two sides are closer to each other than differences are exact, the rules alone are.
    `index` is where they differ most; in row `frozen` the gradient is 0 by description, whatever the slope.
    """
    if frozen is not None and index[0] == frozen:
        return odd_one_out("described", f"d{of}{list(index)}, in a frozen row", entries(values, index), 0.0)
    a, b = (np.asarray(v, np.float64) for v in values.values() if v is not None)
    with np.errstate(invalid="ignore"):
        apart = a - b
    bad = ~np.isfinite(apart)
    v = bad.astype(np.float64) if bad.any() else apart / (np.abs(apart).max() or 1.0)
    if frozen is not None:
        v[frozen] = 0
    claims = {name: float(np.sum(g * v, where=v != 0)) for name, g in zip(values, (a, b), strict=True)}
    gap = abs(float(np.sum(apart * v, where=v != 0)))
    quantity = f"slope of {of} along the direction in which they differ"
    truth = weighed(dys, [slope_of(y) for y in at(SLOPES, lambda x: Moving(x, v))])
    for h in STEPS:
        up, down = at(NUMPY, lambda x, h=h: x + h * v), at(NUMPY, lambda x, h=h: x - h * v)  # type: ignore[misc]
        slope = weighed(dys, [_change(*ends) / (2 * h) for ends in zip(up, down, strict=True)])
        if abs(slope - truth) <= AGREE * (gap if np.isfinite(gap) else abs(truth)):
            return odd_one_out("finite difference", quantity, claims, slope)
    return odd_one_out("formula's derivative", quantity, claims, truth)


def weighed(dys: Sequence[Array], slopes: Sequence[Any]) -> float:
    """Σ dy·slope over every entry of every output; what does not move counts nothing, whatever its dy."""
    return float(sum(np.sum(dy * slope, where=slope != 0) for dy, slope in zip(dys, slopes, strict=True)))


def _change(up: Any, down: Any) -> Any:
    """up − down, entry by entry, so that what does not move adds no rounding; ∞ − ∞ is no change."""
    with np.errstate(invalid="ignore"):
        return np.where(up == down, 0.0, up - down)


def loss_by_formula(losses: Losses, outputs: tuple[Any, ...], targets: Arrays, ops: Namespace = NUMPY) -> Any:
    """Σ of the losses of a model's outputs, or where there is one alone, it as it is."""
    given = iter(targets)
    with np.errstate(all="ignore"):
        predictions = gathered(losses, outputs, partial(ops.stack, axis=1))
        first, *others = (
            LOSS_FORMULAS[type(loss)](loss, ops, p, next(given))
            for loss, p in zip(losses, predictions, strict=True)
            if loss is not None
        )
        for value in others:
            first = first + value
    return first
