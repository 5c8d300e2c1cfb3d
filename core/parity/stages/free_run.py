"""Optimizer steps on each side by itself, without restart: where both end."""

from __future__ import annotations

import numpy as np

from isograd.core.base.types import Array, State
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.pair import Pair, build_in, in_dtype
from isograd.core.parity.stages.training import Result, Stopped, Training, on_each, on_left, rounded, shaken

STAGE = "free run"


def free_run(pair: Pair, training: Training, dtype: str) -> Result:
    """`steps` steps on each side without restart: the weights at the end.

    float64 is judged by the table; float32 is reported against the envelope: how far the left side ends
    from itself when its input is moved by one unit in the last place.
    """

    def run(side: int) -> tuple[State, Array]:
        net = pair.build_side(side, training.model, training.state, training.seed, dtype)
        learner = training.learner(net)
        losses = [training.step(learner, step) for step in range(1, training.steps + 1)]
        return net.state_dict(), np.array(losses)

    note = f"after {training.steps} steps"
    try:
        (left, left_losses), (right, right_losses) = on_each(pair, run)
        allowed = TOLERANCE.get((STAGE, dtype))
        if allowed is None:
            apart = on_left(pair, lambda: _envelope(pair, training, dtype, left))
            note += f"; nudged by one ulp, {pair.names[0]} ends {apart:.1e} from itself"
    except Stopped as stop:
        return stop.result(pair, training.optimizer, STAGE, dtype, "steps", note)
    rows = [
        pair.row(STAGE, dtype, path, "weights", difference(left.get(path), end), allowed, note)
        for path, end in right.items()
    ]
    gap = difference(left_losses, right_losses)
    return [*rows, pair.row(STAGE, dtype, "loss", "of every step", gap, allowed, note)], None


def _envelope(pair: Pair, training: Training, dtype: str, end: State) -> float:
    state, _ = shaken(in_dtype(training.state, dtype), rounded(training.batch(1)[0], dtype))
    net = build_in(pair.left, training.model, state, training.seed, dtype)
    learner = training.learner(net)
    for step in range(1, training.steps + 1):
        inputs, targets = training.batch(step)
        _, moved = shaken({}, rounded(inputs, dtype))
        learner.step(moved, targets, training.optimizer.lr)
    return max(difference(values, end[path]).error for path, values in net.state_dict().items())
