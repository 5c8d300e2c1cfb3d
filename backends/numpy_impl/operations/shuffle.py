"""Layers that move values between channels and places: their gradient moves the other way."""

from __future__ import annotations

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import ChannelShuffle, PixelShuffle, PixelUnshuffle


@implements(ChannelShuffle)
def channel_shuffle(spec: ChannelShuffle, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x as (n, g, c/g, …) with g and c/g exchanged        dx = dy as (n, c/g, g, …) with them exchanged"""

    def backward(dy: Array) -> tuple[Array, State]:
        return exchanged(dy, x.shape[1] // spec.groups), {}

    return exchanged(x, spec.groups), backward


def exchanged(x: Array, groups: int) -> Array:
    """(n, g·k, …) as (n, g, k, …), as (n, k·g, …)"""
    return x.reshape(len(x), groups, -1, *x.shape[2:]).swapaxes(1, 2).reshape(x.shape)


@implements(PixelShuffle)
def pixel_shuffle(spec: PixelShuffle, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """x (…,crr,h,w) as (…,c,r,r,h,w)        y (…,c,hr,wr)        dx = dy moved back"""

    def backward(dy: Array) -> tuple[Array, State]:
        return gathered(dy, spec.upscale_factor), {}

    return spread(x, spec.upscale_factor), backward


@implements(PixelUnshuffle)
def pixel_unshuffle(spec: PixelUnshuffle, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """x (…,c,hr,wr)        y (…,crr,h,w)        dx = dy moved back"""

    def backward(dy: Array) -> tuple[Array, State]:
        return spread(dy, spec.downscale_factor), {}

    return gathered(x, spec.downscale_factor), backward


def spread(x: Array, r: int) -> Array:
    """(…,crr,h,w) → (…,c,hr,wr)"""
    *front, c, h, w = x.shape
    parts = x.reshape(-1, c // r**2, r, r, h, w).transpose(0, 1, 4, 2, 5, 3)
    return parts.reshape(*front, c // r**2, h * r, w * r)


def gathered(x: Array, r: int) -> Array:
    """(…,c,hr,wr) → (…,crr,h,w)"""
    *front, c, h, w = x.shape
    parts = x.reshape(-1, c, h // r, r, w // r, r).transpose(0, 1, 3, 5, 2, 4)
    return parts.reshape(*front, c * r**2, h // r, w // r)
