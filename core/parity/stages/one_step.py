"""One optimizer step of both sides from one state: what each has, by which gradients, and what rounding makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from isograd.core.base.arrays import NUMPY
from isograd.core.base.types import Array, State
from isograd.core.engine.protocol import Learner, Network
from isograd.core.graph.weights import declared, without_ties
from isograd.core.parity.formulas import CLIPPING_FORMULAS, OPTIMIZER_FORMULAS
from isograd.core.parity.matching import NUDGES, Difference, difference, largest, nudged
from isograd.core.parity.pair import Pair, build_in, in_dtype
from isograd.core.parity.stages.end_to_end import BUFFER, OF_THE_LOSS, Whole
from isograd.core.parity.stages.nudging import nudged_ends
from isograd.core.parity.stages.rounding import Found, Rounding
from isograd.core.parity.stages.training import (
    Training,
    rounded,
    shaken,
    slots_of,
)

STAGE = "locked step"
GRADIENT, LOSS = f"gradient{OF_THE_LOSS}", ("loss", "value")


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
    losses: tuple[float, float]
    least: float  # the noise floor that no run is below
    blamed: bool  # whether somebody was, before any step
    differing: frozenset[str] = frozenset()  # weights whose gradients differ end to end

    @property
    def whole(self) -> Whole:
        """The model as it was before the step, on the step's batch."""
        training = self.training
        inputs, targets = training.batch(self.number)
        return Whole(training.model, self.before, inputs, training.losses, targets, training.seed, self.number - 1)

    def promised(self, weight: str) -> Array:
        """An array of the dtype and shape that a weight and its gradient have by description."""
        return in_dtype({weight: self.training.state[weight]}, self.dtype)[weight]

    def promised_slot(self, slot: str, weight: str) -> Array | None:
        """The same of one of a weight's slots; None where it has none of this name."""
        found = self.training.optimizer.memory(self.training.state[weight].shape).get(slot)
        return None if found is None else np.zeros(found.shape, self.dtype)

    @cached_property
    def ruled(self) -> tuple[State, State]:
        """What clipping's and the optimizer's formulas make, in float64, of each side's own gradients."""
        left, right = (self._ruled(raw) for raw in self.gradients[0])
        return left, right

    def _ruled(self, raw: State, moved: Callable[[Array], Array] = np.asarray) -> State:
        """`ruled` of one side, whose clipped gradients are `moved`."""
        clip, wide = self.training.clip, in_dtype(raw, "float64")
        grads = wide if clip is None else CLIPPING_FORMULAS[type(clip)](clip, NUMPY, wide)
        after: State = {}
        for weight, gradient in grads.items():
            after |= by_formula(self, weight, moved(gradient))
        return after

    @cached_property
    def rounding(self) -> Rounding:
        """What explains a difference between the sides' gradients of this batch."""
        whole, (raw_left, raw_right) = self.whole, self.gradients[0]
        buffers = declared(whole.model)[1]

        def found(gradients: State, after: State, loss: float) -> Found:
            moved = {(path, BUFFER): values for path, values in after.items() if path in buffers}
            slopes = {(path, GRADIENT): gradient for path, gradient in gradients.items()}
            return moved | slopes | {LOSS: np.asarray(loss, self.dtype)}

        def again(side: int, units: int, draw: int) -> Found:
            held, given = in_dtype(self.before, self.dtype), rounded(whole.inputs, self.dtype)
            state, moved = shaken(whole.model, held, given, units, draw)
            net = build_in(self.pair.backends[side], whole.model, state, whole.seed, self.dtype)
            learner = net.learner(whole.losses, self.training.optimizer)
            learner.load_state_dict(self.memory)
            gradients = learner.gradients(moved, whole.targets)[2]
            loss = learner.step(moved, whole.targets, self.training.optimizer.lr)
            return found(gradients, without_ties(net.model, net.state_dict()), loss)

        sides = found(raw_left, self.after[0], self.losses[0]), found(raw_right, self.after[1], self.losses[1])
        return Rounding(self.pair, sides, self.least, again, whole.added(self.pair.right), not self.blamed)

    def only_rounding(self, weight: str) -> bool:
        """Whether the sides' gradients of a weight are as equal as rounding lets them be."""
        if weight in self.differing:
            return False
        judged = self.rounding.judge((weight, GRADIENT))
        return not judged.gap.exceeds(judged.allowed)

    def from_rules(self, path: str) -> Difference:
        """How far a weight or slot is from what the rules make of its side's own gradients, on the farther side."""
        found = (self.beside(side, path, ruled, self.after[side]) for side, ruled in enumerate(self.ruled))
        return max(found, key=lambda gap: gap.error)

    def beside(self, side: int, path: str, ruled: State, after: State) -> Difference:
        """How far a weight or slot is `after` the step from what rules make of a side's own gradients.

        A share of what was added up: of a weight and its step, of a slot and its gradient, each without its sign.
        """
        weight = path.split("/", 1)[-1]
        if path == weight:
            added = largest(self.before[path]) + largest(after[path] - self.before[path])
        else:
            sizes = by_formula(self, weight, np.abs(self.gradients[1][side][weight]), np.abs)
            added = largest(sizes[path])
        return difference(after[path], ruled[path].astype(after[path].dtype), added=added)

    def rules_noise(self, path: str) -> float:
        """How far the rules move by one unit in the last place of the left side's clipped gradient: far where decay,
        or a momentum, all but cancels it, and what is left is divided by its own size."""

        def moved(draw: int) -> State:
            return self._ruled(self.gradients[0][0], lambda g: nudged(g.astype(self.dtype), 1, draw))

        return max(self.beside(0, path, self.ruled[0], moved(draw)).error for draw in range(NUDGES))

    def again(self, side: int) -> State:
        """What a side has after the step, taken once more from the same state: with its loss, under ""."""
        net = self.pair.build_side(side, self.training.model, self.before, self.training.seed, self.dtype)
        learner = self.training.learner(net)
        learner.load_state_dict(self.memory)
        loss = self.training.step(learner, self.number)
        return held_by(net, learner)[0] | slots_of(learner.state_dict()) | {"": np.asarray(loss)}

    @cached_property
    def nudged(self) -> list[State]:
        """Where the left side ends from starts that are moved by one unit in the last place."""
        start = self.before, self.memory, self.training.batch(self.number)
        return nudged_ends(self.pair, self.training, self.dtype, *start)

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


Rule = Callable[..., tuple[Any, dict[str, Any]]]
"""As the formula of an optimizer takes its arguments."""


def by_formula(
    step: Step,
    weight: str,
    gradient: Array,
    entered: Callable[[Array], Array] = np.asarray,
    rule: Rule | None = None,
) -> State:
    """{path: the weight and its slots after the step} by the optimizer's formula in float64, or by another rule.

    Weight and slots are `entered` as they are, or by their sizes.
    """
    spec = step.training.optimizer.of_dtype(step.dtype)
    held = in_dtype(step.memory, "float64")
    slots = {k.split("/", 1)[0]: entered(v) for k, v in held.items() if k.endswith(f"/{weight}")}
    w, g = entered(np.asarray(step.before[weight], np.float64)), np.asarray(gradient, np.float64)
    new_w, new = (rule or OPTIMIZER_FORMULAS[type(spec)])(spec, NUMPY, spec.lr, step.number, w, g, slots)
    return {weight: new_w} | {f"{slot}/{weight}": values for slot, values in new.items()}


def held_by(net: Network, learner: Learner) -> tuple[State, State]:
    """(weights and buffers, the optimizer's memory)"""
    return without_ties(net.model, net.state_dict()), learner.state_dict()
