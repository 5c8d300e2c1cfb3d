"""What a difference is: every way in which two arrays can differ, and none in which they do not."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest

from isograd.core.parity.matching import (
    FLIP_FACTOR,
    FLIPPED,
    NOISE_FACTOR,
    SMALL,
    Difference,
    allowed_by,
    difference,
    differences,
    nudged,
    nudged_given,
)
from isograd.core.parity.verdict import Row

A = np.array([[1.0, -4.0], [2.0, 0.0]])


def test_equal_arrays_do_not_differ_empty_and_infinite_ones_included() -> None:
    for values in (A, np.zeros((0, 3)), np.zeros(()), np.array([inf, -inf, 1.0]), np.arange(3), np.array([True])):
        assert difference(values, values.copy()).error == 0.0
        assert not difference(values, values.copy()).exceeds(0.0)
    assert difference(None, None) == Difference(0.0)


@pytest.mark.parametrize(
    ("a", "b", "fault"),
    [
        (A, None, "missing on one side"),
        (None, A, "missing on one side"),
        (A, A[:1], "shape (2, 2) against (1, 2)"),
        (A, A.astype(np.float32), "dtype float64 against float32"),
        (A, A.tolist(), "a list in place of an array"),
        (3.0, A, "a float in place of an array"),
        (A, np.where(A == 2, nan, A), "NaN"),
        (np.where(A == 2, nan, A), A, "NaN"),
        (np.array([nan]), np.array([nan]), "NaN"),
    ],
)
def test_what_no_tolerance_excuses(a: np.ndarray | None, b: np.ndarray | None, fault: str) -> None:
    found = difference(a, b)
    assert (found.fault, found.error) == (fault, inf)
    assert found.exceeds(inf)
    assert found.structural == (fault != "NaN")


def test_the_worst_entry_is_named_and_a_nan_is_worse_than_any_number() -> None:
    moved = A.copy()
    moved[1, 1] += 1.0
    moved[0, 0] += 0.5
    assert difference(moved, A) == Difference(1.0 / 4.0, (1, 1))
    moved[1, 0] = nan
    assert difference(moved, A).index == (1, 0)


def test_an_infinity_differs_from_a_number_and_from_the_other_infinity_but_is_no_measure_of_others() -> None:
    for a, b in ((inf, 1.0), (1.0, inf), (inf, -inf)):
        assert difference(np.array([a, 1.0]), np.array([b, 1.0])).error == inf
    assert difference(np.array([inf, 1.5]), np.array([inf, 1.0])) == Difference(0.5, (1,))


def test_an_error_is_a_share_of_the_right_side_or_of_what_was_added_up() -> None:
    assert difference(np.array([3.0]), np.array([2.0])).error == 0.5
    assert difference(np.array([2.0]), np.array([4.0])).error == 0.5
    assert difference(np.array([3.0]), np.array([2.0]), added=4.0).error == 0.25
    assert difference(np.array([3.0]), np.array([2.0]), added=0.5).error == 0.5
    assert difference(np.array([0.25]), np.array([0.0])).error == 0.25


@pytest.mark.parametrize("fill", [-1e4, -1e30, -float(np.finfo(float).max), 1e9])
def test_what_is_masked_out_on_both_sides_is_no_measure_of_the_rest(fill: float) -> None:
    a, b = np.array([2.5, fill, -1.0]), np.array([2.0, fill, -1.0])
    assert difference(a, b) == Difference(0.25, (0,))
    assert difference(a, b, added=4.0) == Difference(0.125, (0,))
    assert difference(np.array([2.0, fill / 2, -1.0]), b) == Difference(0.5, (1,))
    assert difference(np.array([2.0, -fill, -1.0]), b).error >= 2.0
    assert difference(np.array([2.0, 3.0, -1.0]), b).error > 0.9
    assert difference(b[1:2], b[1:2]) == Difference(0.0, (0,))
    assert difference(np.array([inf, fill, 1.5]), np.array([inf, fill, 1.0])) == Difference(0.5, (2,))


def test_of_what_is_given_whole_numbers_are_not_nudged() -> None:
    x = np.array([0.0, -0.0, 1.0, -3.0, 2.0**60, inf, -inf, 0.5, -1.5, 1e-300])
    moved = nudged_given(x) != x
    assert moved.tolist() == [False] * 7 + [True] * 3
    assert nudged_given(x.astype(np.float32)).dtype == np.float32
    assert nudged_given(np.array(1.5)).shape == ()
    assert nudged_given(np.arange(3)).tolist() == [0, 1, 2]
    assert np.array_equal(nudged_given(x, 4, draw=1)[7:], nudged(x, 4, draw=1)[7:])


def test_a_limit_is_met_and_not_exceeded_at_its_very_value() -> None:
    above = np.nextafter(0.5, 1)
    assert [Difference(error).exceeds(0.5) for error in (0.5, above, nan, inf)] == [False, True, True, True]
    rows = [Row("node", "float64", "it", "dx", error, 0.5) for error in (0.5, above, nan, inf)]
    assert [row.failed for row in rows] == [False, True, True, True]
    assert not Row("node", "float64", "it", "dx", inf).failed
    assert Row("node", "float64", "it", "dx", 0.0, fault="NaN").failed


def test_a_noise_floor_allows_a_hundred_times_itself_until_it_is_no_rounding() -> None:
    assert allowed_by(2.0**-30) == NOISE_FACTOR * 2.0**-30
    assert allowed_by(FLIPPED / NOISE_FACTOR * 2) == FLIPPED
    assert allowed_by(0.5) == FLIP_FACTOR * 0.5


def test_a_nudge_moves_every_float_by_as_many_units_as_are_asked_for_and_by_a_fixed_stream() -> None:
    x = np.random.default_rng(0).normal(size=500)
    moves = (nudged(x, 4) - x) / np.spacing(np.abs(x))
    assert set(moves) <= {-4.0, 4.0, -3.5, 3.5, -2.0, 2.0}  # a step across a power of two is of another size
    assert 0.4 < np.mean(moves > 0) < 0.6
    assert np.array_equal(nudged(x, 4), nudged(x, 4))
    assert not np.array_equal(nudged(x, 4, draw=1), nudged(x, 4))
    assert np.array_equal(np.sign(nudged(x, -4) - x), -np.sign(nudged(x, 4) - x))
    assert nudged(x.astype(np.float32)).dtype == np.float32
    assert nudged(np.arange(3)).tolist() == [0, 1, 2]


def test_arrays_compared_at_once_differ_as_they_do_one_by_one() -> None:
    """Of another shape, missing, not finite, extreme, empty, of whole numbers, large: each as by itself."""
    x = np.arange(24.0).reshape(6, 4)
    large = np.random.default_rng(1).normal(size=SMALL + 1)
    b = {
        "w": np.random.default_rng(1).normal(size=(3, 4)),
        "v": np.array([1.0, 0.0]),
        "same": x,
        "0-d": np.array(2.0),
        "nothing": np.zeros(0),
        "shape": x,
        "kind": x,
        "nan": np.array([1.0, np.nan]),
        "inf": np.array([inf, 1.0]),
        "large": large,
        "extreme": np.array([-1e9, 1.0]),
        "count": np.array(3),
        "f4": x.astype(np.float32),
        "right alone": x,
    }
    a = {
        **b,
        "w": b["w"] + 2.0**-30,
        "v": np.array([1.0, 0.5]),
        "shape": x[:2],
        "kind": x.astype(np.float32),
        "inf": np.array([inf, 1.5]),
        "large": large * 2,
        "extreme": np.array([-1e9, 1.5]),
        "count": np.array(4),
        "f4": x.astype(np.float32) + np.float32(0.5),
        "left alone": x,
    }
    del a["right alone"]
    found = differences(a, b)
    assert list(found) == [*b, "left alone"]
    for name, gap in found.items():
        one = difference(a.get(name), b.get(name))
        told = [(each.error, each.fault, each.exact, each.rtol, each.atol) for each in (gap, one)]
        assert told[0] == told[1], name
