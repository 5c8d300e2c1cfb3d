"""Solution of the exercise: softmax and cross-entropy in one."""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


class SoftmaxCrossEntropy:
    def forward(self, z: Array, t: Array) -> float:
        self.rows, self.t = np.arange(len(z)), t
        z = z - z.max(1, keepdims=True)
        self.logp = z - np.log(np.exp(z).sum(1, keepdims=True))
        return -self.logp[self.rows, t].mean()

    def backward(self) -> Array:
        dz = np.exp(self.logp)
        dz[self.rows, self.t] -= 1
        return dz / len(dz)


checks = {SoftmaxCrossEntropy: ig.CrossEntropyLoss()}
