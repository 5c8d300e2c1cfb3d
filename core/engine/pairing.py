"""Which of a model's outputs, and which of its data's targets, a loss is about.

Most losses compare one output with one array of targets. One of several predictions takes them of one output, side by
side along axis 1, or of so many outputs that follow each other; one of several arrays of targets (or of none) takes
the array that its `packed` makes of them, or these arrays. Here the second form becomes the first, so that whatever
computes a loss meets one prediction and one array of targets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from isograd.core.base.errors import SpecError
from isograd.core.base.types import Arrays
from isograd.core.graph.composite import Composite
from isograd.core.learning.losses import Losses


def places_of(losses: Losses, outputs: int) -> list[range]:
    """The places, among so many outputs, of those that each loss (or None) is about.

    >>> from isograd.core.learning.margins import MarginRankingLoss
    >>> places_of((None, MarginRankingLoss()), 3), places_of((None, MarginRankingLoss()), 2)
    ([range(0, 1), range(1, 3)], [range(0, 1), range(1, 2)])
    """
    spread = len(losses) != outputs
    places, start = [], 0
    for loss in losses:
        stop = start + (loss.predictions if spread and loss is not None else 1)
        places.append(range(start, stop))
        start = stop
    return places


def gathered(losses: Losses, outputs: Sequence[Any], stack: Callable[[list[Any]], Any]) -> list[Any]:
    """The prediction that each loss (or None) is about; `stack` sets several outputs side by side along axis 1."""
    if len(losses) == len(outputs):
        return list(outputs)
    found = [[outputs[k] for k in places] for places in places_of(losses, len(outputs))]
    return [several[0] if len(several) == 1 else stack(several) for several in found]


def packed(losses: Losses, targets: Arrays, rows: int) -> Arrays:
    """One array of targets for each loss that is not None, of these or of as many as the losses take."""
    trained = [loss for loss in losses if loss is not None]
    ready = len(targets) == len(trained) and not any(x.packs(t) for x, t in zip(trained, targets, strict=True))
    if ready or len(targets) != sum([loss.arrays for loss in trained]):
        return targets
    made, start = [], 0
    for loss in trained:
        made.append(loss.packed(targets[start : start + loss.arrays], rows))
        start += loss.arrays
    return tuple(made)


def in_evaluation(model: Composite, losses: Losses, targets: Arrays) -> tuple[Losses, Arrays]:
    """(losses, targets) of the outputs that evaluation has: all of them, unless the model says otherwise."""
    chosen = model.graph(*model.input_shapes).evaluation
    if chosen is None:
        return losses, targets
    places = places_of(losses, len(model.out_shapes(*model.input_shapes)))
    there = [set(at) <= set(chosen) for at in places]
    first = {at[0]: loss for loss, at, known in zip(losses, places, there, strict=True) if known}
    further = {k for at, known in zip(places, there, strict=True) if known for k in at[1:]}
    kept = tuple(first.get(k) for k in chosen if k not in further)
    if all(loss is None for loss in kept):
        wanted = f"a loss on an output that evaluation has: {', '.join(map(str, chosen))}"
        raise SpecError("evaluate", wanted=wanted, got="none there", fix="give one of them a loss")
    trained = [known for loss, known in zip(losses, there, strict=True) if loss is not None]
    return kept, tuple(t for t, known in zip(targets, trained, strict=True) if known)
