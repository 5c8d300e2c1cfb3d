"""Optimizer steps, both sides restarted from the left one's state each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from isograd.core.base.arrays import NUMPY
from isograd.core.base.types import State
from isograd.core.engine.protocol import Judged
from isograd.core.graph.weights import declared
from isograd.core.parity.conventions.stepping import told
from isograd.core.parity.formulas import CLIPPING_FORMULAS
from isograd.core.parity.matching import (
    NOISE_FACTOR,
    TOLERANCE,
    Difference,
    Sides,
    allowed_by,
    difference,
    differences,
    structure,
)
from isograd.core.parity.pair import Pair, in_dtype
from isograd.core.parity.stages.end_to_end import BUFFER, judge
from isograd.core.parity.stages.loss import losses_alone
from isograd.core.parity.stages.nodes import nodes_alone
from isograd.core.parity.stages.one_step import GRADIENT, LOSS, Step, by_formula, held_by
from isograd.core.parity.stages.rounding import least_noise
from isograd.core.parity.stages.training import (
    Result,
    Stopped,
    Training,
    from_run_to_run,
    on_each,
    slots_of,
)
from isograd.core.parity.verdict import Culprit, Row, Verdict
from isograd.core.parity.witness import judge_each, judge_promise

STAGE = "locked step"
OFTEN, SELDOM, KEPT = 3, 8, 0.25
"""Both sides take over the left one's state before each of the first steps, before every so many-th, and wherever they
are farther apart than this share of the limit."""


def locked_steps(
    pair: Pair,
    training: Training,
    dtype: str,
    alone: Sequence[Row] = (),
    whole: Sequence[Row] = (),
    *,
    blamed: bool = False,
) -> Result:
    """`steps` steps, each from the left side's state, or within a quarter of the limit of it: weights, buffers and
    optimizer state after it.

    What rounding explains of gradients and buffers is, as end to end, no less than the errors of the nodes `alone`. A
    gradient of the loss that failed in the `whole` is no rounding here either.
    Where nobody was `blamed` before, what a step inherits is looked for on its own batch.
    """
    rows: list[Row] = []
    number, least = 0, least_noise(dtype, alone)
    differing = frozenset(row.path for row in whole if row.failed and row.what == GRADIENT)
    try:
        walk = _Walk(pair, training, dtype)
        unknown = _unknown(pair, training, dtype, [memory for _, memory in walk.held])
        if unknown:
            return unknown
        for number in range(1, training.steps + 1):
            (before, memory), (after, losses, gaps) = walk.held[0], walk.taken(number)
            step = Step(pair, training, dtype, number, before, memory, after, losses, least, blamed, differing)
            for path, gap in gaps.items():
                row, gap = _compared(step, path, gap)
                rows.append(row)
                if row.failed:
                    rows[-1] = row = row.from_itself(partial(from_run_to_run, pair, step.again, path))
                    return told(step, rows, _judge(step, row, gap))
            row, gap = _compared_losses(step)
            rows.append(row)
            if row.failed:
                rows[-1] = row = row.from_itself(partial(from_run_to_run, pair, step.again, ""))
                return rows, _judge_loss(step, row, gap)
    except Stopped as stop:
        more, culprit = stop.result(pair, training.clip or training.optimizer, STAGE, dtype, "step", f"step {number}")
        return rows + more, culprit
    return rows, None


def _unknown(pair: Pair, training: Training, dtype: str, memories: Sequence[State]) -> Result | None:
    """What a learner remembers that neither optimizer nor carried states have by description: no other takes it."""
    spec = training.optimizer
    for path in {key: None for memory in memories for key in memory if key != "step"}:
        slot, _, weight = path.partition("/")
        shape = training.state[weight].shape if weight in training.state else None
        if shape is None or slot not in spec.memory(shape):
            values: Sides = dict(zip(pair.names, (memory.get(path) for memory in memories), strict=True))
            gap = Difference(np.inf, fault="not by description")
            row = pair.row(STAGE, dtype, path, "in state_dict()", gap, 0.0)
            return [row], pair.culprit(row, spec, (), values, judge_promise(path, values, "nothing"))
    return None


Taken = tuple[tuple[State, State], tuple[float, float], dict[str, Difference]]
"""(what each side has after a step, its losses, how far the first are apart)"""


class _Walk:
    """Both sides on their way, `held` what each has there: (weights and buffers, memory)."""

    def __init__(self, pair: Pair, training: Training, dtype: str) -> None:
        self.pair, self.training, self.dtype, self.limit = pair, training, dtype, TOLERANCE[STAGE, dtype]
        self.nets = on_each(pair, lambda k: pair.build_side(k, training.model, training.state, training.seed, dtype))
        self.learners = on_each(pair, lambda k: training.learner(self.nets[k]))
        self.held = on_each(pair, lambda k: held_by(self.nets[k], self.learners[k]))
        self.apart = 0.0

    def taken(self, number: int) -> Taken:
        """A step from one state: both sides take over the left one's first, the left as well, so that its own way
        there and back is judged, too.

        That costs as much as a step, and is left out where both are still as good as there: where they were within
        KEPT of the limit, and are within it after the step.
        """
        start = self.held[0]
        if number > OFTEN and number % SELDOM and self.apart <= KEPT * self.limit:
            taken = self._step(number)
            if self.apart <= self.limit:
                return taken
        on_each(self.pair, lambda k: self._set(k, *start))
        return self._step(number)

    def _set(self, k: int, weights: State, memory: State) -> None:
        self.nets[k].load_state_dict(weights)
        self.learners[k].load_state_dict(memory)

    def _step(self, number: int) -> Taken:
        losses = on_each(self.pair, lambda k: self.training.step(self.learners[k], number))
        self.held = on_each(self.pair, lambda k: held_by(self.nets[k], self.learners[k]))
        left, right = (weights | slots_of(memory) for weights, memory in self.held)
        gaps = differences(left, right)
        of_loss = difference(*(np.asarray(loss, self.dtype) for loss in losses))
        self.apart = max((gap.error if gap.fault is None else np.inf for gap in (*gaps.values(), of_loss)), default=0.0)
        return (left, right), (losses[0], losses[1]), gaps


def _compared(step: Step, path: str, gap: Difference) -> tuple[Row, Difference]:
    """The row of one weight, buffer or slot after a step, of which `gap` may not say where.

    A gradient that cancels is rounding, and an optimizer may make a step of any size of it. Where such a step differs,
    each side is held against what the rules make of its own gradient, and the gradients against what they add up.
    """
    limit, note, apart = TOLERANCE[STAGE, step.dtype], f"step {step.number}", None
    if not gap.exceeds(limit):
        return step.pair.row(STAGE, step.dtype, path, "after it", gap, limit, note, step.number), gap
    gap = difference(*(side.get(path) for side in step.after))
    if gap.fault is None:
        weight = path.split("/", 1)[-1]
        if step.training.optimizer.searches:
            added = step.rounding.added((weight, GRADIENT)) if "/" in path else 0.0  # it ends where gradients cancel
            gap = difference(*(side.get(path) for side in step.after), added=added)
            noise = max(difference(step.after[0][path], end[path], added=added).error for end in step.nudged)
            limit = max(limit, NOISE_FACTOR * noise)
        elif weight not in step.gradients[0][1]:
            judged = step.rounding.judge((path, BUFFER))
            gap, limit = judged.gap, max(limit, judged.allowed)
            row = step.pair.row(STAGE, step.dtype, path, "after it", gap, limit, note, step.number)
            return judged.said_of(row), gap
        elif path in step.ruled[1]:
            allowed = max(limit, allowed_by(step.rules_noise(path)))
            if not step.from_rules(path).exceeds(allowed) and step.only_rounding(weight):
                apart, limit = gap.atol, allowed
                gap = replace(step.from_rules(path), exact=False, rtol=gap.rtol, atol=gap.atol)
                note += "; each side by the rules from its own gradient"
    row = step.pair.row(STAGE, step.dtype, path, "after it", gap, limit, note, step.number)
    return replace(row, apart=apart), gap


def _compared_losses(step: Step) -> tuple[Row, Difference]:
    """The row of the loss that a step returns: that before its update."""
    limit, judged = TOLERANCE[STAGE, step.dtype], None
    gap = difference(*(np.asarray(loss, step.dtype) for loss in step.losses))
    if gap.fault is None and gap.exceeds(limit):
        judged = step.rounding.judge(LOSS)
        gap, limit = judged.gap, max(limit, judged.allowed)
    row = step.pair.row(STAGE, step.dtype, "loss", "before it", gap, limit, f"step {step.number}")
    return row if judged is None else judged.said_of(row), gap


def _judge_loss(step: Step, row: Row, gap: Difference) -> Culprit:
    """Blame for the loss of a step: the formula's, of the whole model."""
    values: Sides = {name: np.asarray(loss) for name, loss in zip(step.pair.names, step.losses, strict=True)}
    verdict = judge(step.whole, step.dtype, LOSS, dict(values), gap)
    return step.pair.culprit(row, step.whole.loss, gap.index, values, verdict)


def _judge(step: Step, row: Row, gap: Difference) -> Culprit:
    """Blame for a step: the clipping's formula, or the optimizer's, each side's on its own gradients.

    Where both are right so, the gradients before them differ, and the step is not to blame.
    """
    pair, spec, path = step.pair, step.training.optimizer, row.path
    weight = path.split("/", 1)[-1]
    values = dict(zip(pair.names, (side.get(path) for side in step.after), strict=True))
    clipped = step.gradients[1]
    if path in declared(step.training.model)[1]:
        forward = "the forward: no optimizer moves a buffer"
        return _by_itself(step) or pair.culprit(row, spec, gap.index, values, inherited=forward)
    if weight not in step.training.state:
        return pair.culprit(row, spec, gap.index, values, judge_promise(path, values, "nothing"))
    at_clipping = _judge_clipping(step, weight)
    if at_clipping is not None:
        return at_clipping
    if gap.structural:
        held = step.promised_slot(path.split("/", 1)[0], weight) if "/" in path else step.promised(weight)
        promised = "nothing" if held is None else structure({"": held})[""]
        return pair.culprit(row, spec, gap.index, values, judge_promise(path, values, promised))
    if spec.searches:  # it has no rule entry by entry
        return _by_itself(step) or pair.culprit(row, spec, gap.index, values)
    ruled = [by_formula(step, weight, side[weight])[path] for side in clipped]
    ruled_gap = step.from_rules(path)
    places = [gap.index, ruled_gap.index] if ruled_gap.exceeds(TOLERANCE[STAGE, step.dtype]) else [gap.index]
    for index in places:  # where the sides differ most, it may be by their gradients
        quantity, truths = f"{path}{list(index)} after step {step.number}", [float(each[index]) for each in ruled]
        verdict = judge_each(quantity, values, index, truths)
        if verdict:
            return pair.culprit(row, spec, index, values, verdict)
    before = "its gradient, which differs before the step"
    return _by_itself(step) or pair.culprit(row, spec, gap.index, values, inherited=before)


def _by_itself(step: Step) -> Culprit | None:
    """The first node or loss that is wrong by itself on the step's batch, weights and position of randomness."""
    if step.blamed:
        return None
    _, culprits = nodes_alone(step.pair, step.whole, dtype=step.dtype, training=True)
    if culprits or not all(isinstance(backend, Judged) for backend in step.pair.backends):
        return next(iter(culprits), None)
    found = (culprit for _, culprit in losses_alone(step.pair, step.whole, step.dtype))
    return next((culprit for culprit in found if culprit is not None), None)


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
