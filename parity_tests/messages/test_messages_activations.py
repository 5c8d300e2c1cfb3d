"""The texts of what activations, the norms beside them, shuffles and measures of similarity refuse."""

from __future__ import annotations

import pytest

import isograd as ig

REJECTED = {
    "a division by 0": (
        lambda: ig.CELU(alpha=0),
        "CELU(alpha=0.0)\n  wanted alpha other than 0, which x is divided by\n  got    0\n  fix    ReLU()",
    ),
    "slopes the wrong way round": (
        lambda: ig.RReLU(lower=0.5, upper=0.25),
        "RReLU(lower=0.5, upper=0.25)\n"
        "  wanted upper at least lower\n"
        "  got    0.25, with lower 0.5\n"
        "  fix    swap them",
    ),
    "no norm": (
        lambda: ig.PairwiseDistance(p=0),
        "PairwiseDistance(p=0)\n  wanted p above 0\n  got    0\n  fix    p=2, 1 or float('inf')",
    ),
    "a shrink that stretches": (
        lambda: ig.Softshrink(-1.0),
        "Softshrink(-1.0)\n  wanted lambd: greater than or equal to 0\n  got    -1.0\n  fix    change lambd=",
    ),
    "responses of channels without places": (
        lambda: ig.Sequential([ig.LocalResponseNorm(3)], input_shape=(4,)),
        "layer 1 of 1, LocalResponseNorm(3)\n"
        "  wanted (N, C, …)\n"
        "  got    (N, 4)\n"
        "  path   (N, 4)\n"
        "  fix    give every channel places, as torch asks for: Reshape",
    ),
    "one value in a channel": (
        lambda: ig.Sequential([ig.InstanceNorm1d()], input_shape=(4, 1)),
        "layer 1 of 1, InstanceNorm1d()\n"
        "  wanted more than one place in a channel\n"
        "  got    (N, 4, 1)\n"
        "  path   (N, 4, 1)\n"
        "  fix    drop this layer: it would return its bias",
    ),
    "a shuffle of channels without places": (
        lambda: ig.Sequential([ig.ChannelShuffle(2)], input_shape=(4,)),
        "layer 1 of 1, ChannelShuffle(2)\n"
        "  wanted (N, C, …)\n"
        "  got    (N, 4)\n"
        "  path   (N, 4)\n"
        "  fix    give every channel places, as torch asks for: Reshape",
    ),
    "groups that do not divide": (
        lambda: ig.Sequential([ig.ChannelShuffle(3)], input_shape=(4, 2)),
        "layer 1 of 1, ChannelShuffle(3)\n"
        "  wanted channels that 3 groups divide\n"
        "  got    4 channels in (N, 4, 2)\n"
        "  path   (N, 4, 2)\n"
        "  fix    another groups, or another number of channels in what feeds this layer",
    ),
    "channels that are no squares of pixels": (
        lambda: ig.Sequential([ig.PixelShuffle(2)], input_shape=(6, 2, 2)),
        "layer 1 of 1, PixelShuffle(2)\n"
        "  wanted channels that 2² = 4 divides\n"
        "  got    6 channels in (N, 6, 2, 2)\n"
        "  path   (N, 6, 2, 2)\n"
        "  fix    another upscale_factor, or another number of channels in what feeds this layer",
    ),
    "pixels that are left over": (
        lambda: ig.Sequential([ig.PixelUnshuffle(2)], input_shape=(6, 2, 3)),
        "layer 1 of 1, PixelUnshuffle(2)\n"
        "  wanted a height and a width that 2 divides\n"
        "  got    2 and 3 in (N, 6, 2, 3)\n"
        "  path   (N, 6, 2, 3)\n"
        "  fix    another downscale_factor, or pad what feeds this layer",
    ),
    "pixels of sequences": (
        lambda: ig.Sequential([ig.PixelUnshuffle(2)], input_shape=(6, 2)),
        "layer 1 of 1, PixelUnshuffle(2)\n"
        "  wanted (N, …, C, H, W)\n"
        "  got    (N, 6, 2)\n"
        "  path   (N, 6, 2)\n"
        "  fix    feed it images, with a channel axis in front",
    ),
    "channels that are not there": (
        lambda: ig.Sequential([ig.FeatureAlphaDropout()], input_shape=()),
        "layer 1 of 1, FeatureAlphaDropout(0.5)\n"
        "  wanted (N, C, …)\n"
        "  got    (N,)\n"
        "  path   (N,)\n"
        "  fix    AlphaDropout drops single numbers",
    ),
    "axes of other sizes": (
        lambda: ig.Sequential([ig.Unflatten(1, (2, -1))], input_shape=(5, 2)),
        "layer 1 of 1, Unflatten(1, (2, -1))\n"
        "  wanted a shape of 5 values, as axis 1 has\n"
        "  got    (2, -1)\n"
        "  path   (N, 5, 2)\n"
        "  fix    change the shape, or what feeds it (N, 5, 2); one entry may be -1",
    ),
    "the batch as several axes": (
        lambda: ig.Sequential([ig.Unflatten(0, (2, -1))], input_shape=(5,)),
        "layer 1 of 1, Unflatten(0, (2, -1))\n"
        "  wanted dim in 1…1 or −1…−1\n"
        "  got    dim=0 for (N, 5)\n"
        "  path   (N, 5)\n"
        "  fix    name an axis of the sample: axis 0 is the batch, and samples are never mixed",
    ),
    "similarity of samples": (
        lambda: ig.CosineSimilarity(dim=0)(ig.Input((4,)), ig.Input((4,))),
        "CosineSimilarity(dim=0)\n"
        "  wanted dim in 1…1 or −1…−1\n"
        "  got    dim=0 for (N, 4)\n"
        "  path   (N, 4)   and   (N, 4)\n"
        "  fix    name an axis of the sample: axis 0 is the batch, and samples are never mixed",
    ),
    "two inputs of other steps": (
        lambda: ig.Bilinear(2)(ig.Input((3, 4)), ig.Input((2, 4))),
        "Bilinear(2)\n"
        "  wanted (N, …, in1) and (N, …, in2), alike in front of the last axis\n"
        "  got    (N, 3, 4) and (N, 2, 4)\n"
        "  path   (N, 3, 4)   and   (N, 2, 4)\n"
        "  fix    Reshape, Expand or Flatten one of them",
    ),
    "ends the wrong way round": (
        lambda: ig.Hardtanh(min_val=1.0, max_val=-1.0),
        "Hardtanh(min_val=1.0, max_val=-1.0)\n"
        "  wanted max_val larger than min_val\n"
        "  got    -1, with min_val 1\n"
        "  fix    swap them",
    ),
    "as many slopes as nothing has": (
        lambda: ig.Sequential([ig.PReLU(3)], input_shape=(4, 2, 2)),
        "layer 1 of 1, PReLU(3)\n"
        "  wanted 3 channels, one for each of num_parameters\n"
        "  got    (N, 4, 2, 2)\n"
        "  path   (N, 4, 2, 2)\n"
        "  fix    num_parameters=1, or as many as there are channels",
    ),
    "slopes for channels that are not there": (
        lambda: ig.Sequential([ig.PReLU(3)], input_shape=()),
        "layer 1 of 1, PReLU(3)\n"
        "  wanted 3 channels, one for each of num_parameters\n"
        "  got    (N,)\n"
        "  path   (N,)\n"
        "  fix    num_parameters=1, or as many as there are channels",
    ),
    "halves of an odd number": (
        lambda: ig.Sequential([ig.GLU()], input_shape=(4, 3)),
        "layer 1 of 1, GLU()\n"
        "  wanted an even number of places along dim=-1\n"
        "  got    3 in (N, 4, 3)\n"
        "  path   (N, 4, 3)\n"
        "  fix    one place more or less in what feeds this layer, or another dim=",
    ),
    "halves of the batch": (
        lambda: ig.Sequential([ig.GLU(dim=0)], input_shape=(4,)),
        "layer 1 of 1, GLU(dim=0)\n"
        "  wanted dim in 1…1 or −1…−1\n"
        "  got    dim=0 for (N, 4)\n"
        "  path   (N, 4)\n"
        "  fix    name an axis of the sample: axis 0 is the batch, and samples are never mixed",
    ),
    "more axes than a sample has": (
        lambda: ig.Sequential([ig.RMSNorm(axes=2)], input_shape=(4,)),
        "layer 1 of 1, RMSNorm(axes=2)\n"
        "  wanted at least 2 axes in a sample\n"
        "  got    (N, 4)\n"
        "  path   (N, 4)\n"
        "  fix    axes=1 at most: samples are never mixed",
    ),
}


@pytest.mark.parametrize("why", REJECTED)
def test_what_an_activation_refuses_is_explained(why: str) -> None:
    build, text = REJECTED[why]
    with pytest.raises(ig.IsogradError) as caught:
        build()
    assert str(caught.value) == text
