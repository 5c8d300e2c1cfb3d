"""Solution of the exercise: long short-term memory."""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


def sigmoid(a: Array) -> Array:
    return np.asarray((1 + np.tanh(a / 2)) / 2)


class LSTM:
    def __init__(self, weight_ih: Array, weight_hh: Array, bias_ih: Array, bias_hh: Array) -> None:
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = weight_ih, weight_hh, bias_ih, bias_hh

    def forward(self, x: Array) -> Array:
        h = c = np.zeros((len(x), self.weight_hh.shape[1]), x.dtype)
        self.x, self.seen, states = x, [], []
        for t in range(x.shape[1]):
            a = x[:, t] @ self.weight_ih.T + self.bias_ih + h @ self.weight_hh.T + self.bias_hh
            ai, af, ag, ao = np.split(a, 4, axis=1)
            i, f, g, o = sigmoid(ai), sigmoid(af), np.tanh(ag), sigmoid(ao)
            new = f * c + i * g
            self.seen.append((h, c, i, f, g, o, np.tanh(new)))
            h, c = o * np.tanh(new), new
            states.append(h)
        return np.stack(states, axis=1)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        grads = {name: np.zeros_like(getattr(self, name)) for name in names}
        dx, dh, dc = np.zeros_like(self.x), np.zeros_like(dy[:, 0]), np.zeros_like(dy[:, 0])
        for t in reversed(range(dy.shape[1])):
            h, c, i, f, g, o, tanh = self.seen[t]
            dh = dh + dy[:, t]
            dc = dc + dh * o * (1 - tanh**2)
            gates = (dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g**2), dh * tanh * o * (1 - o))
            da = np.hstack(gates)
            dx[:, t], dh, dc = da @ self.weight_ih, da @ self.weight_hh, dc * f
            grads["weight_ih"] += da.T @ self.x[:, t]
            grads["weight_hh"] += da.T @ h
            grads["bias_ih"] += da.sum(0)
            grads["bias_hh"] += da.sum(0)
        return dx, grads


checks = {LSTM: ig.LSTM(3)}
