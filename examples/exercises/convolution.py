"""Exercise: a convolution, as networks have it (the kernel is not turned), of stride 1 without padding.

    y[n, o, p, q] = b[o] + Σ w[o, c, u, v] · x[n, c, p + u, q + v]          over c, u, v

    x (n, c, H, W)    w = weight (o, c, u, v)    b = bias (o,)    y (n, o, H − u + 1, W − v + 1)

Each gradient is the same sum with its letters moved:

    dw[o, c, u, v] = Σ dy[n, o, p, q] · x[n, c, p + u, q + v]               over n, p, q
    db[o] = Σ dy[n, o, p, q]
    dx[n, c, i, j] = Σ dy[n, o, p, q] · w[o, c, u, v]                       over p + u = i, q + v = j

np.lib.stride_tricks.sliding_window_view(x, (u, v), axis=(2, 3)) shows every window (n, c, p, q, u, v) without a copy.
Where you reshape patches into a matrix, keep the samples apart: an axis of samples and one of positions do not change
places in a reshape.

Write the two functions, then run   isograd check convolution.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


class Convolution:
    def __init__(self, weight: Array, bias: Array) -> None:
        self.weight, self.bias = weight, bias

    def forward(self, x: Array) -> Array:
        """y, and keep in self what backward needs."""
        raise NotImplementedError("forward of the convolution")

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        """dx, {"weight": dw, "bias": db}"""
        raise NotImplementedError("backward of the convolution")


checks = {Convolution: ig.Conv2d(3, 3)}
