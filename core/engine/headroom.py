"""Whether an update will be finite: known from sizes before anything is changed, or found out on the way.

A step must be kept whole or not at all, and an update in place cannot be taken back. So its learner asks first for
the size of the gradients, in one pass over them. Where no weight can leave the floats, as an optimizer's own bound
says (`Optimizer.reach`), and no slot, it updates in place. Elsewhere, which is next to never, it keeps copies, updates,
looks at every weight and slot, and puts the copies back where one is no number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf

import numpy as np

from isograd.core.base.errors import NonFiniteError
from isograd.core.base.types import Array
from isograd.core.engine.memory import largest_start
from isograd.core.learning.optimizers import Optimizer


class Headroom:
    """How far from the largest float a learner's numbers can be by now.

    `lr`, `gradient`, `weight` bound the sizes of all so far; the slots are bounded by what `gradient` bounds, and by
    `added`, all that has been added to them.
    """

    def __init__(self, optimizer: Optimizer, dtype: np.dtype[np.floating]) -> None:
        self.optimizer, self.limit = optimizer, float(np.finfo(dtype).max) / 8
        self.lr = self.gradient = 0.0
        self.weight, self.added = inf, largest_start(optimizer)

    def suffices(self, lr: float, gradient: float, measured: Callable[[], float]) -> bool:
        """Whether a step at this rate, with no entry of a gradient larger than `gradient`, is certain to be finite.

        `measured` bounds the weights as they are; it is asked where the bound that is known will not do.
        """
        if not gradient <= self.limit:
            return False
        self.lr, self.gradient = max(self.lr, lr), max(self.gradient, gradient)
        reach = self.optimizer.reach(self.lr, self.gradient, self.weight)
        if not self.weight + reach <= self.limit:
            self.weight = measured()
            reach = self.optimizer.reach(self.lr, self.gradient, self.weight)
        self.weight += reach
        self.added += reach
        return self.weight <= self.limit and self.added <= self.limit

    def weights_set(self) -> None:
        """Of the weights nothing is known any more."""
        self.weight = inf

    def slots_set(self, slots: float) -> None:
        """The memory is another: no entry of it is larger than `slots`; of the gradients before nothing is left."""
        self.gradient = self.added = slots
        self.weight = inf


def magnitude(arrays: Mapping[str, Array]) -> float:
    """max |v| over all entries; inf where one is no number."""
    sizes = [float(np.abs(values).max(initial=0)) for values in arrays.values()]
    return max((size if size == size else inf for size in sizes), default=0.0)


def nonfinite_gradient(gradients: Mapping[str, Array]) -> NonFiniteError | None:
    """The error of the gradient that is no number: the first on the way back from the loss; None where all are."""
    found = _first(dict(reversed(list(gradients.items()))))
    if found is None:
        return None
    path, place, value = found
    return NonFiniteError(
        f"the gradient of {path!r}, the first on the way back from the loss",
        wanted="finite numbers",
        got=f"{value} at {place}",
        fix="scale the inputs and targets, or a smaller lr from the start; this step changed nothing",
    )


def nonfinite_weight(weights: Mapping[str, Array], lr: float) -> NonFiniteError | None:
    """The error of the first weight that an update turned into no number; None where all are finite."""
    found = _first(weights)
    if found is None:
        return None
    path, place, value = found
    return NonFiniteError(
        f"the update of {path!r} at lr={lr:g}",
        wanted="finite weights",
        got=f"{value} at {place}, of a finite gradient",
        fix="a smaller lr, or clip=ig.ClipNorm(1.0); this step changed nothing",
    )


def nonfinite_slot(slots: Mapping[str, Array], lr: float) -> NonFiniteError | None:
    """The error of the first slot ("slot/weight path") that an update turned into no number; None where all are finite.

    A weight that is divided by the root of an infinite square stays as it is, step after step, without a word.
    """
    found = _first(slots)
    if found is None:
        return None
    name, place, value = found
    return NonFiniteError(
        f"the memory {name!r} of the update at lr={lr:g}",
        wanted="finite numbers",
        got=f"{value} at {place}",
        fix="scale the inputs and targets, or clip=ig.ClipNorm(1.0); this step changed nothing",
    )


def _first(arrays: Mapping[str, Array]) -> tuple[str, list[int], Array] | None:
    """(path, index, value) of the first entry that is not finite."""
    for path, values in arrays.items():
        finite = np.isfinite(values)
        if not finite.all():
            place = tuple(int(i) for i in np.argwhere(~finite)[0])
            return path, list(place), values[place]
    return None
