"""Nonlinearities that draw values towards 0, or put a number in their place. ⊙ is the product entry by entry."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Hardshrink, Softshrink, Softsign, Tanhshrink, Threshold


@implements(Softsign)
def softsign(spec: Softsign, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x / s        dx = dy / s²        s = 1 + |x|"""
    s = 1 + np.abs(x)

    def backward(dy: Array) -> tuple[Array, State]:
        return dy / s / s, {}

    return x / s, backward


@implements(Softshrink)
def softshrink(spec: Softshrink, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x − λ where x > λ, x + λ where x < −λ, else 0        dx = 0 where −λ ≤ x ≤ λ, else dy        λ = lambd"""
    between = np.abs(x) <= spec.lambd

    def backward(dy: Array) -> tuple[Array, State]:
        return np.where(between, 0, dy), {}

    return np.where(between, 0, x - np.copysign(x.dtype.type(spec.lambd), x)), backward


@implements(Hardshrink)
def hardshrink(spec: Hardshrink, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = 0 where −λ ≤ x ≤ λ, else x        dx = 0 there, else dy        λ = lambd"""
    return replaced(x, np.abs(x) <= spec.lambd, 0.0)


@implements(Tanhshrink)
def tanhshrink(spec: Tanhshrink, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x − t        dx = dy ⊙ t²        t = tanh x"""
    t = np.tanh(x)

    def backward(dy: Array) -> tuple[Array, State]:
        return dy * t * t, {}

    return x - t, backward


@implements(Threshold)
def threshold(spec: Threshold, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = value where x ≤ threshold, else x        dx = 0 there, else dy"""
    return replaced(x, x <= spec.threshold, spec.value)


def replaced(x: Array, mask: Array, value: float) -> tuple[Array, Backward]:
    """y = value where the mask holds, else x        dx = 0 there, else dy"""

    def backward(dy: Array) -> tuple[Array, State]:
        return np.where(mask, 0, dy), {}

    return np.where(mask, x.dtype.type(value), x), backward
