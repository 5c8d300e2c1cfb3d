"""Normalisation: what is centred and scaled together, and by whose mean and variance."""

from __future__ import annotations

from dataclasses import field
from math import prod
from typing import ClassVar

from isograd.core.base.description import Count, Finite, Fraction, Positive, describes
from isograd.core.base.initializers import Constant, Fans, Ones, Weight, Zeros
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.windows import check_rank


def scale_and_shift(shape: Shape, *, bias: bool = True) -> dict[str, Weight]:
    """weight of ones and bias of zeros: at first a normalised value passes unchanged."""
    fans = Fans(1, 1)
    made = {"weight": Weight(shape, Ones(), fans)}
    return made | ({"bias": Weight(shape, Zeros(), fans)} if bias else {})


def running_statistics(channels: int) -> dict[str, Weight]:
    """The buffers of a normalisation that remembers: mean 0, variance 1, no batch seen."""
    fans = Fans(1, 1)
    return {
        "running_mean": Weight((channels,), Zeros(), fans),
        "running_var": Weight((channels,), Ones(), fans),
        "num_batches_tracked": Weight((), Constant(0), fans, integers=True),
    }


@describes("layer", abstract=True)
class BatchNorm(Layer):
    """y = weight · (x − μ)/√(σ² + eps) + bias, channel by channel; affine=False: neither, bias=False: no bias

    Training: μ and σ² are the batch's own, σ² biased (divided by the count m of values in a channel), and
      running_mean ← (1−a)·running_mean + a·μ        running_var ← (1−a)·running_var + a·σ²·m/(m−1)
      num_batches_tracked ← num_batches_tracked + 1
    with a = momentum, or 1/num_batches_tracked (the mean over all batches so far) with momentum=None.
    Evaluation: μ and σ² are the running ones, or still the batch's with track_running_stats=False.
    The biased variance normalises, the unbiased one is remembered: torch's convention. The momentum is the share
    of the *new* value (Keras: of the old).
    """

    eps: Positive = 1e-5
    momentum: Fraction | None = 0.1
    affine: bool = True
    track_running_stats: bool = True
    bias: bool = True

    def least_rows(self, *x: Shape, training: bool = True) -> int:
        """A variance of the batch's own needs two values: two rows, where a row has one for each channel."""
        own = training or not self.track_running_stats
        return 2 if own and prod(x[0][1:]) == 1 else 1

    def weights(self, *x: Shape) -> dict[str, Weight]:
        return scale_and_shift(x[0][:1], bias=self.bias) if self.affine else {}

    def buffers(self, *x: Shape) -> dict[str, Weight]:
        return running_statistics(x[0][0]) if self.track_running_stats else {}


@describes("layer")
class BatchNorm1d(BatchNorm):
    """Batch normalisation of features: x (N, C) or (N, C, W) → y alike; statistics over N and W

    weight, bias, running_mean, running_var (C,), num_batches_tracked ()
    """

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        check_rank(x[0], 1, least=0)
        return x


@describes("layer")
class BatchNorm2d(BatchNorm):
    """Batch normalisation of images: x (N, C, H, W) → y alike; statistics over N, H and W

    weight, bias, running_mean, running_var (C,), num_batches_tracked ()
    """

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        check_rank(x[0], 2)
        return x


@describes("layer")
class BatchNorm3d(BatchNorm):
    """Batch normalisation of volumes: x (N, C, D, H, W) → y alike; statistics over N, D, H and W

    weight, bias, running_mean, running_var (C,), num_batches_tracked ()
    """

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        check_rank(x[0], 3)
        return x


@describes("layer", abstract=True)
class InstanceNorm(Layer):
    """y = weight · (x − μ)/√(σ² + eps) + bias, each channel of each sample for itself, σ² biased

    affine=True: with weight and bias (C,), at first 1 and 0; bias=False: weight alone. With track_running_stats=True
    the mean over the batch of μ and of the unbiased σ² is remembered in training
    (running ← (1−momentum)·running + momentum·new) and used in evaluation; num_batches_tracked stays 0, as in torch.
    """

    eps: Positive = 1e-5
    momentum: Fraction = 0.1
    affine: bool = False
    track_running_stats: bool = False
    bias: bool = True
    axes: ClassVar[int] = 0

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        check_rank(x[0], self.axes)
        if prod(x[0][1:]) == 1:
            raise Misfit(
                "more than one place in a channel", shape_text(x[0]), "drop this layer: it would return its bias"
            )
        return x

    def weights(self, *x: Shape) -> dict[str, Weight]:
        return scale_and_shift(x[0][:1], bias=self.bias) if self.affine else {}

    def buffers(self, *x: Shape) -> dict[str, Weight]:
        return running_statistics(x[0][0]) if self.track_running_stats else {}


@describes("layer")
class InstanceNorm1d(InstanceNorm):
    """Normalisation of each channel of each sequence: x (N, C, W) → y alike; statistics over W"""

    axes: ClassVar[int] = 1


@describes("layer")
class InstanceNorm2d(InstanceNorm):
    """Normalisation of each channel of each image: x (N, C, H, W) → y alike; statistics over H and W"""

    axes: ClassVar[int] = 2


@describes("layer")
class InstanceNorm3d(InstanceNorm):
    """Normalisation of each channel of each volume: x (N, C, D, H, W) → y alike; statistics over D, H and W"""

    axes: ClassVar[int] = 3


@describes("layer")
class LayerNorm(Layer):
    """y = weight ⊙ (x − μ)/√(σ² + eps) + bias, μ and σ² (biased) over the last `axes` axes of each sample

    x (N, …, *shape) → y alike; weight and bias have the normalised axes' `shape`, which torch calls normalized_shape.
    """

    axes: Count = 1
    eps: Positive = 1e-5
    elementwise_affine: bool = True
    bias: bool = True
    any_axes: ClassVar[bool] = True

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        check_axes(x[0], self.axes)
        return x

    def weights(self, *x: Shape) -> dict[str, Weight]:
        return scale_and_shift(x[0][-self.axes :], bias=self.bias) if self.elementwise_affine else {}


@describes("layer")
class RMSNorm(Layer):
    """y = weight ⊙ x/√(mean x² + eps), the mean over the last `axes` axes of each sample

    x (N, …, *shape) → y alike; weight has the normalised axes' `shape`, which torch calls normalized_shape. eps=None is
    the dtype's own: the distance of 1 from the next number (1.2e-7 in float32, 2.2e-16 in float64), as in torch.
    """

    axes: Count = 1
    eps: Positive | None = None
    elementwise_affine: bool = True
    any_axes: ClassVar[bool] = True

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        check_axes(x[0], self.axes)
        return x

    def weights(self, *x: Shape) -> dict[str, Weight]:
        return scale_and_shift(x[0][-self.axes :], bias=False) if self.elementwise_affine else {}


def check_axes(shape: Shape, axes: int) -> None:
    """A sample has so many axes to normalise over."""
    if axes > len(shape):
        raise Misfit(
            f"at least {axes} axes in a sample",
            shape_text(shape),
            f"axes={len(shape)} at most: samples are never mixed",
        )


@describes("layer")
class GroupNorm(Layer):
    """y = weight · (x − μ)/√(σ² + eps) + bias, μ and σ² (biased) over a group of C/num_groups channels of one sample

    x (N, C, …) → y alike; weight, bias (C,); affine=False: neither, bias=False: no bias
    """

    num_groups: Count = field(kw_only=False)
    eps: Positive = 1e-5
    affine: bool = True
    bias: bool = True

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        if not shape:
            raise Misfit("(N, C, …)", "(N,)", "give every sample channels")
        if shape[0] % self.num_groups:
            raise Misfit(
                f"channels that {self.num_groups} groups divide",
                f"{shape[0]} channels in {shape_text(shape)}",
                "another num_groups, or another number of channels in what feeds this layer",
            )
        if prod(shape) == self.num_groups:
            raise Misfit("more than one value in a group", shape_text(shape), "a smaller num_groups")
        return x

    def weights(self, *x: Shape) -> dict[str, Weight]:
        return scale_and_shift(x[0][:1], bias=self.bias) if self.affine else {}


@describes("layer")
class LocalResponseNorm(Layer):
    """y[c] = x[c] / (k + alpha · Σ x[j]² / size)^beta,   j = c − ⌊size/2⌋ … c + ⌊(size−1)/2⌋

    x (N, C, …) → y alike, with one axis at least behind the channels; beyond the first and the last channel x is 0,
    and counts in `size`. The paper (Krizhevsky et al. 2012) and TensorFlow do not divide by size: their alpha is
    torch's divided by it.
    """

    size: Count = field(kw_only=False)
    alpha: Finite = 1e-4
    beta: Finite = 0.75
    k: Finite = 1.0

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        if len(x[0]) < 2:
            raise Misfit("(N, C, …)", shape_text(x[0]), "give every channel places, as torch asks for: Reshape")
        return x
