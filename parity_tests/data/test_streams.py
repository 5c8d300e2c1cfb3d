"""One long sequence as samples: windows side by side or overlapping, and streams whose rows go on."""

from __future__ import annotations

import numpy as np
import pytest
from message_helpers import raised

import isograd as ig
from isograd.core.data.dataset import first

TEXT = np.random.default_rng(0).integers(0, 50, 1003)


def test_row_b_of_a_batch_goes_on_where_row_b_of_the_batch_before_ended() -> None:
    data = ig.Streams(TEXT, length=7, rows=5)
    batches = [data.batch(np.arange(k, k + 5)) for k in range(0, len(data), 5)]
    assert len(data) == 5 * (1002 // 35) == 5 * len(batches)
    for row in range(5):
        read = np.concatenate([x[row] for (x,), _ in batches])
        wanted = np.concatenate([y[row] for _, (y,) in batches])
        start = row * 196
        assert np.array_equal(read, TEXT[start : start + 196])
        assert np.array_equal(wanted, TEXT[start + 1 : start + 197])


def test_streams_use_all_but_a_rest_that_is_shorter_than_a_batch() -> None:
    data = ig.Streams(np.arange(36), length=7, rows=5)
    (x,), (y,) = data.batch(np.arange(len(data)))
    assert len(data) == 5
    assert sorted(x.ravel()) == list(range(35))
    assert np.array_equal(y, x + 1)


def test_windows_stand_stride_places_apart_as_far_as_the_text_goes() -> None:
    side_by_side, book = ig.Windows(np.arange(31), length=10), ig.Windows(np.arange(31), length=10, stride=1)
    assert (len(side_by_side), len(book)) == (3, 21)
    (x,), (y,) = side_by_side.batch(np.array([2, 0]))
    assert x[:, 0].tolist() == [20, 0]
    assert np.array_equal(y, x + 1)
    (x,), (y,) = book.batch(np.arange(21))  # the book: row i of the batch at s starts at s + i
    assert np.array_equal(x, np.arange(21)[:, None] + np.arange(10))
    assert y.max() == 30


def test_the_first_samples_of_streams_are_streams_of_as_many_rows() -> None:
    data = ig.Streams(TEXT, length=7, rows=5)
    begun = first(data, 23)
    assert isinstance(begun, ig.Streams)
    assert (len(begun), begun.rows) == (20, 5)
    (x,), _ = begun.batch(np.arange(20))
    assert np.array_equal(np.sort(x.ravel()), np.sort(TEXT[:140]))
    assert len(first(data, 10**6)) == len(data)
    assert len(first(ig.Windows(TEXT), 23)) == 23


MESSAGES = {
    "a text too short": (
        lambda: ig.Streams(np.arange(64), length=8, rows=8),
        """DataError: Streams
  wanted 65 numbers or more
  got    64
  fix    a longer text, a smaller length=, or fewer rows=""",
    ),
    "floats": (
        lambda: ig.Windows(np.zeros(64)),
        """DataError: Windows
  wanted whole numbers in one row
  got    float64 of shape (64,)
  fix    vocabulary.encode(text)""",
    ),
    "several rows": (
        lambda: ig.Streams(np.zeros((8, 8), int)),
        """DataError: Streams
  wanted whole numbers in one row
  got    int64 of shape (8, 8)
  fix    vocabulary.encode(text)""",
    ),
    "no row": (
        lambda: ig.Streams(TEXT, rows=0),
        """SpecError: Streams(rows=0)
  wanted 1 or more
  got    0
  fix    rows=1""",
    ),
    "half a step": (
        lambda: ig.Windows(TEXT, length=5, stride=0.5),  # type: ignore[arg-type]
        """SpecError: Windows(stride=0.5)
  wanted 1 or more
  got    0.5
  fix    stride=1""",
    ),
    "fewer samples than rows": (
        lambda: first(ig.Streams(TEXT, length=7, rows=5), 4),
        """SpecError: the first 4 samples of Streams(rows=5)
  wanted 5 or more, one a stream
  got    4
  fix    ask for 5""",
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_what_gives_no_samples_gets_a_clear_error(case: str) -> None:
    action, text = MESSAGES[case]
    assert raised(action) == text
