"""What stands for a large array in a trace: a few hundred numbers that tell equal from different, and by how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from math import hypot, inf, prod, sqrt

import numpy as np

from isograd.core.base.randomness import generator
from isograd.core.base.types import Array
from isograd.core.parity.matching import EXTREME, NAN, Difference, difference, largest

FACTS, PLACES, SUMS = 6, 128, 256
NUMBERS = FACTS + PLACES + SUMS
BLOCK = 1 << 20  # entries that are summed at a time


@dataclass(frozen=True, eq=False)
class Sketch:
    """dtype and shape of an array, facts, entries at PLACES random places, and SUMS random projections.

    Every entry of x is added, with a random sign, to one of the sums, which one being random too: Sₖ = Σ ±xᵢ. Then
    Σₖ (Sₖ(a) − Sₖ(b))² is ‖a − b‖² in the mean over such draws, its spread √(2/256) = 9 % of that, whatever a and b
    are: by more than twice it is wrong in fewer than one draw of 10⁹, and of equal arrays it is 0. Places and signs
    are those of one stream for each shape, the same for everybody.

    Entries that are EXTREME (core/parity/matching.py) are a second such half, where there are some: of what they are
    beside the others nothing would be seen.

    What it does not see: of n entries a few that differ by less than the limit times ‖b‖, where the array itself would
    show them against the largest entry of b, up to √n times smaller; and which of two entries is infinite.
    """

    dtype: str
    shape: tuple[int, ...]
    numbers: Array

    @classmethod
    def of(cls, values: Array) -> Sketch:
        """The sketch of an array of at least one entry."""
        flat = values.reshape(-1)
        wide = flat.astype(np.float64)
        finite = np.isfinite(wide)
        infinite = [float(np.isnan(wide).sum()), float((wide == inf).sum()), float((wide == -inf).sum())]
        if not finite.all():
            wide = np.where(finite, wide, 0.0)
        extreme = np.abs(wide) >= EXTREME
        halves = [np.where(extreme, 0.0, wide), np.where(extreme, wide, 0.0)] if extreme.any() else [wide]
        found = [_half(half, infinite, values.shape) for half in halves]
        return cls(values.dtype.name, values.shape, np.concatenate(found))

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def sum(self) -> float:
        """Σ x, of the entries that are finite."""
        return sum(float(half[0]) for half in self.halves)

    @property
    def norm(self) -> float:
        """‖x‖₂, of the entries that are finite."""
        return hypot(*(float(half[1]) for half in self.halves))

    @property
    def largest(self) -> float:
        """The largest finite magnitude."""
        return max(float(half[2]) for half in self.halves)

    @property
    def strange(self) -> tuple[int, int, int]:
        """How many entries are NaN, ∞ and −∞."""
        nan, above, below = self.numbers[3:FACTS]
        return int(nan), int(above), int(below)

    @property
    def entries(self) -> Array:
        """x at `places(shape)`, 0 where it is not finite."""
        found: Array = np.sum([half[FACTS : FACTS + PLACES] for half in self.halves], axis=0)
        return found

    @property
    def halves(self) -> list[Array]:
        """Of the entries that are not extreme, and of those that are, if there are any."""
        return [self.numbers[k : k + NUMBERS] for k in range(0, len(self.numbers), NUMBERS)]

    @cached_property
    def where(self) -> dict[tuple[int, ...], int]:
        """{index: which of the entries stands there}"""
        found = np.unravel_index(places(self.shape), self.shape)
        return {tuple(int(i) for i in index): k for k, index in enumerate(zip(*found, strict=True))}

    def equals(self, other: Sketch) -> bool:
        """Whether it is the same, number by number."""
        kind = self.dtype == other.dtype and self.shape == other.shape
        return kind and np.array_equal(self.numbers, other.numbers)

    def __str__(self) -> str:
        return f"{self.dtype}{list(self.shape)}, norm {self.norm:.3g}, largest {self.largest:.3g}"


Kept = Array | Sketch


def places(shape: tuple[int, ...]) -> Array:
    """Which entries of a flattened array of this shape a sketch holds."""
    return generator(0, "places of a sketch", str(shape)).integers(0, prod(shape), PLACES)


def _half(wide: Array, infinite: list[float], shape: tuple[int, ...]) -> Array:
    with np.errstate(over="ignore"):
        facts = [float(wide.sum()), float(np.linalg.norm(wide)), largest(wide), *infinite]
    return np.concatenate([np.nan_to_num(facts), wide[places(shape)], _sums(wide, shape)])


def _sums(wide: Array, shape: tuple[int, ...]) -> Array:
    found = np.zeros(SUMS)
    for start, drawn in _draws(shape):
        signed = np.where(drawn & 1, -1.0, 1.0) * wide[start : start + len(drawn)]
        with np.errstate(over="ignore", invalid="ignore"):
            found += np.bincount(drawn >> 1, weights=signed, minlength=SUMS)
    return np.nan_to_num(found)


def _draws(shape: tuple[int, ...]) -> Iterator[tuple[int, Array]]:
    stream, size = generator(0, "sums of a sketch", str(shape)), prod(shape)
    for start in range(0, size, BLOCK):
        yield start, stream.integers(0, 2 * SUMS, min(BLOCK, size - start), dtype=np.uint16)


def sketched(values: Array) -> Kept:
    """Its sketch, or the array itself where that is not larger."""
    return values if values.size <= NUMBERS else Sketch.of(values)


def apart(a: Kept | None, b: Kept | None, *, added: float = 0.0) -> Difference:
    """`difference` of two arrays; of sketches the larger of two errors, entries and ‖a−b‖ / ‖b‖, as they tell them.

    Of an array and a sketch that of their sketches. `added`: as of `difference`.
    """
    if not isinstance(a, Sketch) and not isinstance(b, Sketch):
        return difference(a, b, added=added)
    if a is None or b is None:
        return Difference(inf, fault="missing on one side")
    if a.shape != b.shape:
        return Difference(inf, fault=f"shape {a.shape} against {b.shape}")
    x, y = (v if isinstance(v, Sketch) else Sketch.of(v) for v in (a, b))
    if x.dtype != y.dtype:
        return Difference(inf, fault=f"dtype {x.dtype} against {y.dtype}")
    if x.strange[0] or y.strange[0]:
        return Difference(inf, fault=NAN)
    if x.strange != y.strange:
        return Difference(inf)
    found = [_apart(*halves, x.shape, added) for halves in zip_longest(x.halves, y.halves, fillvalue=np.zeros(NUMBERS))]
    return max(found, key=lambda each: each.error)


def _apart(x: Array, y: Array, shape: tuple[int, ...], added: float) -> Difference:
    """The larger error of two halves."""
    facts, entries, sums = np.s_[:FACTS], np.s_[FACTS : FACTS + PLACES], np.s_[FACTS + PLACES :]
    gaps = np.abs(x[entries] - y[entries])
    worst = int(gaps.argmax())
    index = tuple(int(i) for i in np.unravel_index(int(places(shape)[worst]), shape))
    _, norm, size = (float(v) for v in y[facts][:3])
    of_entries = float(gaps[worst]) / (max(size, added) or 1.0)
    of_all = float(np.linalg.norm(x[sums] - y[sums])) / (max(norm, added * sqrt(prod(shape))) or 1.0)
    return Difference(max(of_entries, of_all), index if of_entries > 0 else ())


def size_of(values: Kept) -> float:
    """The largest finite magnitude."""
    return values.largest if isinstance(values, Sketch) else largest(values)


def entry(values: Kept | None, index: tuple[int, ...]) -> float | None:
    """What stands at an index, where that is known."""
    if values is None:
        return None
    if not isinstance(values, Sketch):
        return float(values[index]) if len(index) == values.ndim else None
    place = values.where.get(index)
    return None if place is None else float(values.entries[place])


def described(values: Kept | None) -> str:
    """dtype and shape in words."""
    if values is None:
        return "nothing"
    return f"{values.dtype}{list(values.shape)}"
