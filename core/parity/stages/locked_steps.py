"""Optimizer steps, both sides restarted from the left one's state each time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from isograd.core.base.arrays import NUMPY
from isograd.core.base.types import Array, State
from isograd.core.engine.protocol import Learner, Network
from isograd.core.parity.formulas import CLIPPING_FORMULAS, OPTIMIZER_FORMULAS
from isograd.core.parity.matching import NOISE_FACTOR, TOLERANCE, Difference, Sides, difference, structure
from isograd.core.parity.pair import Pair, build_in, in_dtype
from isograd.core.parity.stages.training import Result, Stopped, Training, on_each, rounded, shaken, slots_of
from isograd.core.parity.verdict import Culprit, Row, Verdict
from isograd.core.parity.witness import judge_each, judge_promise

STAGE = "locked step"


@dataclass(frozen=True)
class Step:
    """One step of both sides from one state: what was before, and what each has after it."""

    pair: Pair
    training: Training
    dtype: str
    number: int
    before: State
    memory: State
    after: tuple[State, State]

    @cached_property
    def exact(self) -> list[State]:
        """Each side's step in float64, or in float64 from inputs moved by one unit in the last place.

        Its distance is how much of the step is rounding: late in training, or for a bias in front of a normalisation,
        a gradient is the small difference of large numbers, and rounding shows on any side.
        """
        training, found = self.training, []
        inputs, targets = (rounded(values, self.dtype) for values in training.batch(self.number))
        start, inputs = (self.before, inputs) if self.dtype == "float32" else shaken(self.before, inputs)
        for backend in self.pair.backends:
            net = build_in(backend, training.model, start, training.seed, "float64")
            learner = training.learner(net)
            learner.load_state_dict(in_dtype(self.memory, "float64"))
            learner.step(inputs, targets, training.optimizer.lr)
            found.append(net.state_dict() | slots_of(learner.state_dict()))
        return found

    def promised(self, weight: str) -> Array:
        """An array of the dtype and shape that a weight, its slots and its gradient have by description."""
        return in_dtype({weight: self.training.state[weight]}, self.dtype)[weight]

    @cached_property
    def ruled(self) -> tuple[State, State]:
        """What clipping's and the optimizer's formulas make, in float64, of each side's own gradients."""
        clip = self.training.clip
        found: list[State] = []
        for raw in self.gradients[0]:
            wide = in_dtype(raw, "float64")
            grads = wide if clip is None else CLIPPING_FORMULAS[type(clip)](clip, NUMPY, wide)
            after: State = {}
            for weight, gradient in grads.items():
                after |= by_formula(self, weight, gradient)
            found.append(after)
        return found[0], found[1]

    def follows(self, path: str) -> bool:
        """Whether each side did what the rules say with the gradients it had: only such a difference is rounding."""
        limit = TOLERANCE[STAGE, self.dtype]
        if path not in self.ruled[1]:
            return path.split("/", 1)[-1] not in self.gradients[0][1]  # a buffer, which no rule moves
        return all(
            not difference(after[path], ruled[path].astype(after[path].dtype)).exceeds(limit)
            for after, ruled in zip(self.after, self.ruled, strict=True)
        )

    def noise(self, path: str) -> float:
        """How far a side's step is from its own `exact`, on the side where it is more."""
        gaps = [difference(e[path].astype(a[path].dtype), a[path]) for e, a in zip(self.exact, self.after, strict=True)]
        return max(gap.error for gap in gaps)

    @cached_property
    def gradients(self) -> tuple[tuple[State, State], tuple[State, State]]:
        """(both sides' gradients, both sides' gradients clipped)"""
        training = self.training
        nets = self.pair.build(training.model, self.before, seed=training.seed, dtype=self.dtype)
        found = []
        for clip in dict.fromkeys((None, training.clip)):
            learners = [net.learner(training.losses, training.optimizer, clip) for net in nets]
            for learner in learners:
                learner.load_state_dict(self.memory)
            found.append([learner.gradients(*training.batch(self.number))[2] for learner in learners])
        return (found[0][0], found[0][1]), (found[-1][0], found[-1][1])


def locked_steps(pair: Pair, training: Training, dtype: str) -> Result:
    """`steps` steps, each from the left side's state: weights, buffers and optimizer state after it."""
    rows: list[Row] = []
    number = 0
    try:
        nets = on_each(pair, lambda k: pair.build_side(k, training.model, training.state, training.seed, dtype))
        learners = on_each(pair, lambda k: training.learner(nets[k]))
        for number in range(1, training.steps + 1):
            before, memory = _held(nets[0], learners[0])
            on_each(pair, lambda k, of=(before, memory): _set(nets[k], learners[k], *of))  # type: ignore[misc]
            on_each(pair, lambda k, number=number: training.step(learners[k], number))  # type: ignore[misc]
            left, right = on_each(pair, lambda k: nets[k].state_dict() | slots_of(learners[k].state_dict()))
            step = Step(pair, training, dtype, number, before, memory, (left, right))
            for path in {**right, **left}:
                row, gap = _compared(step, path)
                rows.append(row)
                if row.failed:
                    return rows, _judge(step, row, gap)
    except Stopped as stop:
        more, culprit = stop.result(pair, training.clip or training.optimizer, STAGE, dtype, "step", f"step {number}")
        return rows + more, culprit
    return rows, None


def _held(net: Network, learner: Learner) -> tuple[State, State]:
    """(weights and buffers, the optimizer's memory)"""
    return net.state_dict(), learner.state_dict()


def _set(net: Network, learner: Learner, weights: State, memory: State) -> None:
    """Both sides take over the left one's state, the left as well: its own way there and back is judged so, too."""
    net.load_state_dict(weights)
    learner.load_state_dict(memory)


def _compared(step: Step, path: str) -> tuple[Row, Difference]:
    """The row of one weight, buffer or slot after a step."""
    limit = TOLERANCE[STAGE, step.dtype]
    gap = difference(*(side.get(path) for side in step.after))
    if gap.fault is None and gap.exceeds(limit) and step.follows(path):
        limit = max(limit, NOISE_FACTOR * step.noise(path))
    return step.pair.row(STAGE, step.dtype, path, "after it", gap, limit, f"step {step.number}"), gap


def _judge(step: Step, row: Row, gap: Difference) -> Culprit:
    """Blame for a step: the clipping's formula, or the optimizer's, each side's on its own gradients.

    Where both are right so, the gradients before them differ, and the step is not to blame.
    """
    pair, spec, path = step.pair, step.training.optimizer, row.path
    weight = path.split("/", 1)[-1]
    values = dict(zip(pair.names, (side.get(path) for side in step.after), strict=True))
    clipped = step.gradients[1]
    if weight not in clipped[1] and weight not in step.gradients[0][1]:
        return pair.culprit(row, spec, gap.index, values, inherited="the forward: no optimizer moves a buffer")
    at_clipping = _judge_clipping(step, weight)
    if at_clipping is not None:
        return at_clipping
    if gap.structural:
        held = "/" not in path or path.split("/", 1)[0] in spec.slots
        promised = structure({"": step.promised(weight)})[""] if held else "nothing"
        return pair.culprit(row, spec, gap.index, values, judge_promise(path, values, promised))
    quantity = f"{path}{list(gap.index)} after step {step.number}"
    truths = [float(by_formula(step, weight, side[weight])[path][gap.index]) for side in clipped]
    verdict = judge_each(quantity, values, gap.index, truths)
    inherited = None if verdict else "its gradient, which differs before the step"
    return pair.culprit(row, spec, gap.index, values, verdict, inherited=inherited)


def by_formula(step: Step, weight: str, gradient: Array) -> State:
    """{path: the weight and its slots after the step} by the optimizer's formula in float64."""
    spec = step.training.optimizer
    held = in_dtype(step.memory, "float64")
    slots = {k.split("/", 1)[0]: v for k, v in held.items() if k.endswith(f"/{weight}")}
    w, g = (np.asarray(v, np.float64) for v in (step.before[weight], gradient))
    new_w, new = OPTIMIZER_FORMULAS[type(spec)](spec, NUMPY, spec.lr, step.number, w, g, slots)
    return {weight: new_w} | {f"{slot}/{weight}": values for slot, values in new.items()}


def _judge_clipping(step: Step, path: str) -> Culprit | None:
    """Blame for a gradient that differs after clipping, and not only because it did before."""
    pair, spec = step.pair, step.training.clip
    raw, clipped = step.gradients
    values: Sides = dict(zip(pair.names, (side.get(path) for side in clipped), strict=True))
    gap, allowed = difference(*values.values()), TOLERANCE[STAGE, step.dtype]
    if spec is None or not gap.exceeds(allowed):
        return None
    row = pair.row(STAGE, step.dtype, path, "clipped gradient", gap, allowed, f"step {step.number}")
    if gap.structural:
        verdict: Verdict | None = judge_promise(path, values, structure({"": step.promised(path)})[""])
    else:
        formula = CLIPPING_FORMULAS[type(spec)]
        truths = [float(formula(spec, NUMPY, in_dtype(side, "float64"))[path][gap.index]) for side in raw]
        verdict = judge_each(f"clipped gradient of {path}{list(gap.index)}", values, gap.index, truths)
    return None if verdict is None else pair.culprit(row, spec, gap.index, values, verdict)
