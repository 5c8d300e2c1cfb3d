"""The same values, otherwise laid out in memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from isograd.core.base.types import Array


def read_only(values: Array) -> Array:
    made = values.copy()
    made.flags.writeable = False
    return made


def strided(values: Array) -> Array:
    """Every second entry of every axis, between entries that would be noticed."""
    wide = np.full([2 * n for n in values.shape], 77, values.dtype)
    every = tuple(slice(None, None, 2) for _ in values.shape)
    wide[every] = values
    return wide[every] if values.ndim else values


def backwards(values: Array) -> Array:
    """Negative strides on every axis."""
    turn = tuple(slice(None, None, -1) for _ in values.shape)
    return values[turn].copy()[turn] if values.ndim else values


def batch_last(values: Array) -> Array:
    """The first axis is the one that is contiguous."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(values, 0, -1)), -1, 0) if values.ndim else values


def swapped(values: Array) -> Array:
    """The other order of bytes."""
    return values.astype(values.dtype.newbyteorder())


def unaligned(values: Array) -> Array:
    """At an odd address."""
    held = np.frombuffer(b"\0" + values.tobytes(), np.uint8)[1:].copy()
    room = np.empty(held.size + 1, np.uint8)
    room[1:] = held
    return np.frombuffer(room.data, values.dtype, values.size, 1).reshape(values.shape)


def part_of_more(values: Array) -> Array:
    """Whole numbers in a smaller type, where they fit; floats as they are, in a view of a larger array."""
    small = values.dtype.kind == "i" and ((values >= 0) & (values < 100)).all()
    if small:
        return values.astype(np.int16)
    return np.concatenate([values, values])[: len(values)] if values.ndim else values


def in_fortran_order(values: Array) -> Array:
    return values.copy(order="F")


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "Fortran order": in_fortran_order,
    "read-only": read_only,
    "strided": strided,
    "backwards": backwards,
    "batch last": batch_last,
    "the other order of bytes": swapped,
    "unaligned": unaligned,
    "part of more": part_of_more,
}
"""By what is unusual: how values come to lie so. A single number lies in one way."""

TELLING = {name: LAYOUTS[name] for name in ("Fortran order", "strided", "backwards", "the other order of bytes")}
"""Those that every case is tried in."""
