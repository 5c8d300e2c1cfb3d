"""Layers over time: x (N, T, F), and `lengths` where samples end at different steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from isograd.core.base.description import describes
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit

if TYPE_CHECKING:
    from isograd.core.graph.values import Value


def check_steps(x: Shape) -> None:
    """Raise Misfit unless x is (N, T, F)."""
    if len(x) != 2:
        raise Misfit("(N, T, F): features at every step", shape_text(x), "batch first, then time, then features")


@describes("layer")
class LastStep(Layer):
    """y[n] = x[n, T−1], or x[n, lengths[n]−1] where the lengths are given          x (N, T, F) → y (N, F)

    Call it on (x) or on (x, lengths=…): whole numbers (N,), 1…T.
    """

    max_inputs: ClassVar[int | None] = 2

    def __call__(self, *values: Value, lengths: Value | None = None) -> Any:
        return super().__call__(*values, *([] if lengths is None else [lengths]))

    def integer_inputs(self, *x: Shape) -> dict[int, range]:
        return {1: range(1, x[0][0] + 1)} if len(x) > 1 else {}

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        check_steps(x[0])
        if len(x) > 1 and x[1] != ():
            raise Misfit("lengths (N,), one number for each sample", shape_text(x[1]), "lengths=ig.Input(())")
        return (x[0][1:],)
