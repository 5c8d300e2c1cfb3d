"""Solution of the exercise: the optimizer Adam."""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


class Adam:
    def __init__(self, lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8) -> None:
        self.lr, self.betas, self.eps = lr, betas, eps
        self.t = 0
        self.m: dict[str, Any] = {}
        self.v: dict[str, Any] = {}

    def step(self, params: dict[str, Array], grads: dict[str, Array]) -> None:
        b1, b2 = self.betas
        self.t += 1
        for name, w in params.items():
            g = grads[name]
            self.m[name] = b1 * self.m.get(name, 0) + (1 - b1) * g
            self.v[name] = b2 * self.v.get(name, 0) + (1 - b2) * g * g
            m, v = self.m[name] / (1 - b1**self.t), self.v[name] / (1 - b2**self.t)
            w -= self.lr * m / (np.sqrt(v) + self.eps)


checks = {Adam: ig.Adam(0.01)}
