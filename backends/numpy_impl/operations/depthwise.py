"""Depthwise convolution: each channel has one filter of its own, which its rows meet as banded matrices.

    y[n,c,p,:] = Σ_u xp[n,c,s·p+d·u,:] · T[c,u]          T[c,u,j,q] = w[c,0,u,v] where j = s·q + d·v, else 0

A channel's columns (convolve.py) are as many as its filter has entries, and meet a matrix of one row. Its rows meet a
matrix that is mostly zeros, which BLAS is through with sooner, and nothing is copied for the sake of a u: the images of
a channel lie below one another, with zeros between, so that every u is a shift of all their rows. Rows are cut into
tiles, which keeps the bands narrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from isograd.backends.numpy_impl.operations.convolve import blocks, convolve, convolve_dw, convolve_dx, overlap
from isograd.core.base.types import Array
from isograd.core.layers.windows import Axis

TILE = 16  # outputs of a row at a time
LEAST_ENTRIES = 5  # of a filter: columns are through with fewer as soon


def is_depthwise(w: Array, groups: int, axes: Sequence[Axis]) -> bool:
    """Whether these functions compute the convolution, and sooner than convolve.py's."""
    return len(w) == groups > 1 == w.shape[1] and len(axes) <= 2 and prod(a.kernel for a in axes) >= LEAST_ENTRIES


def finite(*arrays: Array) -> bool:
    """Otherwise the zeros of a band would make NaN of infinities that no window sees."""
    return all(np.isfinite(values).all() for values in arrays)


class Tiles(NamedTuple):
    """Tile k makes `width` outputs of a row out of its `places` places from step·k − before on."""

    number: int
    width: int
    step: int
    places: int
    before: int


def tiles_of(column: Axis) -> Tiles:
    """An axis in equal tiles"""
    number = -(-column.out // TILE)
    width = -(-column.out // number)
    return Tiles(number, width, column.stride * width, column.stride * (width - 1) + column.reach, column.before)


def as_images(values: Array) -> Array:
    """(…,L) of a sequence as (…,1,L)"""
    return values if values.ndim == 4 else values[:, :, None]


def plane(axes: Sequence[Axis]) -> tuple[Axis, Axis]:
    """(from row to row, within a row), a sequence being an image of one row"""
    one_row = Axis(size=1, kernel=1, stride=1, dilation=1, before=0, after=0, out=1)
    row, column = (one_row, *axes)[-2:]
    return row, column


def slot(row: Axis) -> int:
    """How many rows an image takes: room for its windows, and no row of the next one's where they expect zeros."""
    spanned = row.stride * (row.out - 1) + row.reach
    needed = max(row.stride * row.out, min(row.before + row.size, spanned), spanned - max(row.before, 0))
    return -(-needed // row.stride) * row.stride


def image_bytes(high: int, wide: int, itemsize: int) -> int:
    return high * wide * itemsize


def lines(x: Array, row: Axis, tiles: Tiles) -> Iterator[tuple[slice, slice, Array]]:
    """(images, channels, their rows): x (n,c,H,W) in pieces of about BLOCK_BYTES, as (c, tiles, rows, places), a view

    Where every window has one row, the tiles of all rows are the rows of one tile: fewer, larger products.
    """
    high, wide = slot(row), tiles.step * (tiles.number - 1) + tiles.places
    each = image_bytes(high, wide, x.itemsize)
    down, of_rows = overlap(high, 1, -row.before, x.shape[2])
    across, of_places = overlap(wide, 1, -tiles.before, x.shape[3])
    held = np.empty((0, 0, 0))
    for images in blocks(len(x), each):
        count = images.stop - images.start
        for channels in blocks(x.shape[1], each * count):
            shape = (channels.stop - channels.start, count * high + row.reach - 1, wide)
            if held.shape != shape:
                held = np.zeros(shape, x.dtype)
            below = held[:, : count * high].reshape(shape[0], count, high, wide)
            below[:, :, down, across] = x[images, channels, of_rows, of_places].swapaxes(0, 1)
            tiled = sliding_window_view(held, tiles.places, 2)[:, :, :: tiles.step]
            if row.reach == row.stride == 1:
                tiled = tiled.reshape(shape[0], -1, 1, tiles.places)
            yield images, channels, tiled.swapaxes(1, 2)


def shifted(tiled: Array, row: Axis, first: int) -> Array:
    """The rows s·p + first, for all p"""
    end = first + tiled.shape[2] - row.reach + 1
    return tiled[:, :, first : end : row.stride]


def products(tiled: Array, row: Axis, terms: Sequence[tuple[int, Array]]) -> Array:
    """Σ (rows s·p + first) · T over the terms (first, T)        tiled (c, tiles, rows, places), T (c, places, width)"""

    def product(first: int, band: Array) -> Array:
        read = shifted(tiled, row, first)
        made = np.empty((len(read), read.shape[2], read.shape[1], band.shape[2]), read.dtype)
        np.matmul(read, band[:, None], out=made.swapaxes(1, 2))
        return made

    made = product(*terms[0])
    for term in terms[1:]:
        made += product(*term)
    return made


def diagonals(bands: Array, column: Axis) -> Iterator[tuple[int, Array]]:
    """(v, the entries (…, q) of bands (…, places, q) at j = s·q + d·v), views"""
    for v in range(column.kernel):
        first, last = column.dilation * v, column.stride * (bands.shape[-1] - 1)
        yield v, np.einsum("...jj->...j", bands[..., first : first + last + 1 : column.stride, :])


def banded(w: Array, column: Axis, places: int, outputs: int) -> Array:
    """T (u, c, places, outputs)"""
    filters = as_images(w)[:, 0].swapaxes(0, 1)
    bands = np.zeros((*filters.shape[:2], places, outputs), w.dtype)
    for v, diagonal in diagonals(bands, column):
        diagonal[...] = filters[..., v, None]
    return bands


def depthwise(x: Array, w: Array, bias: Array | None, axes: Sequence[Axis], groups: int) -> Array:
    """y (n,c,*out) as `convolve` has it          x (n,c,*sizes), w (c,1,*kernel)"""
    if not finite(x):
        return convolve(x, w, bias, axes, groups)
    row, column = plane(axes)
    tiles = tiles_of(column)
    bands = banded(w, column, tiles.places, tiles.width)
    y = np.empty((len(x), len(w), *(a.out for a in axes)), x.dtype)
    b = np.zeros((len(w), 1, 1, 1), x.dtype) if bias is None else bias[:, None, None, None]
    for images, channels, tiled in lines(as_images(x), row, tiles):
        part = as_images(y)[images, channels].swapaxes(0, 1)
        terms = [(row.dilation * u, band[channels]) for u, band in enumerate(bands)]
        made = products(tiled, row, terms).reshape(*part.shape[:2], -1, tiles.number * tiles.width)
        np.add(made[:, :, : row.out, : column.out], b[channels], out=part)
    return y


def depthwise_dw(x: Array, dy: Array, axes: Sequence[Axis], groups: int) -> Array:
    """dw[c,0,u,v] = Σ_q dT[c,u,s·q+d·v,q]        dT[c,u] = Σ xp[n,c,s·p+d·u,:]ᵀ · dy[n,c,p,:]"""
    if not finite(x, dy):
        return convolve_dw(x, dy, axes, groups)
    row, column = plane(axes)
    tiles = tiles_of(column)
    dT = np.zeros((row.kernel, groups, tiles.places, tiles.width), x.dtype)
    for images, channels, tiled in lines(as_images(x), row, tiles):
        part = as_images(dy)[images, channels].swapaxes(0, 1)
        upstream = np.zeros((*part.shape[:2], slot(row) // row.stride, tiles.number * tiles.width), dy.dtype)
        upstream[:, :, : row.out, : column.out] = part
        upstream = upstream.reshape(len(part), -1, tiled.shape[1], tiles.width).swapaxes(1, 2)
        for u in range(row.kernel):
            dT[u, channels] += (shifted(tiled, row, row.dilation * u).swapaxes(2, 3) @ upstream).sum(1)
    dw = np.empty((groups, 1, *(a.kernel for a in axes)), x.dtype)
    for v, diagonal in diagonals(dT, column):
        as_images(dw)[:, 0, :, v] = diagonal.sum(-1).swapaxes(0, 1)
    return dw


def turned(a: Axis) -> Axis:
    """dy's windows: place s·g + r − before of x gave to every window g − o for which s·o + r is some d·u"""
    kernel, first = -(-a.reach // a.stride), a.before // a.stride
    out = -(-(a.before % a.stride + a.size) // a.stride)
    return Axis(a.out, kernel, 1, 1, kernel - 1 - first, 0, out)


def depthwise_dx(dy: Array, w: Array, axes: Sequence[Axis], groups: int) -> Array:
    """dxp[n,c,s·g+r,:] = Σ dy[n,c,g−o,:] · T[c,u]ᵀ   over s·o + r = d·u: rows r, s+r, 2s+r … as y's are made of x's"""
    if not finite(dy):
        return convolve_dx(dy, w, axes, groups)
    row, column = plane(axes)
    rows, columns, s = turned(row), turned(column), column.stride
    tiles = tiles_of(columns)
    bands = banded(w, column, s * (tiles.places + columns.kernel), tiles.places)
    across = np.ascontiguousarray(bands[:, :, s * (columns.kernel - 1) : s * tiles.places].swapaxes(2, 3))
    dx = np.zeros((len(dy), groups, *(a.size for a in axes)), dy.dtype)
    steps = [divmod(row.dilation * u, row.stride) for u in range(row.kernel)]
    for images, channels, tiled in lines(as_images(dy), rows, tiles):
        for r in range(row.stride):
            terms = [(rows.kernel - 1 - o, across[u, channels]) for u, (o, rest) in enumerate(steps) if rest == r]
            if terms:
                g, i = overlap(rows.out, row.stride, r - row.before % row.stride, row.size)
                part = as_images(dx)[images, channels, i].swapaxes(0, 1)
                made = products(tiled, rows, terms).reshape(*part.shape[:2], -1, s * tiles.width * tiles.number)
                part[...] = made[:, :, g, column.before % s :][..., : column.size]
    return dx
