"""Initial laws: how weights are drawn before training, once, in NumPy, for every backend.

`fan_in` and `fan_out` count the inputs and outputs of one weight matrix (out, in, *kernel):
fan_in = in · kernel size, fan_out = out · kernel size. A bias takes the fans of its weight.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot, sqrt
from typing import Literal, NamedTuple

import numpy as np

from isograd.core.base.description import Description, Finite, NonNegative, Positive, describes
from isograd.core.base.errors import SpecError, shown
from isograd.core.base.types import Array, Shape


class Fans(NamedTuple):
    fan_in: int
    fan_out: int


@describes("initializer", abstract=True)
class Initializer(Description):
    """A law to draw a weight from."""

    def draw(self, rng: np.random.Generator, shape: Shape, fans: Fans) -> Array:
        """A float64 array of `shape`."""
        raise NotImplementedError(f"{type(self).__name__} draws nothing")


@describes("initializer")
class Normal(Initializer):
    """w ~ N(mean, std²)"""

    mean: Finite = 0.0
    std: NonNegative = 1.0

    def draw(self, rng: np.random.Generator, shape: Shape, fans: Fans) -> Array:
        return rng.normal(self.mean, self.std, shape)


@describes("initializer")
class Uniform(Initializer):
    """w ~ U[low, high)"""

    low: Finite = 0.0
    high: Finite = 1.0

    def __post_init__(self) -> None:
        if self.high < self.low:
            raise SpecError(repr(self), wanted="low ≤ high", got=f"{self.low} > {self.high}", fix="swap them")

    def draw(self, rng: np.random.Generator, shape: Shape, fans: Fans) -> Array:
        return rng.uniform(self.low, self.high, shape)


@describes("initializer")
class Constant(Initializer):
    """w = value"""

    value: Finite = field(kw_only=False)

    def draw(self, rng: np.random.Generator, shape: Shape, fans: Fans) -> Array:
        return np.full(shape, float(self.value))


@describes("initializer")
class Zeros(Initializer):
    """w = 0"""

    def draw(self, rng: np.random.Generator, shape: Shape, fans: Fans) -> Array:
        return np.zeros(shape)


@describes("initializer")
class Ones(Initializer):
    """w = 1"""

    def draw(self, rng: np.random.Generator, shape: Shape, fans: Fans) -> Array:
        return np.ones(shape)


@describes("initializer")
class XavierUniform(Initializer):
    """w ~ U(−a, a),   a = gain · √(6 / (fan_in + fan_out))                (Glorot & Bengio 2010)"""

    gain: Positive = 1.0

    def draw(self, rng: np.random.Generator, shape: Shape, fans: Fans) -> Array:
        bound = self.gain * sqrt(6 / (fans.fan_in + fans.fan_out))
        return rng.uniform(-bound, bound, shape)


@describes("initializer")
class XavierNormal(Initializer):
    """w ~ N(0, σ²),   σ = gain · √(2 / (fan_in + fan_out))                (Glorot & Bengio 2010)"""

    gain: Positive = 1.0

    def draw(self, rng: np.random.Generator, shape: Shape, fans: Fans) -> Array:
        return rng.normal(0.0, self.gain * sqrt(2 / (fans.fan_in + fans.fan_out)), shape)


@describes("initializer")
class KaimingUniform(Initializer):
    """w ~ U(−a, a),   a = gain · √(3 / fan),   fan by `mode`              (He et al. 2015)

    The gain is √2 for ReLU; `calculate_gain` gives it for the other activations.
    """

    gain: Positive = sqrt(2)
    mode: Literal["fan_in", "fan_out"] = "fan_in"

    def draw(self, rng: np.random.Generator, shape: Shape, fans: Fans) -> Array:
        bound = self.gain * sqrt(3 / getattr(fans, self.mode))
        return rng.uniform(-bound, bound, shape)


@describes("initializer")
class KaimingNormal(Initializer):
    """w ~ N(0, σ²),   σ = gain / √fan,   fan by `mode`                    (He et al. 2015)"""

    gain: Positive = sqrt(2)
    mode: Literal["fan_in", "fan_out"] = "fan_in"

    def draw(self, rng: np.random.Generator, shape: Shape, fans: Fans) -> Array:
        return rng.normal(0.0, self.gain / sqrt(getattr(fans, self.mode)), shape)


@describes("initializer")
class Orthogonal(Initializer):
    """w = gain · Q with Q Qᵀ = I (or Qᵀ Q = I where there are more rows than columns)   (Saxe et al. 2013)

    Q comes from the QR decomposition of a normal matrix (out, everything else), its signs fixed by
    R's diagonal so that Q is uniform over the orthogonal matrices.
    """

    gain: Positive = 1.0

    def draw(self, rng: np.random.Generator, shape: Shape, fans: Fans) -> Array:
        if len(shape) < 2:
            raise SpecError(
                repr(self),
                wanted="a weight of two or more axes",
                got=f"shape {shape}",
                fix="use it for a weight, not a bias",
            )
        rows, columns = shape[0], int(np.prod(shape[1:]))
        q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
        q *= np.sign(np.diag(r))
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


@describes("initializer")
class TorchDefault(Initializer):
    """w, b ~ U(−a, a),   a = 1 / √fan_in: what torch.nn.Linear draws (its kaiming_uniform_ with a = √5)."""

    def draw(self, rng: np.random.Generator, shape: Shape, fans: Fans) -> Array:
        bound = 1 / sqrt(fans.fan_in)
        return rng.uniform(-bound, bound, shape)


@describes("initializer")
class Book(Initializer):
    """w, b ~ N(0, σ²): the layers of the book (Weidman 2019). "standard": σ = 1; "glorot": σ = 2 / (fan_in + fan_out).

    The book's "glorot" takes the *variance* of Glorot & Bengio as the standard deviation, so its weights
    are smaller than `XavierNormal`'s; kept because its figures were made with it.
    """

    form: Literal["standard", "glorot"] = "glorot"

    def draw(self, rng: np.random.Generator, shape: Shape, fans: Fans) -> Array:
        std = 2 / (fans.fan_in + fans.fan_out) if self.form == "glorot" else 1.0
        return rng.normal(0.0, std, shape)


@dataclass(frozen=True)
class Weight:
    """One weight that a layer declares: its shape, the law it starts from, and the fans of that law.

    One of `integers` is counted in int64, whatever the network's dtype. The row `frozen_row` starts at 0 and stays:
    its gradient is 0 by definition. One that is `scaled` has by definition a gradient that is no derivative: each row's
    is divided by how often the row is read. No difference can judge it.
    """

    shape: Shape
    law: Initializer
    fans: Fans
    integers: bool = False
    frozen_row: int | None = None
    scaled: bool = False

    def initial(self, rng: np.random.Generator) -> Array:
        """The values that it starts from, float64."""
        values = self.law.draw(rng, self.shape, self.fans)
        if self.frozen_row is not None:
            values[self.frozen_row] = 0
        return values


STEEPEST = 1e30
GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": sqrt(2), "selu": 3 / 4}


def calculate_gain(nonlinearity: str, negative_slope: float = 0.01) -> float:
    """The gain that keeps the variance of an activation's input, as torch.nn.init.calculate_gain.

    >>> calculate_gain("tanh")
    1.6666666666666667
    """
    if isinstance(nonlinearity, str) and nonlinearity == "leaky_relu":
        number = isinstance(negative_slope, (int, float, np.number)) and not isinstance(negative_slope, bool)
        if not number or not abs(negative_slope) <= STEEPEST:
            raise SpecError(
                f"calculate_gain('leaky_relu', {shown(negative_slope)})",
                wanted="negative_slope: a number",
                got=shown(negative_slope),
                fix="the negative_slope= of ig.LeakyReLU",
            )
        return 2**0.5 / hypot(1.0, negative_slope)
    if not isinstance(nonlinearity, str) or nonlinearity not in GAINS:
        raise SpecError(
            f"calculate_gain({shown(nonlinearity)})",
            wanted=f"one of {', '.join([*GAINS, 'leaky_relu'])}",
            got=shown(nonlinearity),
            fix="name one of them, or give the number as gain=",
        )
    return GAINS[nonlinearity]
