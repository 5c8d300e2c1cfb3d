"""The fully connected layer, and that of two inputs."""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar

from pydantic import InstanceOf

from isograd.core.base.description import Count, describes
from isograd.core.base.initializers import Fans, Initializer, TorchDefault, Weight
from isograd.core.base.types import Shape, shape_text
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


@describes("layer")
class Bilinear(Layer):
    """y[o] = Σ x1[i] W[o, i, j] x2[j] + b[o]          weight (out, in1, in2), bias (out,)

    x1 (N, …, in1), x2 (N, …, in2) → y (N, …, out). TorchDefault draws both from ±1/√in1, as torch does.
    """

    out_features: Count = field(kw_only=False)
    bias: bool = True
    weight_init: InstanceOf[Initializer] = field(default_factory=TorchDefault)
    bias_init: InstanceOf[Initializer] = field(default_factory=TorchDefault)
    any_axes: ClassVar[bool] = True
    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 2

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        a, b = x
        if not a or not b or a[:-1] != b[:-1]:
            raise Misfit(
                "(N, …, in1) and (N, …, in2), alike in front of the last axis",
                f"{shape_text(a)} and {shape_text(b)}",
                "Reshape, Expand or Flatten one of them",
            )
        return ((*a[:-1], self.out_features),)

    def weights(self, *x: Shape) -> dict[str, Weight]:
        (*_, rows), (*_, columns) = x
        fans = Fans(rows, self.out_features)
        made = {"weight": Weight((self.out_features, rows, columns), self.weight_init, fans)}
        return made | {"bias": Weight((self.out_features,), self.bias_init, fans)} if self.bias else made
