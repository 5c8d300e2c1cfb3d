"""Everything random, drawn once in NumPy and keyed, so that every backend sees the same numbers.

A stream is named by (seed, purpose, path, step): the order in which streams are read changes nothing,
and neither does the way in which a batch is split.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from isograd.core.base.types import Array, Shape

LANES = 4  # Philox makes four 64-bit numbers for each tick of its counter


def key_of(seed: int, purpose: str, path: str = "", step: int = 0, *, size: int = 16) -> int:
    """The key of a stream, `size` bytes long."""
    named = f"{seed}|{purpose}|{path}|{step}".encode()
    return int.from_bytes(blake2b(named, digest_size=size).digest(), "little")


def generator(seed: int, purpose: str, path: str = "", step: int = 0, *, skip: int = 0) -> np.random.Generator:
    """The stream of (seed, purpose, path, step), from its number `skip` on (a multiple of 4).

    >>> first = generator(0, "order").random(8)
    >>> bool((generator(0, "order", skip=4).random(4) == first[4:]).all())
    True
    """
    philox = np.random.Philox(key=key_of(seed, purpose, path, step))
    return np.random.Generator(philox.advance(skip // LANES) if skip else philox)


def uniform_rows(seed: int, purpose: str, path: str, step: int, shape: Shape, *, first_row: int = 0) -> Array:
    """U[0, 1) float64 of `shape`, row by row: row i depends on i alone, not on the rows before it.

    `first_row` is the place of the first row in the whole batch, so that a batch cut in two
    draws the same numbers as the batch in one piece.
    """
    rows, size = shape[0], int(np.prod(shape[1:], dtype=np.int64))
    padded = -(-size // LANES) * LANES
    stream = generator(seed, purpose, path, step, skip=first_row * padded)
    return stream.random((rows, padded))[:, :size].reshape(shape)


def random_upstream(shape: Shape, seed: int, path: str, dtype: np.dtype[np.floating]) -> Array:
    """A dy that hides nothing: uniform in ±[0.5, 1.5], never near zero, never all ones."""
    stream = generator(seed, "upstream", path)
    magnitude = stream.uniform(0.5, 1.5, shape)
    return np.where(stream.random(shape) < 0.5, -magnitude, magnitude).astype(dtype)


def batch_order(count: int, batch_size: int, *, seed: int, epoch: int, shuffle: bool, drop_last: bool) -> list[Array]:
    """The sample numbers of each batch of one epoch: one seeded order, the same in every backend."""
    order = generator(seed, "order", step=epoch).permutation(count) if shuffle else np.arange(count)
    stop = count - count % batch_size if drop_last else count
    return [order[start : start + batch_size] for start in range(0, stop, batch_size)]
