"""The fully connected layer."""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar

from pydantic import InstanceOf

from isograd.core.base.description import Count, describes
from isograd.core.base.initializers import Initializer, TorchDefault, Weight
from isograd.core.base.types import Shape
from isograd.core.layers.base import Layer, Misfit, matrix_weights


@describes("layer")
class Linear(Layer):
    """y = x Wᵀ + b          x (N, …, in) → y (N, …, out)          weight (out, in), bias (out,)"""

    out_features: Count = field(kw_only=False)
    bias: bool = True
    weight_init: InstanceOf[Initializer] = field(default_factory=TorchDefault)
    bias_init: InstanceOf[Initializer] = field(default_factory=TorchDefault)
    any_axes: ClassVar[bool] = True

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        if not shape:
            raise Misfit("(N, …, features)", "(N,)", "give every sample at least one feature")
        return ((*shape[:-1], self.out_features),)

    def weights(self, *x: Shape) -> dict[str, Weight]:
        laws = {"weight": self.weight_init, "bias": self.bias_init}
        return matrix_weights(self.out_features, x[0][-1], laws, self.bias)
