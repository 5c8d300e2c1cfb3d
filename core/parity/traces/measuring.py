"""From the arrays of a run to entries: how far the run is from itself, and what cancelling sums are a share of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from isograd.core.base.types import Array
from isograd.core.parity.matching import FLIPPED, NOISE_FACTOR
from isograd.core.parity.stages.rounding import usual
from isograd.core.parity.traces.entry import Entry, Key
from isograd.core.parity.traces.sketch import Kept, apart, size_of, sketched

GRADIENT = "gradient"
Run = Callable[[], Iterator[tuple[Key, Array]]]
"""Computes: keys and arrays in order, each array the receiver's own."""


@dataclass(frozen=True)
class Runs:
    """A run, and the same from elsewhere: moved by one unit in the last place (or more exact), and far away."""

    plain: Run
    near: Sequence[Run]
    far: Sequence[Run]


def measured(
    runs: Runs, dtype: np.dtype[np.floating], added: Callable[[Key], float], *, sketches: bool
) -> tuple[dict[Key, Entry], bool]:
    """(the entries of a run, whether it found the same, bit for bit, when it was run again)

    Each has its noise floor, the largest distance of the runs that are near, or, where that is no rounding, what most
    of them show, and sketches of what those far away found.
    `added(key)` is asked for what differs by more than rounding explains, and for gradients so small beside the largest
    that they may be what a sum left over: the size of its terms, or 0.
    """

    def form(values: Array) -> Kept:
        return sketched(values) if sketches else values

    kept = {key: form(values) for key, values in runs.plain()}
    repeats = all(Entry(form(values)) == Entry(kept[key]) for key, values in runs.plain())
    moves: dict[Key, list[float]] = {key: [] for key in kept}
    beside: dict[Key, list[Kept]] = {key: [] for key in kept}
    with np.errstate(all="ignore"):  # what is moved may leave a function's domain
        for run in runs.near:
            for key, values in run():
                if key in kept:
                    same = values.astype(kept[key].dtype) if values.dtype.kind == "f" else values
                    error = apart(form(same), kept[key]).error
                    moves[key].append(error if np.isfinite(error) else 0.0)  # else it is no number
        for run in runs.far:
            for key, values in run():
                if key in kept:
                    beside[key].append(sketched(values))
    noises = {key: max(found, default=0.0) for key, found in moves.items()}
    noises = {key: noise if noise < FLIPPED else usual(moves[key]) for key, noise in noises.items()}
    least = NOISE_FACTOR * float(np.finfo(dtype).eps)
    steep = max((size_of(values) for (_, _, what), values in kept.items() if what.startswith(GRADIENT)), default=0.0)
    entries = {}
    for key, found in kept.items():
        rest = key[2].startswith(GRADIENT) and size_of(found) < least * steep
        entries[key] = _entry(found, noises[key], added(key) if rest or noises[key] > least else 0.0, beside[key])
    return entries, repeats


def _entry(values: Kept, noise: float, added: float, beside: list[Kept]) -> Entry:
    """`noise` as a share of the larger of the array itself and what was added up."""
    own = size_of(values)
    return Entry(values, noise * (own or 1.0) / (max(own, added) or 1.0), added, tuple(beside))
