"""A GRU whose backward forgets that a state is made of the state before it.

isograd check examples/faulty/gru_without_time.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


def sigmoid(a: Array) -> Array:
    return np.asarray((1 + np.tanh(a / 2)) / 2)


class GRU:
    def __init__(self, weight_ih: Array, weight_hh: Array, bias_ih: Array, bias_hh: Array) -> None:
        self.W, self.U, self.b, self.c = weight_ih, weight_hh, bias_ih, bias_hh

    def forward(self, x: Array) -> Array:
        h = np.zeros((len(x), self.U.shape[1]), x.dtype)
        self.x, self.seen = x, []
        for t in range(x.shape[1]):
            ar, az, an = np.split(x[:, t] @ self.W.T + self.b, 3, axis=1)
            br, bz, bn = np.split(h @ self.U.T + self.c, 3, axis=1)
            r, z = sigmoid(ar + br), sigmoid(az + bz)
            n = np.tanh(an + r * bn)
            self.seen.append((h, r, z, n, bn))
            h = (1 - z) * n + z * h
        states = [h for h, *_ in self.seen[1:]] + [h]
        return np.stack(states, axis=1)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        dx, dW, dU = np.zeros_like(self.x), np.zeros_like(self.W), np.zeros_like(self.U)
        db, dc = np.zeros_like(self.b), np.zeros_like(self.c)
        for t, (h, r, z, n, bn) in enumerate(self.seen):
            dh = dy[:, t]  # the fault: what step t + 1 gives to this state is missing
            dan, daz = dh * (1 - z) * (1 - n * n), dh * (h - n) * z * (1 - z)
            dar = dan * bn * r * (1 - r)
            da, dbeta = np.hstack([dar, daz, dan]), np.hstack([dar, daz, dan * r])
            dx[:, t] = da @ self.W
            dW += da.T @ self.x[:, t]
            dU += dbeta.T @ h
            db += da.sum(0)
            dc += dbeta.sum(0)
        return dx, {"weight_ih": dW, "weight_hh": dU, "bias_ih": db, "bias_hh": dc}


checks = {GRU: ig.GRU(3)}
