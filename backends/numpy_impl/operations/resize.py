"""Layers that change an image's size without weights."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.backends.numpy_impl.operations.resample import averages, resample, resample_back
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Upsample, UpsamplingBilinear2d, UpsamplingNearest2d
from isograd.core.layers.resize import Resampling, Way


def nearest(size: int, out: int, step: float, shift: float) -> Array:
    """M[i, j] = [j = ⌊(i + shift)·step⌋], (out, size); torch multiplies in float32, and so must we where it rounds."""
    j = np.floor((np.arange(out, dtype=np.float32) + np.float32(shift)) * np.float32(step)).astype(int)
    shares: Array = np.eye(size)[j]
    return shares


def places(out: int, step: float, align_corners: bool, dtype: np.dtype[np.floating]) -> Array:
    """The place of each y[i] in x: (i + ½)·step − ½, or i·step; in x's own dtype, as torch, where it rounds"""
    i, r = np.arange(out, dtype=dtype), dtype.type(step)
    at: Array = i * r if align_corners else (i + dtype.type(0.5)) * r - dtype.type(0.5)
    return at


def linear(size: int, out: int, step: float, align_corners: bool, dtype: np.dtype[np.floating]) -> Array:
    """M[i, j] = 1−λ, M[i, j+1] = λ for j + λ = the place of y[i] in x, (out, size)"""
    place = np.maximum(places(out, step, align_corners, dtype), 0)
    j = place.astype(int)
    share = (place - j)[:, None]
    eye = np.eye(size)
    shares: Array = (1 - share) * eye[j] + share * eye[np.minimum(j + 1, size - 1)]
    return shares


def cubic(size: int, out: int, step: float, align_corners: bool, dtype: np.dtype[np.floating]) -> Array:
    """M[i, j+k] = c(λ − k) for k = −1 … 2, j + λ = the place of y[i] in x, (out, size); the ends' places repeat"""
    place = places(out, step, align_corners, dtype)
    j = np.floor(place).astype(int)
    eye = np.eye(size)
    parts = [keys(place - j - k, -0.75)[:, None] * eye[np.clip(j + k, 0, size - 1)] for k in range(-1, 3)]
    shares: Array = np.sum(parts, axis=0)
    return shares


def keys(t: Array, a: float) -> Array:
    """c(t) = (a+2)|t|³ − (a+3)t² + 1 for |t| < 1, a|t|³ − 5at² + 8a|t| − 4a for |t| < 2, else 0"""
    t = np.abs(t)
    inner = ((a + 2) * t - (a + 3)) * t * t + 1
    outer = (((t - 5) * t + 8) * t - 4) * a
    return np.where(t < 1, inner, np.where(t < 2, outer, 0.0))


def antialiased(size: int, out: int, step: float, mode: str, dtype: np.dtype[np.floating]) -> Array:
    """M[i, j] = c(t) / Σⱼ c(t),   t = (j + ½ − (i + ½)·step) / max(step, 1), (out, size)"""
    half, r = dtype.type(0.5), dtype.type(step)
    middles = (np.arange(out, dtype=dtype)[:, None] + half) * r
    t = (np.arange(size, dtype=dtype) - middles + half) / max(r, dtype.type(1))
    shares: Array = np.maximum(1 - np.abs(t), 0) if mode == "bilinear" else keys(t, -0.5)
    shares /= shares.sum(1, keepdims=True)
    return shares


def shares_of(way: Way, dtype: np.dtype[np.floating], size: int, out: int, step: float) -> Array:
    """(out, size): row i holds the shares of x's places in y's place i."""
    if way.antialias:
        return antialiased(size, out, step, way.mode, dtype)
    match way.mode:
        case "nearest":
            return nearest(size, out, step, 0.0)
        case "nearest-exact":
            return nearest(size, out, step, 0.5)
        case "area":
            return averages(size, out)
        case "bicubic":
            return cubic(size, out, step, way.align_corners, dtype)
    return linear(size, out, step, way.align_corners, dtype)


@implements(Upsample, UpsamplingNearest2d, UpsamplingBilinear2d)
def upsample(spec: Resampling, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = A x Bᵀ, image by image        dx = Aᵀ dy B        row i of A, B: the shares of x's places in y's place i"""
    way, (out,) = spec.way, spec.out_shapes(x.shape[1:])
    axes = zip(x.shape[2:], out[1:], spec.steps(x.shape[1:]), strict=True)
    maps = [shares_of(way, x.dtype, *axis).astype(x.dtype) for axis in axes]

    def backward(dy: Array) -> tuple[Array, State]:
        return resample_back(dy, maps), {}

    return resample(x, maps), backward
