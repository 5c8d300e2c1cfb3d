"""Layers that change an image's size without weights."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.backends.numpy_impl.operations.resample import resample, resample_back
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Upsample, ZeroPad2d


def nearest(size: int, out: int, step: float) -> Array:
    """M[i, j] = [j = ⌊i·step⌋], (out, size); torch multiplies in float32, and so must we where it rounds."""
    j = np.floor(np.arange(out, dtype=np.float32) * np.float32(step)).astype(int)
    shares: Array = np.eye(size)[j]
    return shares


def linear(size: int, out: int, step: float, align_corners: bool) -> Array:
    """M[i, j] = 1−λ, M[i, j+1] = λ for j + λ = the place of y[i] in x, (out, size)"""
    i = np.arange(out)
    place = i * ((size - 1) / max(out - 1, 1)) if align_corners else np.maximum((i + 0.5) * step - 0.5, 0)
    j = place.astype(int)
    share = (place - j)[:, None]
    eye = np.eye(size)
    shares: Array = (1 - share) * eye[j] + share * eye[np.minimum(j + 1, size - 1)]
    return shares


@implements(Upsample)
def upsample(spec: Upsample, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = A x Bᵀ, image by image        dx = Aᵀ dy B        row i of A, B: the shares of x's places in y's place i"""
    (out,) = spec.out_shapes(x.shape[1:])
    maps = [
        (nearest(n, m, r) if spec.mode == "nearest" else linear(n, m, r, spec.align_corners)).astype(x.dtype)
        for n, m, r in zip(x.shape[2:], out[1:], spec.steps(x.shape[1:]), strict=True)
    ]

    def backward(dy: Array) -> tuple[Array, State]:
        return resample_back(dy, maps), {}

    return resample(x, maps), backward


@implements(ZeroPad2d)
def zero_pad(spec: ZeroPad2d, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[n,c,top+i,left+j] = x[n,c,i,j], 0 around it        dx[n,c,i,j] = dy[n,c,top+i,left+j]"""
    (top, _), (left, _) = spec.sides

    def backward(dy: Array) -> tuple[Array, State]:
        return dy[:, :, top : top + x.shape[2], left : left + x.shape[3]], {}

    return np.pad(x, ((0, 0), (0, 0), *spec.sides)), backward
