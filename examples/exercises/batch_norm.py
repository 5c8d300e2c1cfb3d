"""Exercise: batch normalisation over images.

In training, each channel by its own mean and variance over the batch and all places, m values of it:

    μ = mean x      σ² = mean (x − μ)²      z = (x − μ) / √(σ² + ε)      y = w z + b         ε = 1e-5

    x, y (N, C, H, W)    w = weight (C,)    b = bias (C,)

μ and σ² depend on x as well, which the gradient must know:

    dw = Σ dy z         db = Σ dy         dx = (g − mean g − z · mean(g z)) / √(σ² + ε),   g = w dy

In training the running statistics move, with momentum a = 0.1 as the share of the new value, and the variance unbiased:

    running_mean ← (1 − a) running_mean + a μ         running_var ← (1 − a) running_var + a σ² m/(m − 1)

In evaluation they take the place of μ and σ², and nothing moves.

Write the two functions, then run   isograd check batch_norm.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


class BatchNorm:
    def __init__(self, weight: Array, bias: Array) -> None:
        self.weight, self.bias = weight, bias
        self.running_mean, self.running_var = np.zeros_like(weight), np.ones_like(weight)

    def forward(self, x: Array, training: bool = True) -> Array:
        """y, and keep in self what backward needs."""
        raise NotImplementedError("forward of batch normalisation")

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        """dx, {"weight": dw, "bias": db}, after a forward in training or in evaluation"""
        raise NotImplementedError("backward of batch normalisation")


checks = {BatchNorm: ig.BatchNorm2d()}
