"""Exercise: long short-term memory.

    a = W xₜ + b + U hₜ₋₁ + d        (N, 4H): the gates i, f, g, o side by side
    i = σ(aᵢ)    f = σ(a_f)    g = tanh(a_g)    o = σ(aₒ)
    cₜ = f cₜ₋₁ + i g                hₜ = o tanh(cₜ)                from h₀ = c₀ = 0

    x (N, T, F)    W = weight_ih (4H, F)    U = weight_hh (4H, H)    b = bias_ih (4H,)    d = bias_hh (4H,)
    y (N, T, H), all hₜ

Two things go back in time, what reaches hₜ and what reaches cₜ:

    dc = (what step t + 1 gave cₜ) + dh o (1 − tanh²cₜ)
    daᵢ = dc g i(1 − i)    da_f = dc cₜ₋₁ f(1 − f)    da_g = dc i (1 − g²)    daₒ = dh tanh(cₜ) o(1 − o)
    for step t − 1: h gets da U, c gets dc f
    dxₜ = da W        dW += daᵀ xₜ        dU += daᵀ hₜ₋₁        db += Σₙ da        dd += Σₙ da

Write the two functions, then run   isograd check lstm.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


class LSTM:
    def __init__(self, weight_ih: Array, weight_hh: Array, bias_ih: Array, bias_hh: Array) -> None:
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = weight_ih, weight_hh, bias_ih, bias_hh

    def forward(self, x: Array) -> Array:
        """y, and keep in self what backward needs."""
        raise NotImplementedError("forward of the LSTM")

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        """dx, {"weight_ih": dW, "weight_hh": dU, "bias_ih": db, "bias_hh": dd}"""
        raise NotImplementedError("backward of the LSTM")


checks = {LSTM: ig.LSTM(3)}
