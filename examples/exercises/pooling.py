"""Exercise: the largest of every 2 × 2 window.

    y[n, c, p, q] = max x[n, c, 2p + u, 2q + v]     over u, v in 0, 1       x (N, C, H, W)    y (N, C, ⌊H/2⌋, ⌊W/2⌋)

Only the largest entry of a window moves the output, so it alone gets the gradient:

    dx[n, c, 2p + u, 2q + v] = dy[n, c, p, q] at the first (u, v) where the maximum lies, else 0

Of several equal ones one gets it, not each: the sum of dx is that of dy. A last row or column that fills no window is
never read.

Write the two functions, then run   isograd check pooling.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


class MaxPooling:
    def forward(self, x: Array) -> Array:
        """y, and keep in self what backward needs."""
        raise NotImplementedError("forward of the pooling")

    def backward(self, dy: Array) -> Array:
        """dx"""
        raise NotImplementedError("backward of the pooling")


checks = {MaxPooling: ig.MaxPool2d(2)}
