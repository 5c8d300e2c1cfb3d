"""Exercise: the optimizer Adam (Kingma and Ba 2015).

For every weight w with gradient g, in step t = 1, 2, …, m and v starting from 0:

    m ← β₁ m + (1 − β₁) g           v ← β₂ v + (1 − β₂) g²
    m̂ = m / (1 − β₁ᵗ)               v̂ = v / (1 − β₂ᵗ)
    w ← w − η m̂ / (√v̂ + ε)

m and v are of each weight by itself, t is counted once a step. ε stands outside the root.

Write the function, then run   isograd check adam.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


class Adam:
    def __init__(self, lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8) -> None:
        self.lr, self.betas, self.eps = lr, betas, eps

    def step(self, params: dict[str, Array], grads: dict[str, Array]) -> None:
        """Change the arrays of `params` in place."""
        raise NotImplementedError("step of Adam")


checks = {Adam: ig.Adam(0.01)}
