"""The third witness: which of two sides that differ is wrong.

Structure (shape, dtype, a missing gradient): the description. Outputs, buffers, steps: the formula, evaluated once in
float64. Gradients: the formula's central differences along the direction in which the two sides differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np

from isograd.core.base.arrays import NUMPY
from isograd.core.base.tree import flatten, nest
from isograd.core.base.types import FLOATS, Array, Arrays, State
from isograd.core.engine.context import Run
from isograd.core.layers.base import Layer
from isograd.core.learning.losses import Losses
from isograd.core.parity.formulas import LOSS_FORMULAS, Seen, evaluated
from isograd.core.parity.matching import Sides, entries, structure
from isograd.core.parity.pair import in_dtype
from isograd.core.parity.stages.trial import Trial
from isograd.core.parity.verdict import Verdict

STEPS = (1e-4, 1e-5, 1e-6, 1e-7)
"""Of the central differences, tried in turn until two agree; a step that straddles a kink agrees with no other."""

AGREE = 0.1  # how far two steps may be apart, as a share of what the two sides are apart
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
    shapes = [x.shape[1:] for x in trial.inputs]
    buffers = {f"buffer {k}": w for k, w in trial.layer.buffers(*shapes).items()}
    wanted: dict[str, tuple[int, ...]] = {f"d{k}": w.shape for k, w in trial.layer.weights(*shapes).items()}
    wanted |= {k: w.shape for k, w in buffers.items()}
    wanted |= {f"dx{k or ''}": x.shape for k, x in enumerate(trial.inputs)}
    for k, shape in enumerate(trial.layer.checked_shapes(*shapes)):
        wanted[f"output{k or ''}"] = (len(trial.inputs[0]), *shape)
    dtype = np.dtype(np.int64) if what in buffers and buffers[what].integers else FLOATS[trial.dtype]
    return judge_promise(what, values, f"{dtype}{list(wanted[what])}" if what in wanted else "nothing")


def wide(values: Arrays) -> Arrays:
    """Floats as float64, whole numbers as they are."""
    return tuple(np.asarray(v, np.float64) if v.dtype.kind == "f" else v for v in values)


class Evaluated:
    """A layer's or a model's formula in float64, on a given state and inputs."""

    def __init__(self, layer: Layer, state: Mapping[str, Array], inputs: Arrays, run: Run) -> None:
        self.layer, self.state, self.inputs, self.run = layer, in_dtype(state, "float64"), wide(inputs), run
        self.places = {f"dx{k or ''}": k for k in range(len(inputs))}

    @classmethod
    def of(cls, trial: Trial) -> Evaluated:
        name = trial.model.graph(*trial.model.input_shapes).nodes[0].name
        return cls(trial.layer, trial.state, trial.rounded_inputs(), Run(trial.training, trial.seed, 0, name))

    def outputs(self, seen: Seen | None = None) -> tuple[Arrays, State]:
        """(outputs, weights and buffers after the run)"""
        return self._at(self.state, self.inputs, seen)

    @cached_property
    def unmoved(self) -> Arrays:
        return self.outputs()[0]

    def moved(self, what: str, direction: Array, step: float) -> Arrays:
        """The outputs with input "dx…" or weight "d…" moved by step·direction."""
        if step == 0:
            return self.unmoved
        if what in self.places:
            inputs = tuple(x + step * direction if k == self.places[what] else x for k, x in enumerate(self.inputs))
            return self._at(self.state, inputs)[0]
        return self._at(self.state | {what[1:]: self.state[what[1:]] + step * direction}, self.inputs)[0]

    def _at(self, state: State, inputs: Arrays, seen: Seen | None = None) -> tuple[Arrays, State]:
        with np.errstate(all="ignore"):  # 0·∞ in a branch that `where` leaves out
            y, after = evaluated(self.layer, NUMPY, nest(state), inputs, self.run, seen)
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
    """The side whose slope is farther from the formula's central difference."""
    weight = trial.layer.weights(*(x.shape[1:] for x in trial.inputs)).get(what[1:])
    frozen = None if weight is None else weight.frozen_row
    formula, dys = Evaluated.of(trial), wide(trial.upstream())
    return judge_slope(what[1:], values, index, lambda v, h: formula.moved(what, v, h), dys, frozen)


def judge_slope(
    of: str,
    values: Sides,
    index: tuple[int, ...],
    moved: Callable[[Array, float], Sequence[Array]],
    dys: Sequence[Array],
    frozen: int | None = None,
) -> Verdict:
    """The side whose slope along v is farther from (f(+hv) − f(−hv))/2h, v the direction in which the two differ.

    f = Σ dy·y, y = `moved(v, h)`. Along v the two sides are as far apart as can be, and where few entries are wrong,
    few are moved: kinks are hardly met. Steps shrink until two agree; where none do, none is wrong for sure, nor is one
    whose claim a kink explains: the slope on its left, on its right, or between.
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
    slopes: list[float] = []
    bends: list[float] = []
    quantity = f"slope of {of} along the direction in which they differ"
    for h in STEPS:
        up, down = moved(v, h), moved(v, -h)
        slopes.append(change(up, down, dys) / (2 * h))
        bends.append(bend(up, moved(v, 0.0), down, dys) / h)
        close = AGREE * (gap if np.isfinite(gap) else abs(slopes[-1]))
        if len(slopes) > 1 and abs(slopes[-1] - slopes[-2]) <= close:
            verdict = odd_one_out("finite difference", quantity, claims, slopes[-1])
            bent = bends[-2] / 2 < bends[-1] < 2 * bends[-2]  # as a kink at every step; a curve less, rounding more
            guilty = verdict.guilty
            if bent and guilty is not None and abs(claims[guilty] - slopes[-1]) <= bends[-1] / 2 + close:
                return Verdict("finite difference", quantity, claims, "unsure: a kink")
            return verdict
    return Verdict("finite difference", quantity, claims, "unsure: its steps disagree")


def change(up: Sequence[Array], down: Sequence[Array], dys: Sequence[Array]) -> float:
    """Σ dy·(up − down), entry by entry, so that what does not move adds no rounding; ∞ − ∞ is no change."""
    with np.errstate(invalid="ignore"):
        moves = [np.where(a == b, 0.0, a - b) for a, b in zip(up, down, strict=True)]
    return float(sum(np.vdot(dy, move) for dy, move in zip(dys, moves, strict=True)))


def bend(up: Sequence[Array], middle: Sequence[Array], down: Sequence[Array], dys: Sequence[Array]) -> float:
    """Σ |dy·(up + down − 2·middle)|: what the slopes on the two sides of `middle` differ by, times the step."""
    with np.errstate(invalid="ignore"):
        bends = [dy * (a + c - 2 * b) for a, b, c, dy in zip(up, middle, down, dys, strict=True)]
    return float(sum(np.abs(np.where(np.isfinite(each), each, 0.0)).sum() for each in bends))


def loss_by_formula(losses: Losses, outputs: Arrays, targets: Arrays) -> Array:
    """Σ of the losses of a model's outputs, or where there is one alone, it as it is."""
    given = iter(targets)
    with np.errstate(all="ignore"):
        found = [
            np.asarray(LOSS_FORMULAS[type(loss)](loss, NUMPY, p, next(given)))
            for loss, p in zip(losses, outputs, strict=True)
            if loss is not None
        ]
    return found[0] if len(found) == 1 else np.asarray(sum(float(value) for value in found))
