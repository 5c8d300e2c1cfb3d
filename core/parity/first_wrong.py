"""Which part of a model has a wrong backward: the loss and every node alone, in the order of the backward.

A wrong gradient spoils all that are computed after it. Alone, with inputs and dy of its own, only what is wrong by
itself is wrong; one difference along a direction of all entries clears a tensor, and only where it does not are its
entries gone through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from isograd.core.base.description import Description
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import Array, Shape
from isograd.core.engine.batches import aligned
from isograd.core.engine.pairing import gathered
from isograd.core.engine.protocol import Judged, judged
from isograd.core.learning.losses import Loss
from isograd.core.parity.differences import SMALLEST_SCALE, STEPS, Differences, GradientRow, Slope, compared
from isograd.core.parity.matching import GRADIENT_CHECK
from isograd.core.parity.pair import in_dtype
from isograd.core.parity.stages.feeds import feeds
from isograd.core.parity.stages.trial import Trial
from isograd.core.parity.verdict import Culprit, short

STAGE, WALK = "gradients", "the whole graph"


def first_wrong(whole: Differences, rows: Sequence[GradientRow]) -> Culprit:
    """The culprit of a model of which `rows` say that something is wrong: a loss, a node, or the walk through them."""
    for path, loss, row in _of_losses(whole):
        if row.failed:
            return _culprit(whole, path, loss, "dprediction", row)
    seen = whole.net.activations(*whole.inputs, training=True)
    for path, node, inputs, weights in reversed(
        list(feeds(whole.net.model, whole.inputs, seen, whole.state, training=True))
    ):
        state = in_dtype(weights, "float64")
        trial = Trial(path, node.layer, inputs, state, "float64", True, whole.seed, forms=node.in_forms)
        wrong = _wrong_alone(whole, trial)
        if wrong is not None:
            return _culprit(whole, path, node.layer, *wrong, shapes=node.in_shapes)
    last = [row for row in rows if row.failed][-1]  # inputs stand first, weights in the order of computation
    return _culprit(whole, WALK, whole.net.model, f"gradient of {last.path}", last)


def _of_losses(whole: Differences) -> Iterator[tuple[str, Description, GradientRow]]:
    """(path, loss, the row of its gradient) of every loss, at what the model predicts."""
    outputs = whole.forward(whole.inputs)
    losses = whole.losses or (None,) * len(outputs)
    alone = sum(loss is not None for loss in losses) == 1
    predictions = gathered(losses, outputs, partial(np.stack, axis=1))
    for k, (loss, p, t) in enumerate(zip(losses, predictions, aligned(losses, whole.targets), strict=True)):
        if loss is None or t is None:
            continue
        path = "loss" if alone else f"loss of output{k or ''}"
        gradient = np.asarray(judged(whole.backend).evaluate_loss(loss, p, t, np.ones(()))[1])
        yield path, loss, compared(path, gradient, _slope_of(judged(whole.backend), loss, p, t))


def _slope_of(engine: Judged, loss: Loss, p: Array, t: Array) -> Slope:
    """(L(p + h) − L(p − h)) / 2h in one entry of the predictions."""

    def slope(index: tuple[int, ...], h: float) -> float:
        ends = []
        for step in (h, -h):
            moved = p.copy()
            moved[index] += step
            ends.append(float(engine.evaluate_loss(loss, moved, t, np.ones(()))[0]))
        return (ends[0] - ends[1]) / (2 * h)

    return slope


def _wrong_alone(whole: Differences, trial: Trial) -> tuple[str, GradientRow] | None:
    """What of a node's own gradients is wrong first, its inputs' before its weights'."""
    model = trial.model
    owner = model.graph(*model.input_shapes).nodes[0].owner
    state = {f"{owner}.{name}": values for name, values in trial.state.items()}
    alone = Differences(whole.backend, model, state, trial.inputs, (None,), (), whole.seed)
    for path in alone.judged:
        if not _cleared(alone, path):
            row = alone.row(path)
            if row.failed:
                name = path if path in alone.state else path.replace("input", "x").replace(" ", "")
                return f"d{name.removeprefix(f'{owner}.')}", row
    return None


def _cleared(alone: Differences, path: str) -> bool:
    """Whether the slope along a direction that moves every entry is what the gradient says."""
    gradient = alone.gradient(path)
    if alone.frozen.get(path) is not None or not np.isfinite(gradient).all():
        return False  # its entries are gone through one by one
    v = random_upstream(gradient.shape, alone.seed, path, gradient.dtype)
    apart = abs(alone.along(path, v, STEPS[0]) - float(np.sum(gradient * v)))
    return bool(apart <= GRADIENT_CHECK / 2 * max(float(np.abs(gradient).max(initial=0)), SMALLEST_SCALE))


def _culprit(
    whole: Differences, path: str, spec: Description, what: str, row: GradientRow, shapes: Sequence[Shape] = ()
) -> Culprit:
    """The engine's claim, its own forward's central difference, and where the engine computes it."""
    name = whole.backend.name
    return Culprit(
        stage=STAGE,
        dtype="float64",
        path=path,
        layer=short(spec, *shapes),
        what=what,
        error=row.error,
        allowed=GRADIENT_CHECK,
        index=row.index,
        mode="training",
        values={name: row.analytic},
        witness="finite difference",
        quantity=f"{what}{list(row.index)}",
        claims={name: row.analytic},
        truth=row.numeric,
        guilty=name,
        source=whole.backend.source(spec),
    )
