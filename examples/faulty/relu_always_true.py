"""A ReLU whose mask is of the output's own making: max(x, 0) ≥ 0 holds everywhere.

isograd check examples/faulty/relu_always_true.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


class ReLU:
    def forward(self, x: Array) -> Array:
        self.y = np.maximum(x, 0)
        return np.asarray(self.y)

    def backward(self, dy: Array) -> Array:
        return np.asarray(dy * (self.y >= 0))  # the fault


checks = {ReLU: ig.ReLU()}
