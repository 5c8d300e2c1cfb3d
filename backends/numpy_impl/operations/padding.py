"""Padding of any axes: what stood for other places gives its gradient back to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.backends.numpy_impl.operations.slices import along
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import (
    CircularPad1d,
    CircularPad2d,
    CircularPad3d,
    ConstantPad1d,
    ConstantPad2d,
    ConstantPad3d,
    Pad,
    ReflectionPad1d,
    ReflectionPad2d,
    ReflectionPad3d,
    ReplicationPad1d,
    ReplicationPad2d,
    ReplicationPad3d,
    ZeroPad1d,
    ZeroPad2d,
    ZeroPad3d,
)
from isograd.core.layers.padding import ConstantPad, PlainPad

Widths = Sequence[tuple[int, int]]
"""(before, after) of each axis."""

NUMPY_MODES: dict[str, Any] = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@implements(
    Pad,
    ConstantPad1d,
    ConstantPad2d,
    ConstantPad3d,
    ZeroPad1d,
    ZeroPad2d,
    ZeroPad3d,
    ReflectionPad1d,
    ReflectionPad2d,
    ReflectionPad3d,
    ReplicationPad1d,
    ReplicationPad2d,
    ReplicationPad3d,
    CircularPad1d,
    CircularPad2d,
    CircularPad3d,
)
def pad(spec: Pad | ConstantPad | PlainPad, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x within places of `value`, or copies of its own        dx = dy without them, the copies' dy added to it"""
    widths = spec.widths(x.ndim)
    if spec.mode != "constant":
        return copied(x, widths, spec.mode)
    y = np.full(
        [before + size + after for size, (before, after) in zip(x.shape, widths, strict=True)], spec.value, x.dtype
    )
    outer, inner = cropped(y.shape, [(-b, -a) for b, a in widths]), cropped(x.shape, widths)
    y[outer] = x[inner]

    def backward(dy: Array) -> tuple[Array, State]:
        dx = np.zeros(x.shape, dy.dtype)
        dx[inner] = dy[outer]
        return dx, {}

    return y, backward


def cropped(shape: tuple[int, ...], widths: Widths) -> tuple[slice, ...]:
    """What negative widths leave of each axis."""
    return tuple(slice(max(-b, 0), size - max(-a, 0)) for size, (b, a) in zip(shape, widths, strict=True))


def copied(x: Array, widths: Widths, mode: str) -> tuple[Array, Backward]:
    """y = x within copies of its own places        dx = dy, the copies' dy added to that of what they copy

    What goes round is cropped before it does, what is mirrored or repeated after it was.
    """
    grown, wraps = [(max(b, 0), max(a, 0)) for b, a in widths], mode == "circular"
    first = cropped(x.shape, widths) if wraps else (...,)
    whole = np.pad(x[first], grown, NUMPY_MODES[mode])
    last = (...,) if wraps else cropped(whole.shape, widths)

    def backward(dy: Array) -> tuple[Array, State]:
        d = np.zeros(whole.shape, dy.dtype)
        d[last] = dy
        for axis, (before, after) in enumerate(grown):
            if before or after:
                d = folded(d, axis, before, after, mode)
        dx = np.zeros(x.shape, dy.dtype)
        dx[first] = d
        return dx, {}

    return whole[last], backward


def folded(dy: Array, axis: int, before: int, after: int, mode: str) -> Array:
    """dx = the middle of dy on one axis, the places before and after added to those that they are copies of"""
    size = dy.shape[axis] - before - after
    front, middle, back = (
        dy[along(axis, part, dy)]
        for part in (slice(0, before), slice(before, before + size), slice(before + size, None))
    )
    if mode == "reflect":  # d c b | a b c d | c b a
        places = slice(1, before + 1), slice(size - 1 - after, size - 1)
        front, back = np.flip(front, axis), np.flip(back, axis)
    elif mode == "replicate":  # a a a | a b c d | d d d
        places = slice(0, 1), slice(size - 1, size)
        front, back = front.sum(axis, keepdims=True), back.sum(axis, keepdims=True)
    else:  # b c d | a b c d | a b c
        places = slice(size - before, size), slice(0, after)
    dx: Array = middle.copy()
    for place, part in zip(places, (front, back), strict=True):
        dx[along(axis, place, dx)] += part
    return dx
