"""The one table of tolerances, and what a difference is. No test and no caller sets its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite

import numpy as np

from isograd.core.base.randomness import generator
from isograd.core.base.types import Array

TOLERANCE = {
    ("node", "float64"): 1e-12,
    ("node", "float32"): 5e-6,
    ("locked step", "float64"): 1e-12,
    ("locked step", "float32"): 5e-6,
    ("free run", "float64"): 1e-9,
}
"""Largest allowed relative error by stage and dtype.

Measured on this project's cases and experiments the worst are about 1e-15 (node, locked step, float64),
4e-7 (node, float32) and 1e-13 (200 free steps, float64).
"""

NOISE_FACTOR = 100.0
"""End to end, an error is held against how much the engines differ from *themselves* when their inputs and weights
move by one unit in the last place, on the side where it is less, or against the largest error of a node alone: below
this multiple it is rounding. Measured on the experiments: at most 8 times.

So is a node in float32 that exceeds the table, against the more exact side's distance from itself in float64: a
convolution's gradient sums over every place of every image, and PyTorch's float32 sums of 47,040 terms are off by 7e-6.
"""

FLIPPED, FLIP_FACTOR = 0.1, 3.0
"""From here on the noise floor is no rounding: a nudge has turned a kink (another entry is the maximum). Another such
run turns about as many, so that an error beyond this multiple is more than that; one below it cannot be judged."""

NUDGES = 3
"""How often a run is moved by one unit in the last place: of what is rounding alone a single nudge may move nothing,
and where one turns a kink, another may not."""

FAR_NUDGES, FAR_UNITS = 4, 10_000
"""At how many points beside it, two by two on opposite sides, and how many units in the last place away, an error is
looked for again: where two right engines stand on either side of a kink (a ReLU behind a normalisation), they do so at
one point in hundreds; a fault is at every point. What rounds in between may be larger than what enters, so that a few
units would not do."""

SUSPICIOUS = 0.1
"""From this share of a limit on, a float32 error is held against the same in float64, and its noise is measured: the
worst node of this project's experiments reaches 0.08 of its limit."""

RUNG, RUNG_SLACK = 2.0**29, 32.0
"""How many times less rounding is in float64 than in float32 (the ratio of their units in the last place), and how far
from it the ratio of two errors may be that are both rounding: sums of other orders are as different as that."""

UNSHRUNK = 4.0
"""A float32 error that is no more than so many times the float64 one has not shrunk."""

REPEAT_FACTOR = 10.0
"""An error that is no more than so many times what a side differs by from itself, run again, comes of that."""

KINK_SHARE = 0.5
"""The share of an error that each side must differ by from itself, at the same entry, between the points beside it:
else there is no kink that the error could come of. Where the same kink is between them it is 1; of several kinks, some
may be turned back."""

EXTREME = 9000.0
"""What is at least so large on both sides is no measure of what is smaller: what is masked out (by −10⁴, −10⁹, the
smallest number) says nothing of the size of the logits beside it. Such entries are a share of the largest of their
own."""


def allowed_by(noise: float) -> float:
    """The largest error that a noise floor explains.

    >>> allowed_by(2.0**-20), allowed_by(0.01), allowed_by(0.5)
    (9.5367431640625e-05, 0.1, 1.5)
    """
    return max(min(NOISE_FACTOR * noise, FLIPPED), FLIP_FACTOR * noise)


GRADIENT_CHECK = 1e-6
"""Allowed relative error between a hand-derived gradient and central differences in float64: rounding
limits the differences themselves to about 1e-9 at the step that is used."""

LAW_ALLOWED = 0.02
"""Largest distance between the distribution functions of two samples of 60,000 numbers of one initial law:
chance keeps it below 0.0095 in 99 of 100 draws (the seeds are fixed); wrong laws tried here lie above 0.05."""

SPREAD_ALLOWED = 0.1
"""Relative difference of two weights' spread of singular values: chance stays below 0.03; an orthogonal law
that draws independent entries is 0.67 away."""


NAN = "NaN"

SMALL = 1 << 15
"""Entries up to which arrays are compared with others at once."""


@dataclass(frozen=True)
class Difference:
    """How `a` differs from `b`: a relative error, or a structural fault that no tolerance excuses."""

    error: float
    index: tuple[int, ...] = ()
    fault: str | None = None  # "missing", "shape (2, 3) against (3, 2)", "dtype …", "NaN"
    exact: bool = field(default=False, compare=False, repr=False)  # bit for bit
    rtol: float | None = field(default=None, compare=False, repr=False)  # max |a−b| / |b|, entry by entry; may be ∞
    atol: float | None = field(default=None, compare=False, repr=False)  # max |a−b|

    @property
    def structural(self) -> bool:
        """Whether there are no two entries to hold against each other."""
        return self.fault is not None and self.fault != NAN

    def exceeds(self, tolerance: float) -> bool:
        return self.fault is not None or not self.error <= tolerance


def difference(a: Array | None, b: Array | None, *, added: float = 0.0) -> Difference:
    """max|a−b| / max|b|, or / `added` where that is more, and where it is largest; where both are 0, max|a−b| itself.

    `added` is the size of what was added up to make them (core/parity/added.py): more than b where terms cancel.
    Entries that are EXTREME on both sides are a share of the largest of these, all others of the largest of the others.

    A missing array, another shape or dtype, or any NaN is a fault of its own kind. Beside the error stand what
    numpy.allclose(a, b) would need alone: `rtol` or `atol`.

    >>> difference(np.array([1.0, 2.5]), np.array([1.0, 2.0]))
    Difference(error=0.25, index=(1,), fault=None)
    >>> difference(np.array([1.0, 2.5]), np.array([1.0, 2.0]), added=5.0)
    Difference(error=0.1, index=(1,), fault=None)
    >>> difference(np.array([2.5, -1e30]), np.array([2.0, -1e30]))
    Difference(error=0.25, index=(0,), fault=None)
    >>> difference(np.array([np.nan]), np.array([np.nan])).fault
    'NaN'
    """
    if a is None or b is None:
        return Difference(0.0, exact=True) if a is b else Difference(inf, fault="missing on one side")
    strange = [type(v).__name__ for v in (a, b) if not isinstance(v, (np.ndarray, np.generic))]
    if strange:
        return Difference(inf, fault=f"a {strange[0]} in place of an array")
    if a.shape != b.shape:
        return Difference(inf, fault=f"shape {a.shape} against {b.shape}")
    if a.dtype != b.dtype:
        return Difference(inf, fault=f"dtype {a.dtype} against {b.dtype}")
    if a.size == 0:
        return Difference(0.0, exact=True, rtol=0.0, atol=0.0)
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.asarray(np.abs(x - y))
    apart = float(gap.max())
    if not isfinite(apart):
        gap = np.where(np.isinf(x) & (x == y), 0.0, gap)
        worst = _place(int(np.argmax(np.where(np.isnan(gap), inf, gap))), gap.shape)
        if np.isnan(gap[worst]):
            return Difference(inf, worst, fault=NAN)
        apart = float(gap.max())
    if apart == 0:
        return Difference(0.0, (0,) * gap.ndim, exact=a.tobytes() == b.tobytes(), rtol=0.0, atol=0.0)
    gap /= _scale(x, y, added)
    worst = _place(int(np.argmax(gap)), gap.shape)
    return Difference(float(gap[worst]), worst, rtol=_share(x, y), atol=apart)


def differences(a: Mapping[str, Array], b: Mapping[str, Array]) -> dict[str, Difference]:
    """`difference` of each pair of arrays by name, in b's order: of many small ones at once, without saying where.

    >>> differences({"w": np.array([1.0, 2.5])}, {"w": np.array([1.0, 2.0]), "v": np.array([0.0])})["w"]
    Difference(error=0.25, index=(), fault=None)
    """
    names = list({**b, **a})
    small = [name for name in names if _small(a.get(name), b.get(name))]
    found = _at_once([a[name] for name in small], [b[name] for name in small]) if small else []
    known = {name: gap for name, gap in zip(small, found, strict=True) if gap is not None}
    return {name: known[name] if name in known else difference(a.get(name), b.get(name)) for name in names}


def _small(a: Array | None, b: Array | None) -> bool:
    """Whether both are float arrays of one form, and so small that the number of calls is what comparing them costs."""
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        return False
    return a.dtype == b.dtype and a.shape == b.shape and a.dtype.kind == "f" and 0 < a.size <= SMALL


def _at_once(a: Sequence[Array], b: Sequence[Array]) -> list[Difference | None]:
    """None of those that are not finite, or EXTREME."""
    x, y = (np.concatenate([v.ravel() for v in side], dtype=np.float64) for side in (a, b))
    starts = np.cumsum([0, *(v.size for v in a[:-1])])
    with np.errstate(all="ignore"):
        gap, sizes = np.abs(x - y), np.abs(y)
        shares = np.divide(gap, sizes, out=np.zeros_like(gap), where=gap > 0)
        worst, whole, share = (np.maximum.reduceat(v, starts).tolist() for v in (gap, sizes, shares))
    return [
        Difference(w / (s or 1.0), exact=w == 0 and p.tobytes() == q.tobytes(), rtol=r, atol=w)
        if isfinite(w) and s < EXTREME
        else None
        for w, s, r, p, q in zip(worst, whole, share, a, b, strict=True)
    ]


def _share(x: Array, y: Array) -> float:
    """max |x−y| / |y|: ∞ where something differs from 0, or is infinite on one side alone."""
    with np.errstate(all="ignore"):
        found = float(np.max(np.abs(x - y) / np.abs(y), where=x != y, initial=0.0))
    return inf if np.isnan(found) else found


def _place(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """An index of the flattened array as an index of the array."""
    return tuple(int(i) for i in np.unravel_index(flat, shape))


def _scale(x: Array, y: Array, added: float) -> Array | float:
    """What each entry's gap is a share of."""
    whole = max(largest(y), added) or 1.0
    if whole < EXTREME:
        return whole
    extreme = (np.minimum(np.abs(x), np.abs(y)) >= EXTREME) & (np.signbit(x) == np.signbit(y))
    if extreme.all() or not extreme.any():
        return whole
    return np.where(extreme, whole, max(largest(y[~extreme]), added) or 1.0)


def largest(values: Array) -> float:
    """The largest finite magnitude; 0 of nothing."""
    sizes = np.abs(values)
    return float(np.max(sizes, where=np.isfinite(sizes), initial=0.0))


Sides = Mapping[str, Array | None]
"""What each engine has, by the engine's name."""


def entries(values: Sides, index: tuple[int, ...]) -> dict[str, float]:
    """What each side has at an index."""
    return {name: float(v[index]) for name, v in values.items() if v is not None}


def structure(values: Sides) -> dict[str, str]:
    """Each side's array in words: its dtype and shape."""
    return {
        name: "nothing" if v is None else f"{v.dtype}{list(v.shape)}" if hasattr(v, "dtype") else type(v).__name__
        for name, v in values.items()
    }


def nudged(x: Array, units: int = 1, draw: int = 0) -> Array:
    """x, every entry moved by one unit in the last place, or so many, up or down as the `draw`-th fixed stream says.

    All moved one way would be too kind: a normalisation takes it back, and equal entries, ties for a
    maximum, would stay equal. Minus so many units are the same moves the other way.

    >>> nudged(np.array([1.0, 2.0], np.float32), 4) - np.array([1.0, 2.0], np.float32)
    array([-4.7683716e-07,  9.5367432e-07], dtype=float32)
    """
    if x.dtype.kind != "f":
        return x
    up = generator(draw, "nudge").random(x.shape) < 0.5
    step: Array = np.spacing(np.abs(x)) * np.where(up, units, -units).astype(x.dtype)
    return x + step


def nudged_given(x: Array, units: int = 1, draw: int = 0) -> Array:
    """x nudged, an input or a buffer: whole numbers stay, since they are what code asks for.

    A mask of zeros and ones (`mask == 0`), padded frames, an index among floats (`x.long()`): moved, they are others.

    >>> nudged_given(np.array([0.0, 3.0, 1.5]), 2**50)
    array([0.  , 3.  , 1.75])
    """
    return np.where(x == np.rint(x), x, nudged(x, units, draw)) if x.dtype.kind == "f" else x
