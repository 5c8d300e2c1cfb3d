"""Elementwise nonlinearities, and the two that normalise along an axis."""

from __future__ import annotations

from typing import Literal

from isograd.core.base.description import Finite, Int, Positive, describes
from isograd.core.base.types import Shape
from isograd.core.layers.base import Layer, resolve_axis


@describes("layer")
class Sigmoid(Layer):
    """y = 1 / (1 + e⁻ˣ)"""


@describes("layer")
class Tanh(Layer):
    """y = tanh x"""


@describes("layer")
class ReLU(Layer):
    """y = max(x, 0); the derivative at 0 is 0, as in torch"""


@describes("layer")
class LeakyReLU(Layer):
    """y = x for x > 0, else negative_slope · x"""

    negative_slope: Finite = 0.01


@describes("layer")
class ELU(Layer):
    """y = x for x > 0, else alpha · (eˣ − 1)"""

    alpha: Finite = 1.0


@describes("layer")
class GELU(Layer):
    """y = x · Φ(x), Φ the normal distribution function.

    approximate="none": Φ(x) = (1 + erf(x/√2)) / 2.
    approximate="tanh": Φ(x) ≈ (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, up to 5e-4 away.
    """

    approximate: Literal["none", "tanh"] = "none"


@describes("layer")
class SiLU(Layer):
    """y = x · σ(x) = x / (1 + e⁻ˣ)"""


@describes("layer")
class Softplus(Layer):
    """y = log(1 + e^(beta·x)) / beta; above beta·x > threshold torch returns x itself, and so do we"""

    beta: Positive = 1.0
    threshold: Finite = 20.0


@describes("layer")
class Softmax(Layer):
    """y = eˣ / Σ eˣ along `dim` (counting the batch, as torch)"""

    dim: Int = -1

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        resolve_axis(self.dim, x[0])
        return x


@describes("layer")
class LogSoftmax(Layer):
    """y = x − log Σ eˣ along `dim` (counting the batch, as torch)"""

    dim: Int = -1

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        resolve_axis(self.dim, x[0])
        return x
