"""A sketch tells equal from different, and by how much: as its docstring says."""

from __future__ import annotations

from math import inf, nan
from pathlib import Path

import numpy as np
import pytest

from isograd.core.parity.matching import difference
from isograd.core.parity.traces.entry import Entry
from isograd.core.parity.traces.file import read, write
from isograd.core.parity.traces.origin import Origin
from isograd.core.parity.traces.sketch import NUMBERS, Sketch, apart, entry, sketched

RNG = np.random.default_rng(11)
SHAPES = [(NUMBERS + 1,), (20, 30), (3, 50, 70), (40_000,)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool"])
def test_equal_arrays_have_equal_sketches_and_facts_are_true(shape: tuple[int, ...], dtype: str) -> None:
    x = (5 * RNG.normal(size=shape)).astype(dtype)
    sketch = sketched(x)
    assert isinstance(sketch, Sketch)
    assert apart(sketch, sketched(x.copy())).error == 0
    assert apart(x, sketch).error == 0
    assert (sketch.shape, sketch.dtype, sketch.largest) == (shape, dtype, float(np.abs(x).max()))
    assert not difference(np.asarray(sketch.sum), np.asarray(x.astype(float).sum())).exceeds(1 / 1000)
    for index in list(sketch.where)[:5]:
        assert entry(sketch, index) == float(x[index])
    assert sketch.where.keys() <= set(np.ndindex(shape))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("share", [1.0, 0.01, 0.0])
def test_the_distance_is_told_within_a_factor_of_two(shape: tuple[int, ...], share: float) -> None:
    """Of differences everywhere, in a few entries, in a single one."""
    b = RNG.normal(size=shape)
    chosen = RNG.random(shape) < share if share else np.arange(b.size).reshape(shape) == b.size // 2
    gap = np.where(chosen, RNG.normal(size=shape), 0.0)
    found = apart(Sketch.of(b + gap), Sketch.of(b)).error
    true = float(np.linalg.norm(gap) / np.linalg.norm(b))
    of_entries = float(np.abs(gap).max() / np.abs(b).max())
    assert true / 2 < found < max(2 * true, 2 * of_entries)


def test_rounding_is_as_small_in_a_sketch() -> None:
    b = RNG.normal(size=(200, 300))
    a = np.nextafter(b, inf)
    assert 0 < apart(Sketch.of(a), Sketch.of(b)).error < 4 * difference(a, b).error + 4 * np.finfo(float).eps


def test_small_arrays_stay_whole() -> None:
    x = np.arange(NUMBERS)
    assert sketched(x) is x
    assert isinstance(sketched(np.arange(NUMBERS + 1)), Sketch)
    assert sketched(np.zeros((0, 3))).shape == (0, 3)


def test_structure_and_what_is_no_number() -> None:
    x = RNG.normal(size=500)
    other, holed, endless = x.astype(np.float32), x.copy(), x.copy()
    holed[3], endless[4] = nan, -inf
    assert apart(Sketch.of(x), Sketch.of(other)).fault == "dtype float64 against float32"
    assert apart(Sketch.of(x), Sketch.of(x.reshape(20, 25))).fault == "shape (500,) against (20, 25)"
    assert apart(Sketch.of(holed), Sketch.of(holed)).fault == "NaN"
    assert apart(Sketch.of(x), Sketch.of(endless)).error == inf
    assert apart(Sketch.of(endless), Sketch.of(endless)).error == 0
    assert apart(Sketch.of(x), None).fault == "missing on one side"
    assert apart(None, Sketch.of(x)).fault == "missing on one side"


def test_signs_order_and_scale_are_seen() -> None:
    x = RNG.normal(size=(30, 40))
    for changed in (-x, x[::-1], 1.001 * x, np.roll(x, 1)):
        assert apart(Sketch.of(changed), Sketch.of(x)).error > difference(1.0001 * x, x).error


@pytest.mark.parametrize("fill", [-1e9, -1e30, float(np.finfo(np.float32).min), 1e12])
def test_what_is_masked_out_is_no_measure_of_the_rest(fill: float, tmp_path: Path) -> None:
    x = RNG.normal(size=(40, 50)).astype(np.float32)
    masked = RNG.random(x.shape) < 0.25
    a, b = (np.where(masked, np.float32(fill), values) for values in (x, 1.5 * x))
    assert apart(Sketch.of(a), Sketch.of(b)).error > 0.1
    assert apart(Sketch.of(a), Sketch.of(a.copy())).error == 0
    assert apart(Sketch.of(a), Sketch.of(x)).error >= 1
    assert apart(Sketch.of(x), Sketch.of(a)).error >= 1
    assert apart(Sketch.of(np.where(masked, a / 2, a)), Sketch.of(a)).error > 0.25
    assert (sketched(a).largest, Sketch.of(a).size) == (abs(np.float32(fill)), x.size)
    for index, kept in list(Sketch.of(a).where.items())[:9]:
        assert Sketch.of(a).entries[kept] == a[index]
    key = ("evaluation", "model", "output")
    path = write(tmp_path / "t", Origin("module", "it", "it", "float32", 0, ""), {}, {key: Entry(Sketch.of(a))})
    assert read(path)[2][key] == Entry(Sketch.of(a))
