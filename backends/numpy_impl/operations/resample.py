"""Linear maps of single axes: what averaging grids, nearest and bilinear resampling have in common."""

from __future__ import annotations

from collections.abc import Sequence

from isograd.core.base.types import Array


def resample(x: Array, maps: Sequence[Array]) -> Array:
    """y[…, p, q] = Σ A[p,i] · B[q,j] · x[…, i, j] for maps A (p,i), B (q,j) of the last axes"""
    first = x.ndim - len(maps)
    for axis, m in enumerate(maps, first):
        x = (x.swapaxes(axis, -1) @ m.T).swapaxes(axis, -1)
    return x


def resample_back(dy: Array, maps: Sequence[Array]) -> Array:
    """dx[…, i, j] = Σ A[p,i] · B[q,j] · dy[…, p, q]: the transposed maps"""
    return resample(dy, [m.T for m in maps])
