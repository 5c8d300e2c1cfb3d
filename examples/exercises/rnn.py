"""Exercise: a recurrent layer.

    hₜ = tanh(W xₜ + b + U hₜ₋₁ + c)        from h₀ = 0, for every step t of x

    x (N, T, F)    W = weight_ih (H, F)    U = weight_hh (H, H)    b = bias_ih (H,)    c = bias_hh (H,)
    y (N, T, H), all hₜ

Backward walks from the last step to the first. What reaches hₜ comes from y and from the step behind:

    dhₜ = dyₜ + the share of step t + 1         da = dhₜ (1 − hₜ²)        the share of step t for hₜ₋₁: da U
    dxₜ = da W        dW += daᵀ xₜ        dU += daᵀ hₜ₋₁        db += Σₙ da        dc += Σₙ da

Write the two functions, then run   isograd check rnn.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


class RNN:
    def __init__(self, weight_ih: Array, weight_hh: Array, bias_ih: Array, bias_hh: Array) -> None:
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = weight_ih, weight_hh, bias_ih, bias_hh

    def forward(self, x: Array) -> Array:
        """y, and keep in self what backward needs."""
        raise NotImplementedError("forward of the RNN")

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        """dx, {"weight_ih": dW, "weight_hh": dU, "bias_ih": db, "bias_hh": dc}"""
        raise NotImplementedError("backward of the RNN")


checks = {RNN: ig.RNN(3)}
