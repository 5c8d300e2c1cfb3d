"""Dropout of values and of whole channels, in both conventions of where the scale stands."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from isograd.core.base.description import Fraction, describes
from isograd.core.base.types import Shape
from isograd.core.layers.base import Layer
from isograd.core.layers.windows import check_rank


@describes("layer")
class Dropout(Layer):
    """Training: y = x ⊙ m · s,   m = [u ≥ p],  u ~ U[0, 1)          Evaluation: y = x · t

    scale="training" (torch, "inverted"): s = 1/(1−p), t = 1.
    scale="inference" (the book, Weidman 2019; Srivastava et al. 2014): s = 1, t = 1−p.
    `p` is the probability to *drop*; the book's keep_prob is 1−p.
    """

    p: Fraction = field(kw_only=False, default=0.5)
    scale: Literal["training", "inference"] = "training"

    def mask_shape(self, shape: Shape) -> Shape:
        """The shape of one sample's u."""
        return shape


@describes("layer")
class Dropout2d(Dropout):
    """Dropout of whole channels: one u for each channel of each image          x (N, C, H, W) → y alike"""

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        check_rank(x[0], 2)
        return x

    def mask_shape(self, shape: Shape) -> Shape:
        return (shape[0], 1, 1)
