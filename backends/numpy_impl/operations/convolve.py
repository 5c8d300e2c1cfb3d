"""Convolution over any number of axes, as matrix products: the one core of every (transposed) convolution.

The derivation stands in docs/convolution.md; a plain-loop version to read first in ../reference/conv_loops.py.

    y = W · cols(x)        dW = dy · cols(x)ᵀ        dx = colsᵀ(Wᵀ · dy)

cols(x)[c, u…, v, n, p…, q] = xp[n, c, s·p + d·u, …, s·q + d·v] holds a column for every window (im2col). It is a
linear map of x that only copies, so its transpose colsᵀ adds every entry back to where it came from (col2im).
Both walk the same list of slices, block by block of images, so that a block's columns stay in the L2 cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any, TypeAlias

import numpy as np

from isograd.core.base.types import Array
from isograd.core.layers.windows import Axis

BLOCK_BYTES = 1 << 20  # of columns at a time
COPIES_FOR_AN_ADD = 4  # how many entries are copied in the time in which one is added to another
Index: TypeAlias = tuple[Any, ...]


def blocks(count: int, bytes_each: int) -> Iterator[slice]:
    """0 … count−1 in equal pieces of about BLOCK_BYTES."""
    pieces = -(-count * bytes_each // BLOCK_BYTES)
    size = max(1, -(-count // max(pieces, 1)))
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def row_bytes(axes: Sequence[Axis], channels: int, itemsize: int) -> int:
    """The columns of all windows that share one place on the first axis, in one image."""
    return channels * prod(a.kernel for a in axes) * prod(a.out for a in axes[1:]) * itemsize


def overlap(count: int, step: int, first: int, size: int) -> tuple[slice, slice]:
    """(i's, places) such that place = step·i + first for those i in 0 … count−1 whose place is in 0 … size−1."""
    low = max(0, -(first // step))
    high = max(low, min(count, (size - 1 - first) // step + 1))
    start = step * low + first
    return slice(low, high), slice(start, start + step * (high - low - 1) + 1 if high > low else start, step)


class Columns:
    """The map cols and its transpose for images (n, c, *sizes), in two stages of few, long copies.

    lines[c, v, n, phase, g, …, q] = xp[n, c, s·g + phase, …, s·q + d·v]: the last axis unfolded, the others split
    by stride into phases. Window p of offset u on such an axis then reads line (d·u mod s, p + d·u div s), so that
    cols[c, u…, v, n, p…, q] is made of pieces of lines that are contiguous over p and q.
    """

    def __init__(self, axes: Sequence[Axis]) -> None:
        *lead, last = axes
        self.axes = tuple(axes)
        phases = [sorted({a.dilation * u % a.stride for u in range(a.kernel)}) for a in lead]
        counts = [a.out + a.dilation * (a.kernel - 1) // a.stride for a in lead]
        self.line_shape = tuple(n for ph, g in zip(phases, counts, strict=True) for n in (len(ph), g))
        self.fills: list[tuple[Index, Index]] = []
        for v, *chosen in product(range(last.kernel), *map(range, map(len, phases))):
            to: list[Any] = [slice(None), v, slice(None)]
            of: list[Any] = [slice(None), slice(None)]
            for a, phase, k, g in zip(lead, phases, chosen, counts, strict=True):
                here, there = overlap(g, a.stride, phase[k] - a.before, a.size)
                to, of = [*to, k, here], [*of, there]
            here, there = overlap(last.out, last.stride, last.dilation * v - last.before, last.size)
            self.fills.append(((*to, here), (*of, there)))
        self.picks: list[tuple[Index, Index]] = []
        for offset in product(*(range(a.kernel) for a in lead)):
            source: list[Any] = [slice(None)] * 3
            for a, phase, u in zip(lead, phases, offset, strict=True):
                shift, rest = divmod(a.dilation * u, a.stride)
                source += [phase.index(rest), slice(shift, shift + a.out)]
            self.picks.append(((slice(None), *offset), tuple(source)))
        self.direct = all(a.kernel == 1 for a in lead)  # cols are the lines themselves

    def buffers(self, channels: int, n: int, dtype: Any) -> tuple[Array, Array]:
        """(lines, cols), lines zero: its entries outside x stay so."""
        last = self.axes[-1]
        lines = np.zeros((channels, last.kernel, n, *self.line_shape, last.out), dtype)
        shape = (channels, *(a.kernel for a in self.axes), n, *(a.out for a in self.axes))
        return lines, lines.reshape(shape) if self.direct else np.empty(shape, dtype)

    def gather(self, x: Array, lines: Array, cols: Array) -> None:
        """cols(x) for a block of images"""
        x = x.swapaxes(0, 1)
        for to, of in self.fills:
            lines[to] = x[of]
        if not self.direct:
            for to, of in self.picks:
                cols[to] = lines[of]

    def scatter(self, cols: Array, lines: Array, dx: Array) -> None:
        """dx += colsᵀ(cols): what was copied out is added back, in the same places"""
        if not self.direct:
            lines.fill(0)
            for to, of in self.picks:
                lines[of] += cols[to]
        dx = dx.swapaxes(0, 1)
        for to, of in self.fills:
            dx[of] += lines[to]


def pieces(axes: Sequence[Axis], channels: int, batch: Array) -> Iterator[tuple[slice, slice, Columns, Array, Array]]:
    """(images, band, map, lines, cols): a batch's columns in pieces of about BLOCK_BYTES.

    An image whose columns are too many is cut into bands, windows p₀ … p₁−1 of the first axis: they are all the
    windows of an axis that begins s·p₀ places later. Buffers are used again from piece to piece.
    """
    first, *others = axes
    row = row_bytes(axes, channels, batch.itemsize)
    for band in blocks(first.out, row):
        count = band.stop - band.start
        unfold = Columns([first._replace(before=first.before - first.stride * band.start, out=count), *others])
        held: tuple[Array, Array] | None = None
        for block in blocks(len(batch), row * count):
            n = block.stop - block.start
            if held is None or held[0].shape[2] != n:
                held = unfold.buffers(channels, n, batch.dtype)
            yield block, band, unfold, *held


def matrix(w: Array, groups: int) -> Array:
    """w (o, c/g, *kernel) as (g, o/g, c/g·kernel size)"""
    return w.reshape(groups, len(w) // groups, -1)


def rows(values: Array, groups: int) -> Array:
    """A block (n, o, *places) as (g, o/g, n·places)"""
    channels = values.shape[1]
    return values.swapaxes(0, 1).reshape(groups, channels // groups, -1)


def convolve(x: Array, w: Array, bias: Array | None, axes: Sequence[Axis], groups: int) -> Array:
    """y (n,o,*out) = W · cols(x) + bias          x (n,c,*sizes), w (o,c/g,*kernel)"""
    W = matrix(w, groups)
    y = np.empty((len(x), len(w), axes[0].out, prod(a.out for a in axes[1:])), x.dtype)
    b = np.zeros((len(w), 1, 1), x.dtype) if bias is None else bias[:, None, None]
    for block, band, unfold, lines, cols in pieces(axes, x.shape[1], x):
        unfold.gather(x[block], lines, cols)
        part = y[block, :, band]
        made = (W @ cols.reshape(groups, W.shape[2], -1)).reshape(len(w), len(part), *part.shape[2:])
        np.add(made.swapaxes(0, 1), b, out=part)
    return y.reshape(len(x), len(w), *(a.out for a in axes))


def convolve_dw(x: Array, dy: Array, axes: Sequence[Axis], groups: int) -> Array:
    """dw (o,c/g,*kernel) = dy · cols(x)ᵀ          x (n,c,*sizes), dy (n,o,*out)

    Computed as dwᵀ = cols(x) · dyᵀ: a tall product is up to 1.5 times faster than a flat one.
    """
    channels, out, kernel = x.shape[1], dy.shape[1], tuple(a.kernel for a in axes)
    dWt = np.zeros((groups, channels // groups * prod(kernel), out // groups), x.dtype)
    for block, band, unfold, lines, cols in pieces(axes, channels, x):
        unfold.gather(x[block], lines, cols)
        dWt += cols.reshape(groups, dWt.shape[1], -1) @ rows(dy[block, :, band], groups).swapaxes(1, 2)
    return dWt.swapaxes(1, 2).reshape(out, channels // groups, *kernel)


def convolve_dx(dy: Array, w: Array, axes: Sequence[Axis], groups: int) -> Array:
    """dx (n,c,*sizes) = colsᵀ(Wᵀ · dy)          dy (n,o,*out), w (o,c/g,*kernel)

    With stride 1 that is a convolution of dy by the mirrored kernel, which copies where colsᵀ adds.
    """
    channels = w.shape[1] * groups
    if all(a.stride == 1 for a in axes) and len(w) <= COPIES_FOR_AN_ADD * channels:
        mirrored = [a._replace(size=a.out, out=a.size, before=a.reach - 1 - a.before) for a in axes]
        return convolve(dy, mirror(w, groups), None, mirrored, groups)
    W = matrix(w, groups)
    dx = np.zeros((len(dy), channels, *(a.size for a in axes)), dy.dtype)
    for block, band, unfold, lines, cols in pieces(axes, channels, dy):
        np.matmul(W.swapaxes(1, 2), rows(dy[block, :, band], groups), out=cols.reshape(groups, W.shape[2], -1))
        unfold.scatter(cols, lines, dx[block])
    return dx


def mirror(w: Array, groups: int) -> Array:
    """w (o,c/g,*kernel) as (c,o/g,*kernel), its kernels reversed on every axis"""
    exchanged = w.reshape(groups, -1, *w.shape[1:]).swapaxes(1, 2)
    turned = np.flip(exchanged, tuple(range(3, exchanged.ndim)))
    return np.ascontiguousarray(turned.reshape(-1, *turned.shape[2:]))
