"""Padding of any axes: what stood for other places gives its gradient back to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.backends.numpy_impl.operations.slices import along
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Pad

NUMPY_MODES: dict[str, Any] = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@implements(Pad)
def pad(spec: Pad, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x within places of `value`, or copies of its own        dx = dy without them, the copies' dy added to it"""
    widths = spec.widths(x.ndim)
    if spec.mode != "constant":

        def fold(dy: Array) -> tuple[Array, State]:
            for axis in range(x.ndim - len(spec.padding) // 2, x.ndim):
                dy = folded(dy, axis, *widths[axis], spec.mode)
            return dy, {}

        return np.pad(x, widths, NUMPY_MODES[spec.mode]), fold
    sizes = [before + size + after for size, (before, after) in zip(x.shape, widths, strict=True)]
    y = np.full(sizes, spec.value, x.dtype)
    outer = tuple(slice(max(b, 0), size - max(a, 0)) for size, (b, a) in zip(sizes, widths, strict=True))
    inner = tuple(slice(max(-b, 0), size - max(-a, 0)) for size, (b, a) in zip(x.shape, widths, strict=True))
    y[outer] = x[inner]

    def backward(dy: Array) -> tuple[Array, State]:
        dx = np.zeros(x.shape, dy.dtype)
        dx[inner] = dy[outer]
        return dx, {}

    return y, backward


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
