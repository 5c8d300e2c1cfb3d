"""How alike two values are, along an axis."""

from __future__ import annotations

from typing import ClassVar

from isograd.core.base.description import Finite, Int, Positive, Real, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.forms import Form
from isograd.core.layers.base import Layer, axis_within
from isograd.core.layers.combine import broadcast, one_kind


@describes("layer", abstract=True)
class Measure(Layer):
    """Of two values whose axes are as Add's."""

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 2

    def without(self, dim: int, keepdim: bool, *x: Form) -> tuple[Form, ...]:
        """Both broadcast, without the axis `dim` or with one place there."""
        kind, both = one_kind(x, "float"), Form(broadcast(*x))
        axis = axis_within(dim, both)
        return (Form((*both.axes[:axis], *(1,) * keepdim, *both.axes[axis + 1 :]), kind),)


@describes("layer")
class CosineSimilarity(Measure):
    """y = Σ x1 x2 / (max(‖x1‖, eps) · max(‖x2‖, eps)) along `dim` (counting the batch, as torch), ‖x‖ = √Σ x²

    x1, x2 (N, …, D, …), axes as Add's → y (N, …, …). The gradient is that of this formula; where 0 < ‖x‖ < eps
    torch.nn.CosineSimilarity has another, that of a norm which nothing bounds. Keras' loss of this name is −y.
    """

    dim: Int = 1
    eps: Positive = 1e-8

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        return self.without(self.dim, False, *x)


@describes("layer")
class PairwiseDistance(Measure):
    """y = (Σ |x1 − x2 + eps|ᵖ)^(1/p) along the last axis; p = ∞: the largest |x1 − x2 + eps|

    x1, x2 (N, …, D), axes as Add's → y (N, …), with keepdim=True (N, …, 1). eps is added to every difference, as in
    torch, so that y is not quite symmetric. Derivatives at 0 and of equal ones as Reduce("norm").
    """

    p: Real = 2.0
    eps: Finite = 1e-6
    keepdim: bool = False

    def __post_init__(self) -> None:
        if self.p <= 0:
            raise SpecError(repr(self), wanted="p above 0", got=f"{self.p:g}", fix="p=2, 1 or float('inf')")

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        return self.without(-1, self.keepdim, *x)
