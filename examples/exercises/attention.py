"""Exercise: scaled dot-product attention.

    S = q kᵀ / √d        A = softmax(S), row by row        y = A v

    q (…, T, d)    k (…, S, d)    v (…, S, e)    y (…, T, e): what stands in front, batch and heads, is left alone

    dv = Aᵀ dy        dA = dy vᵀ        dS = A (dA − Σ dA A), the sum over each row
    dq = dS k / √d                      dk = dSᵀ q / √d

Every row of A sums to 1, so that an entry depends on all scores of its row. Subtract the largest score of a row first.

Write the two functions, then run   isograd check attention.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


class Attention:
    def forward(self, q: Array, k: Array, v: Array) -> Array:
        """y, and keep in self what backward needs."""
        raise NotImplementedError("forward of the attention")

    def backward(self, dy: Array) -> tuple[Array, Array, Array]:
        """dq, dk, dv"""
        raise NotImplementedError("backward of the attention")


checks = {Attention: ig.ScaledDotProductAttention()}
