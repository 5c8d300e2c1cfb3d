"""What a step that is an iteration makes of rounding: where it ends when its start is nudged."""

from __future__ import annotations

from collections.abc import Mapping

from isograd.core.base.types import Array, Arrays, State
from isograd.core.graph.weights import without_ties
from isograd.core.parity.matching import nudged
from isograd.core.parity.pair import Pair, in_dtype
from isograd.core.parity.stages.training import Training, rounded, shaken, slots_of

NUDGES = 8


def nudged_ends(
    pair: Pair,
    training: Training,
    dtype: str,
    before: Mapping[str, Array],
    memory: State,
    batch: tuple[Arrays, Arrays],
) -> list[State]:
    """Weights, buffers and slots of the left side after a step from weights, inputs and slots a last place off.

    Slots of one number stay: they count.
    """
    found, (inputs, targets) = [], batch
    for draw in range(NUDGES):
        state, moved = shaken(training.model, in_dtype(before, dtype), rounded(inputs, dtype), draw=draw)
        net = pair.build_side(0, training.model, state, training.seed, dtype)
        learner = training.learner(net)
        learner.load_state_dict({name: nudged(slot, 1, draw) if slot.ndim else slot for name, slot in memory.items()})
        learner.step(moved, targets, training.optimizer.lr)
        found.append(without_ties(net.model, net.state_dict()) | slots_of(learner.state_dict()))
    return found
