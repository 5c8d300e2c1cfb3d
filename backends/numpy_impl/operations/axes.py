"""Layers that move values to other axes or repeat them: gradients move back, and add up where values were repeated."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.operations.combine import unbroadcast
from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.forms import Rows
from isograd.core.base.types import Array, Backward, MaybeArrays, Shape, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Expand, Flip, Permute, Repeat, RepeatInterleave, Roll, Tril, Triu, View


def rows_of(like: tuple[Array, ...]) -> int:
    """N, as the rows of a last input show it, which has no gradient; 1 where nothing depends on it."""
    return next((len(value) for value in like), 1)


@implements(Permute)
def permute(spec: Permute, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x with axis dims[k] as axis k        dx = dy, each axis where it was"""
    order = tuple(dim % x.ndim for dim in spec.dims)

    def backward(dy: Array) -> tuple[Array, State]:
        return dy.transpose(np.argsort(order)), {}

    return x.transpose(order), backward


@implements(View)
def view(spec: View, p: Tree, x: Array, *like: Array, run: Run) -> tuple[Array, Backward]:
    """y = x in other axes, in reading order        dx = dy in x's axes"""
    if like:
        shape = spec.form.sizes(rows_of(like))
    else:
        shape = tuple(-1 if isinstance(size, Rows) else size for size in spec.form.axes)

    def backward(dy: Array) -> tuple[MaybeArrays, State]:
        return (dy.reshape(x.shape), *(None for _ in like)), {}

    return x.reshape(shape), backward


@implements(Expand)
def expand(spec: Expand, p: Tree, x: Array, *like: Array, run: Run) -> tuple[Array, Backward]:
    """y = x repeated along its axes of one place, and along new ones in front        dx = Σ dy over the repeats"""
    if like:
        shape = spec.form.sizes(rows_of(like))
    else:  # the axes that grow with the batch are x's own
        axes = spec.form.axes
        shape = tuple(x.shape[k - len(axes)] if isinstance(size, Rows) else size for k, size in enumerate(axes))

    def backward(dy: Array) -> tuple[MaybeArrays, State]:
        return (unbroadcast(dy, x.shape), *(None for _ in like)), {}

    return np.broadcast_to(x, shape), backward


@implements(Flip)
def flip(spec: Flip, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[i] = x[size−1−i] on each axis of dims        dx[i] = dy[size−1−i]"""

    def backward(dy: Array) -> tuple[Array, State]:
        return np.flip(dy, spec.dims), {}

    return np.flip(x, spec.dims), backward


@implements(Roll)
def roll(spec: Roll, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[(i + shift) mod size] = x[i] on each axis of dims        dx[i] = dy[(i + shift) mod size]"""

    def backward(dy: Array) -> tuple[Array, State]:
        return np.roll(dy, tuple(-shift for shift in spec.shifts), spec.dims), {}

    return np.roll(x, spec.shifts, spec.dims), backward


@implements(Repeat)
def repeat(spec: Repeat, p: Tree, x: Array, *like: Array, run: Run) -> tuple[Array, Backward]:
    """y[i] = x[i mod size] on each axis        dx[i] = Σ dy[i + k·size], k = 0 … repeats−1"""
    repeats = spec.form.sizes(rows_of(like))
    sizes: Shape = (1,) * (len(repeats) - x.ndim) + x.shape

    def backward(dy: Array) -> tuple[MaybeArrays, State]:
        blocks = dy.reshape([n for pair in zip(repeats, sizes, strict=True) for n in pair])
        dx = blocks.sum(tuple(2 * k for k in range(len(repeats))))
        return (np.squeeze(dx, tuple(range(dx.ndim - x.ndim))), *(None for _ in like)), {}

    return np.tile(x, repeats), backward


@implements(RepeatInterleave)
def repeat_interleave(spec: RepeatInterleave, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[i] = x[⌊i/repeats⌋] on the axis        dx[i] = Σ dy[repeats·i + k], k = 0 … repeats−1"""
    axis = spec.dim % x.ndim

    def backward(dy: Array) -> tuple[Array, State]:
        return dy.reshape(*x.shape[: axis + 1], spec.repeats, *x.shape[axis + 1 :]).sum(axis + 1), {}

    return x.repeat(spec.repeats, axis), backward


@implements(Tril)
def tril(spec: Tril, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x on and below the diagonal, else 0        dx = dy there, else 0"""

    def backward(dy: Array) -> tuple[Array, State]:
        return np.tril(dy, spec.diagonal), {}

    return np.tril(x, spec.diagonal), backward


@implements(Triu)
def triu(spec: Triu, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x on and above the diagonal, else 0        dx = dy there, else 0"""

    def backward(dy: Array) -> tuple[Array, State]:
        return np.triu(dy, spec.diagonal), {}

    return np.triu(x, spec.diagonal), backward
