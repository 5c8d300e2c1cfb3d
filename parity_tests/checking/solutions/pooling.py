"""Solution of the exercise: the largest of every 2 × 2 window."""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


class MaxPooling:
    def forward(self, x: Array) -> Array:
        self.shape = n, c, height, width = x.shape
        down, across = height // 2, width // 2
        cut = x[:, :, : 2 * down, : 2 * across].reshape(n, c, down, 2, across, 2)
        flat = cut.transpose(0, 1, 2, 4, 3, 5).reshape(n, c, down, across, 4)
        self.place = flat.argmax(-1)
        return np.take_along_axis(flat, self.place[..., None], -1)[..., 0]

    def backward(self, dy: Array) -> Array:
        dx = np.zeros(self.shape, dy.dtype)
        n, c, p, q = np.indices(dy.shape)
        dx[n, c, 2 * p + self.place // 2, 2 * q + self.place % 2] = dy
        return dx


checks = {MaxPooling: ig.MaxPool2d(2)}
