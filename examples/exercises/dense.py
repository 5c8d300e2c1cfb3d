"""Exercise: a dense layer.

    y = x Wᵀ + b            x (N, in)    W = weight (out, in)    b = bias (out,)    y (N, out)

Given dy = ∂L/∂y, of y's shape, the chain rule says

    dx = dy W               dW = dyᵀ x               db = Σₙ dy

dW and db are sums over the samples: where the loss is a mean, its 1/N is already in dy.

Write the two functions, then run   isograd check dense.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


class Dense:
    def __init__(self, weight: Array, bias: Array) -> None:
        self.weight, self.bias = weight, bias

    def forward(self, x: Array) -> Array:
        """y, and keep in self what backward needs."""
        raise NotImplementedError("forward of the dense layer")

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        """dx, {"weight": dW, "bias": db}"""
        raise NotImplementedError("backward of the dense layer")


checks = {Dense: ig.Linear(3)}
