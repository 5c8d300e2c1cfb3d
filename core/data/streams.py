"""One long sequence of whole numbers (the characters of a text) as samples for next-step prediction."""

from __future__ import annotations

import numpy as np

from isograd.core.base.arraylike import as_array
from isograd.core.base.errors import DataError, SpecError
from isograd.core.base.types import Array, Arrays


class Windows:
    """Sample n is `length` numbers from place n·stride on; its targets are the same, one place later.

    Inputs (N, T), targets (N, T), int64, T = length. `stride` is `length` unless given: windows side by side, for
    models without state. Windows that overlap, stride=1, are the book's (Weidman 2019): the rows of a batch of 32
    start one place after each other, and a batch starts 32 places after the one before.

    >>> (x,), (y,) = Windows(np.arange(9), length=3, stride=2).batch(np.array([0, 2]))
    >>> x.tolist(), y.tolist()
    ([[0, 1, 2], [4, 5, 6]], [[1, 2, 3], [5, 6, 7]])
    """

    def __init__(self, tokens: Array, *, length: int = 25, stride: int | None = None) -> None:
        stride = length if stride is None else stride
        check_counts("Windows", length=length, stride=stride)
        self.tokens = checked_tokens("Windows", tokens, least=length + 1)
        self.length, self.stride = length, stride

    def __len__(self) -> int:
        return (len(self.tokens) - 1 - self.length) // self.stride + 1

    def batch(self, indices: Array) -> tuple[Arrays, Arrays]:
        return windows_at(self.tokens, np.asarray(indices) * self.stride, self.length)


class Streams:
    """`rows` parallel streams of one sequence, each cut into windows of `length`: what a carried state follows.

    Sample k·rows + b is window k of stream b. In order, in batches of `rows`, row b of a batch goes on where row b
    of the batch before ended. Inputs (N, T), targets (N, T) the same, one place later, int64, T = length.
    What is left at the end of the sequence, fewer than rows·length numbers, is not used.

    >>> (x,), (y,) = Streams(np.arange(14), length=3, rows=2).batch(np.arange(4))
    >>> x.tolist()
    [[0, 1, 2], [6, 7, 8], [3, 4, 5], [9, 10, 11]]
    >>> y[2].tolist()
    [4, 5, 6]
    """

    def __init__(self, tokens: Array, *, length: int = 25, rows: int = 32) -> None:
        check_counts("Streams", length=length, rows=rows)
        self.tokens = checked_tokens("Streams", tokens, least=length * rows + 1)
        self.length, self.rows = length, rows
        self.windows = (len(self.tokens) - 1) // (rows * length)

    def __len__(self) -> int:
        return self.windows * self.rows

    def batch(self, indices: Array) -> tuple[Arrays, Arrays]:
        window, stream = np.divmod(np.asarray(indices), self.rows)
        return windows_at(self.tokens, (stream * self.windows + window) * self.length, self.length)

    def first(self, count: int) -> Streams:
        """The beginning of the sequence, in as many streams, that gives at most `count` samples."""
        if count < self.rows:
            raise SpecError(
                f"the first {count} samples of Streams(rows={self.rows})",
                wanted=f"{self.rows} or more, one a stream",
                got=f"{count}",
                fix=f"ask for {self.rows}",
            )
        numbers = self.rows * min(self.windows, count // self.rows) * self.length
        return Streams(self.tokens[: numbers + 1], length=self.length, rows=self.rows)


def windows_at(tokens: Array, starts: Array, length: int) -> tuple[Arrays, Arrays]:
    """(inputs, targets): `length` numbers from each start on, and from one place later."""
    places = starts[:, None] + np.arange(length)
    return (tokens[places],), (tokens[places + 1],)


def check_counts(where: str, **counts: int) -> None:
    for name, count in counts.items():
        if not isinstance(count, (int, np.integer)) or isinstance(count, bool) or count < 1:
            raise SpecError(f"{where}({name}={count!r})", wanted="1 or more", got=repr(count), fix=f"{name}=1")


def checked_tokens(where: str, tokens: Array, least: int) -> Array:
    """`tokens` as int64; DataError unless they are `least` whole numbers or more, in one row."""
    found = as_array(tokens, where)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise DataError(
            where,
            wanted="whole numbers in one row",
            got=f"{found.dtype} of shape {found.shape}",
            fix="vocabulary.encode(text)",
        )
    if len(found) < least:
        raise DataError(
            where,
            wanted=f"{least} numbers or more",
            got=f"{len(found)}",
            fix="a longer text, a smaller length=, or fewer rows=",
        )
    return found.astype(np.int64)
