"""Exercise: a gated recurrent unit.

    a = W xₜ + b        β = U hₜ₋₁ + c        both (N, 3H): the gates r, z, n side by side
    r = σ(aᵣ + βᵣ)      z = σ(a_z + β_z)      n = tanh(aₙ + r βₙ)         hₜ = (1 − z) n + z hₜ₋₁        from h₀ = 0

    x (N, T, F)    W = weight_ih (3H, F)    U = weight_hh (3H, H)    b = bias_ih (3H,)    c = bias_hh (3H,)
    y (N, T, H), all hₜ

The reset gate acts on βₙ, behind the product with U. Backward from the last step to the first; with dh what reaches hₜ,
from y and from the step behind:

    daₙ = dh (1 − z)(1 − n²)      da_z = dh (hₜ₋₁ − n) z(1 − z)      daᵣ = daₙ βₙ r(1 − r)
    da = [daᵣ, da_z, daₙ]         dβ = [daᵣ, da_z, daₙ r]
    dxₜ = da W      the share of hₜ₋₁: dh z + dβ U      dW += daᵀ xₜ      dU += dβᵀ hₜ₋₁      db += Σ da      dc += Σ dβ

Write the two functions, then run   isograd check gru.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


class GRU:
    def __init__(self, weight_ih: Array, weight_hh: Array, bias_ih: Array, bias_hh: Array) -> None:
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = weight_ih, weight_hh, bias_ih, bias_hh

    def forward(self, x: Array) -> Array:
        """y, and keep in self what backward needs."""
        raise NotImplementedError("forward of the GRU")

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        """dx, {"weight_ih": dW, "weight_hh": dU, "bias_ih": db, "bias_hh": dc}"""
        raise NotImplementedError("backward of the GRU")


checks = {GRU: ig.GRU(3)}
