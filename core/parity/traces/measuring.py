"""From the arrays of a run to entries: how far the run is from itself, and what cancelling sums are a share of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from isograd.core.base.types import Array
from isograd.core.parity.matching import NOISE_FACTOR
from isograd.core.parity.traces.entry import Entry, Key
from isograd.core.parity.traces.sketch import Kept, apart, size_of, sketched

NUDGES = 3
"""How often a run is moved by one unit in the last place: of what is rounding alone a single nudge may move nothing."""

Run = Callable[[], Iterator[tuple[Key, Array]]]
"""Computes: keys and arrays in order, each array the receiver's own."""


def measured(
    run: Run, others: Iterable[Run], dtype: np.dtype[np.floating], added: Callable[[Key], float], *, sketches: bool
) -> dict[Key, Entry]:
    """The entries of a run, each with its noise floor: the largest distance from the same run moved, or more exact.

    `added(key)` is asked for what differs by more than rounding explains: the size of its terms, or 0.
    """
    kept: dict[Key, Kept] = {key: sketched(values) if sketches else values for key, values in run()}
    noises = dict.fromkeys(kept, 0.0)
    for other in others:
        with np.errstate(all="ignore"):  # what is moved may leave a function's domain
            for key, values in other():
                if key in kept:
                    same = values.astype(kept[key].dtype) if values.dtype.kind == "f" else values
                    error = apart(sketched(same) if sketches else same, kept[key]).error
                    noises[key] = max(noises[key], error if np.isfinite(error) else 0.0)  # else it is no number
    least = NOISE_FACTOR * float(np.finfo(dtype).eps)
    return {
        key: _entry(values, noises[key], added(key) if noises[key] > least else 0.0) for key, values in kept.items()
    }


def _entry(values: Kept, noise: float, added: float) -> Entry:
    """`noise` as a share of the larger of the array itself and what was added up."""
    own = size_of(values)
    return Entry(values, noise * (own or 1.0) / (max(own, added) or 1.0), added)
