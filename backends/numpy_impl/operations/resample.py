"""Linear maps of single axes: what averaging grids and every kind of resampling have in common."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from isograd.core.base.types import Array


def adaptive_windows(size: int, out: int) -> list[tuple[int, int]]:
    """(start, stop) of each window: ⌊p·size/out⌋ … ⌈(p+1)·size/out⌉"""
    return [(p * size // out, -(-(p + 1) * size // out)) for p in range(out)]


def averages(size: int, out: int) -> Array:
    """M[p, i] = [i in window p] / places in window p, (out, size)"""
    shares = np.zeros((out, size))
    for row, (start, stop) in zip(shares, adaptive_windows(size, out), strict=True):
        row[start:stop] = 1 / (stop - start)
    return shares


def resample(x: Array, maps: Sequence[Array]) -> Array:
    """y[…, p, q] = Σ A[p,i] · B[q,j] · x[…, i, j] for maps A (p,i), B (q,j) of the last axes"""
    first = x.ndim - len(maps)
    for axis, m in enumerate(maps, first):
        x = (x.swapaxes(axis, -1) @ m.T).swapaxes(axis, -1)
    return x


def resample_back(dy: Array, maps: Sequence[Array]) -> Array:
    """dx[…, i, j] = Σ A[p,i] · B[q,j] · dy[…, p, q]: the transposed maps"""
    return resample(dy, [m.T for m in maps])
