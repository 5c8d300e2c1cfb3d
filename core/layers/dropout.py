"""Dropout of values, of whole channels and of whole samples."""

from __future__ import annotations

from dataclasses import field
from math import sqrt
from typing import ClassVar, Literal

from isograd.core.base.description import Fraction, describes
from isograd.core.base.types import Shape
from isograd.core.layers.base import Layer, Misfit, Pointwise
from isograd.core.layers.windows import check_rank


@describes("layer")
class Dropout(Pointwise):
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


@describes("layer", abstract=True)
class ChannelDropout(Dropout):
    """Dropout of whole channels: one u for each channel of each sample"""

    any_axes: ClassVar[bool] = False
    axes: ClassVar[int] = 0

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        check_rank(x[0], self.axes)
        return x

    def mask_shape(self, shape: Shape) -> Shape:
        return (shape[0], *[1] * self.axes)


@describes("layer")
class Dropout1d(ChannelDropout):
    """Dropout of whole channels: one u for each channel of each sequence          x (N, C, W) → y alike"""

    axes: ClassVar[int] = 1


@describes("layer")
class Dropout2d(ChannelDropout):
    """Dropout of whole channels: one u for each channel of each image          x (N, C, H, W) → y alike"""

    axes: ClassVar[int] = 2


@describes("layer")
class Dropout3d(ChannelDropout):
    """Dropout of whole channels: one u for each channel of each volume          x (N, C, D, H, W) → y alike"""

    axes: ClassVar[int] = 3


@describes("layer")
class StochasticDepth(Layer):
    """Training: y = x · m / (1−p),   m = [u ≥ p],  u ~ U[0, 1)          Evaluation: y = x          (Huang et al. 2016)

    mode="row": one u for each sample; "batch": one for the whole batch. It stands at the end of a residual branch,
    which it leaves out with probability p: torchvision.ops.StochasticDepth.
    """

    p: Fraction = field(kw_only=False)
    mode: Literal["row", "batch"] = field(kw_only=False)


DROPPED = -1.7580993408473766
"""α′ = −λα: what SELU makes of −∞, and AlphaDropout of what it drops."""


@describes("layer")
class AlphaDropout(Pointwise):
    """Training: y = a (x m + α′ (1 − m)) + b,   m = [u ≥ p],  u ~ U[0, 1)          Evaluation: y = x

    a = 1/√((1 − p)(1 + p α′²)), b = −a α′ p, α′ = −λα ≈ −1.7581, which is SELU's value far left: behind a SELU mean and
    variance stay what they are (Klambauer et al. 2017). p=1 makes 0 of everything, as in torch.
    """

    p: Fraction = field(kw_only=False, default=0.5)

    def mask_shape(self, shape: Shape) -> Shape:
        """The shape of one sample's u."""
        return shape

    @property
    def scale_and_shift(self) -> tuple[float, float]:
        """a, b; (0, 0) where nothing is left."""
        kept = 1 - self.p
        a = 1 / sqrt(kept * (1 + self.p * DROPPED**2)) if kept else 0.0
        return a, -a * DROPPED * self.p


@describes("layer")
class FeatureAlphaDropout(AlphaDropout):
    """AlphaDropout of whole channels: one u for each channel of each sample          x (N, C, …) → y alike"""

    any_axes: ClassVar[bool] = False

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        if not x[0]:
            raise Misfit("(N, C, …)", "(N,)", "AlphaDropout drops single numbers")
        return x

    def mask_shape(self, shape: Shape) -> Shape:
        return (shape[0], *[1] * (len(shape) - 1))
