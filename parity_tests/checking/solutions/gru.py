"""Solution of the exercise: a gated recurrent unit."""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


def sigmoid(a: Array) -> Array:
    return np.asarray((1 + np.tanh(a / 2)) / 2)


class GRU:
    def __init__(self, weight_ih: Array, weight_hh: Array, bias_ih: Array, bias_hh: Array) -> None:
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = weight_ih, weight_hh, bias_ih, bias_hh

    def forward(self, x: Array) -> Array:
        h = np.zeros((len(x), self.weight_hh.shape[1]), x.dtype)
        self.x, self.seen, states = x, [], []
        for t in range(x.shape[1]):
            ar, az, an = np.split(x[:, t] @ self.weight_ih.T + self.bias_ih, 3, axis=1)
            br, bz, bn = np.split(h @ self.weight_hh.T + self.bias_hh, 3, axis=1)
            r, z = sigmoid(ar + br), sigmoid(az + bz)
            n = np.tanh(an + r * bn)
            self.seen.append((h, r, z, n, bn))
            h = (1 - z) * n + z * h
            states.append(h)
        return np.stack(states, axis=1)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        grads = {name: np.zeros_like(getattr(self, name)) for name in names}
        dx, dh = np.zeros_like(self.x), np.zeros_like(dy[:, 0])
        for t in reversed(range(dy.shape[1])):
            h, r, z, n, bn = self.seen[t]
            dh = dh + dy[:, t]
            dan, daz = dh * (1 - z) * (1 - n * n), dh * (h - n) * z * (1 - z)
            dar = dan * bn * r * (1 - r)
            da, db = np.hstack([dar, daz, dan]), np.hstack([dar, daz, dan * r])
            dx[:, t], dh = da @ self.weight_ih, dh * z + db @ self.weight_hh
            grads["weight_ih"] += da.T @ self.x[:, t]
            grads["weight_hh"] += db.T @ h
            grads["bias_ih"] += da.sum(0)
            grads["bias_hh"] += db.sum(0)
        return dx, grads


checks = {GRU: ig.GRU(3)}
