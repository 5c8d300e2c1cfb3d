"""Elementwise nonlinearities, and the two that normalise along an axis."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from isograd.core.base.description import Count, Finite, Int, Positive, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.forms import Form, Rows
from isograd.core.base.initializers import Constant, Fans, Weight
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit, Pointwise, axis_within
from isograd.core.layers.combine import one_kind


@describes("layer")
class Sigmoid(Pointwise):
    """y = 1 / (1 + e⁻ˣ)"""


@describes("layer")
class Tanh(Pointwise):
    """y = tanh x"""


@describes("layer")
class ReLU(Pointwise):
    """y = max(x, 0); the derivative at 0 is 0, as in torch"""


@describes("layer")
class ReLU6(Pointwise):
    """y = min(max(x, 0), 6); the derivative at 0 and at 6 is 0, as in torch"""


@describes("layer")
class Hardtanh(Pointwise):
    """y = min(max(x, min_val), max_val); the derivative at both ends is 0, as in torch"""

    min_val: Finite = -1.0
    max_val: Finite = 1.0

    def __post_init__(self) -> None:
        if self.max_val <= self.min_val:
            raise SpecError(
                repr(self),
                wanted="max_val larger than min_val",
                got=f"{self.max_val:g}, with min_val {self.min_val:g}",
                fix="swap them",
            )


@describes("layer")
class Hardsigmoid(Pointwise):
    """y = min(max(x + 3, 0), 6) / 6; the derivative at −3 and at 3 is 0, as in torch"""


@describes("layer")
class Hardswish(Pointwise):
    """y = x · min(max(x + 3, 0), 6) / 6; the derivative is 0 at −3 and 1 at 3, as in torch"""


@describes("layer")
class LeakyReLU(Pointwise):
    """y = x for x > 0, else negative_slope · x"""

    negative_slope: Finite = 0.01


@describes("layer")
class PReLU(Layer):
    """y = x for x > 0, else w[c] · x          x (N, C, …) → y alike; weight (num_parameters,), at first `init`

    num_parameters=1: one slope for all channels; C: one for each. The derivative at 0 is the slope, as in torch.
    """

    num_parameters: Count = field(kw_only=False, default=1)
    init: Finite = 0.25

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        if self.num_parameters > 1 and shape[:1] != (self.num_parameters,):
            raise Misfit(
                f"{self.num_parameters} channels, one for each of num_parameters",
                shape_text(shape),
                "num_parameters=1, or as many as there are channels",
            )
        return x

    def weights(self, *x: Shape) -> dict[str, Weight]:
        return {"weight": Weight((self.num_parameters,), Constant(self.init), Fans(1, 1))}


@describes("layer")
class ELU(Pointwise):
    """y = x for x > 0, else alpha · (eˣ − 1)"""

    alpha: Finite = 1.0


@describes("layer")
class CELU(Pointwise):
    """y = x for x > 0, else alpha · (e^(x/alpha) − 1)          (Barron 2017); the derivative at 0 is 1

    alpha is any number but 0. Where alpha is not 1, ELU's derivative jumps at 0 and this one's does not.
    """

    alpha: Finite = 1.0

    def __post_init__(self) -> None:
        if self.alpha == 0:
            raise SpecError(repr(self), wanted="alpha other than 0, which x is divided by", got="0", fix="ReLU()")


@describes("layer")
class SELU(Pointwise):
    """y = λ · (x for x > 0, else α · (eˣ − 1)),   α = 1.67326…, λ = 1.05070…          (Klambauer et al. 2017)

    With these two, values of mean 0 and variance 1 keep both. The derivative at 0 is λ·α, as in torch.
    """


@describes("layer")
class RReLU(Pointwise):
    """y = x for x > 0, else r · x; the derivative at 0 is r, as in torch          (Xu et al. 2015)

    Training: r ~ U[lower, upper), one for each entry. Evaluation: r = (lower + upper) / 2.
    """

    lower: Finite = 1 / 8
    upper: Finite = 1 / 3

    def __post_init__(self) -> None:
        if self.upper < self.lower:
            raise SpecError(
                repr(self),
                wanted="upper at least lower",
                got=f"{self.upper:g}, with lower {self.lower:g}",
                fix="swap them",
            )


@describes("layer")
class GELU(Pointwise):
    """y = x · Φ(x), Φ the normal distribution function.

    approximate="none": Φ(x) = (1 + erf(x/√2)) / 2.
    approximate="tanh": Φ(x) ≈ (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, up to 5e-4 away.
    """

    approximate: Literal["none", "tanh"] = "none"


@describes("layer")
class SiLU(Pointwise):
    """y = x · σ(x) = x / (1 + e⁻ˣ)"""


@describes("layer")
class Mish(Pointwise):
    """y = x · tanh(log(1 + eˣ))"""


@describes("layer")
class GLU(Layer):
    """y = a · σ(b): x cut into halves a and b along `dim` (counting the batch, as torch)

    x (N, …, 2K, …) → y (N, …, K, …)
    """

    dim: Int = -1

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        (form,) = x
        axis, kind = axis_within(self.dim, form), one_kind(x, "float")
        size = form.axes[axis]
        if isinstance(size, Rows) or size % 2:
            raise Misfit(
                f"an even number of places along dim={self.dim}",
                f"{size} in {form}",
                "one place more or less in what feeds this layer, or another dim=",
            )
        return (Form((*form.axes[:axis], size // 2, *form.axes[axis + 1 :]), kind),)


@describes("layer")
class LogSigmoid(Pointwise):
    """y = log σ(x) = −log(1 + e⁻ˣ)"""


@describes("layer")
class Softplus(Pointwise):
    """y = log(1 + e^(beta·x)) / beta; above beta·x > threshold torch returns x itself, and so do we"""

    beta: Positive = 1.0
    threshold: Finite = 20.0


@describes("layer", abstract=True)
class Normalising(Layer):
    """Along one axis, `dim`, which counts all axes as torch does; never that of samples in front."""

    dim: Int = -1

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        one_kind(x, "float")
        axis_within(self.dim, x[0])
        return x


@describes("layer")
class Softmax(Normalising):
    """y = eˣ / Σ eˣ along `dim` (counting the batch, as torch)"""


@describes("layer")
class LogSoftmax(Normalising):
    """y = x − log Σ eˣ along `dim` (counting the batch, as torch)"""


@describes("layer")
class Softmin(Normalising):
    """y = e⁻ˣ / Σ e⁻ˣ along `dim` (counting the batch, as torch): Softmax of −x"""
