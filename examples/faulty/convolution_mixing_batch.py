"""A convolution of patches and one matrix product, whose gradient pairs patches of one sample with dy of another.

isograd check examples/faulty/convolution_mixing_batch.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


class Convolution:
    def __init__(self, W: Array, b: Array) -> None:
        self.W, self.b = W, b

    def forward(self, x: Array) -> Array:
        out, _, height, width = self.W.shape
        windows = np.lib.stride_tricks.sliding_window_view(x, (height, width), axis=(2, 3))
        rows, _, down, across = windows.shape[:4]
        self.shape = x.shape
        self.patches = windows.transpose(0, 2, 3, 1, 4, 5).reshape(rows * down * across, -1)
        y = self.patches @ self.W.reshape(out, -1).T + self.b
        return y.reshape(rows, down, across, out).transpose(0, 3, 1, 2)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        out, _, height, width = self.W.shape
        _, _, down, across = dy.shape
        each = dy.transpose(1, 0, 2, 3).reshape(out, -1)
        mixed = dy.reshape(out, -1)  # the fault: (n, o, p, q) is not (o, n, p, q), but for a single sample
        dwindows = (each.T @ self.W.reshape(out, -1)).reshape(len(dy), down, across, -1, height, width)
        dx = np.zeros(self.shape, dy.dtype)
        for u, v in np.ndindex(height, width):
            dx[:, :, u : u + down, v : v + across] += dwindows[..., u, v].transpose(0, 3, 1, 2)
        dW = (mixed @ self.patches).reshape(self.W.shape)
        return dx, {"W": dW, "b": dy.sum((0, 2, 3))}


checks = {Convolution: ig.Conv2d(3, 3)}
