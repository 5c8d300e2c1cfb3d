"""What stands for a large array in a trace: a few hundred numbers that tell equal from different, and by how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import inf, prod, sqrt

import numpy as np

from isograd.core.base.randomness import generator
from isograd.core.base.types import Array
from isograd.core.parity.matching import NAN, Difference, difference, largest

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
        with np.errstate(over="ignore"):
            facts = [float(wide.sum()), float(np.linalg.norm(wide)), largest(wide), *infinite]
        found = np.concatenate([np.nan_to_num(facts), wide[places(values.shape)], _sums(wide, values.shape)])
        return cls(values.dtype.name, values.shape, found)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def sum(self) -> float:
        """Σ x, of the entries that are finite."""
        return float(self.numbers[0])

    @property
    def norm(self) -> float:
        """‖x‖₂, of the entries that are finite."""
        return float(self.numbers[1])

    @property
    def largest(self) -> float:
        """The largest finite magnitude."""
        return float(self.numbers[2])

    @property
    def strange(self) -> tuple[int, int, int]:
        """How many entries are NaN, ∞ and −∞."""
        nan, above, below = self.numbers[3:FACTS]
        return int(nan), int(above), int(below)

    @property
    def entries(self) -> Array:
        """x at `places(shape)`, 0 where it is not finite."""
        return self.numbers[FACTS : FACTS + PLACES]

    @property
    def sums(self) -> Array:
        return self.numbers[FACTS + PLACES :]

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
    gaps = np.abs(x.entries - y.entries)
    worst = int(gaps.argmax())
    index = tuple(int(i) for i in np.unravel_index(int(places(x.shape)[worst]), x.shape))
    of_entries = float(gaps[worst]) / (max(y.largest, added) or 1.0)
    scale = max(y.norm, added * sqrt(y.size)) or 1.0
    of_all = float(np.linalg.norm(x.sums - y.sums)) / scale
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
