"""Sums of products by Einstein's notation: a gradient is the sum with that value and y exchanged."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Arrays, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Einsum


@implements(Einsum)
def einsum(spec: Einsum, p: Tree, *x: Array, run: Run) -> tuple[Array, Backward]:
    """y = Σ x₀ x₁ …        dxₖ = Σ dy ∏ of the others, over the letters that are not xₖ's"""
    terms, out = spec.terms

    def dx(dy: Array, k: int) -> Array:
        own = terms[k]
        others = [(term, value) for i, (term, value) in enumerate(zip(terms, x, strict=True)) if i != k]
        known = set(out).union(*(term for term, _ in others))
        kept = "".join(letter for letter in own if letter in known)  # xₖ alone is summed over the rest: dy for all
        left = ",".join([out, *(term for term, _ in others)])
        d = np.einsum(f"{left}->{kept}", dy, *(value for _, value in others), optimize=True)
        alone = tuple(axis for axis, letter in enumerate(own) if letter not in known)
        return np.broadcast_to(np.expand_dims(d, alone), x[k].shape)

    def backward(dy: Array) -> tuple[Arrays, State]:
        return tuple(dx(dy, k) for k in range(len(x))), {}

    return np.einsum(f"{','.join(terms)}->{out}", *x, optimize=True), backward
