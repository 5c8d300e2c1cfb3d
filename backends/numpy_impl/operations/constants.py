"""Values made of nothing, values of another kind, and values that pass no gradient."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.operations.axes import rows_of
from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.forms import dtype_of
from isograd.core.base.types import Array, Backward, MaybeArrays, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Arange, Cast, Full, StopGradient


@implements(Full)
def full(spec: Full, p: Tree, *like: Array, run: Run) -> tuple[Array, Backward]:
    """y = value        no input has a gradient"""

    def backward(dy: Array) -> tuple[MaybeArrays, State]:
        return tuple(None for _ in like), {}

    return np.full(spec.form.sizes(rows_of(like)), spec.value, dtype_of(spec.kind, run.dtype)), backward


@implements(Arange)
def arange(spec: Arange, p: Tree, *like: Array, run: Run) -> tuple[Array, Backward]:
    """y[i] = start + step·i        no input has a gradient"""
    (size,) = spec.form.sizes(rows_of(like))

    def backward(dy: Array) -> tuple[MaybeArrays, State]:
        return tuple(None for _ in like), {}

    return (spec.start + spec.step * np.arange(size)).astype(dtype_of(spec.kind, run.dtype)), backward


@implements(Cast)
def cast(spec: Cast, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x as another kind        dx = dy of floats that stay floats; others have none"""

    def backward(dy: Array) -> tuple[Array, State]:
        return dy, {}

    return x.astype(dtype_of(spec.kind, run.dtype)), backward


@implements(StopGradient)
def stop_gradient(spec: StopGradient, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x        no dx"""

    def backward(dy: Array) -> tuple[None, State]:
        return None, {}

    return x, backward
