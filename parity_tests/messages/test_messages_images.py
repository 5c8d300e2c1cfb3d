"""The texts of what the layers for images refuse."""

from __future__ import annotations

import pytest

import isograd as ig

REJECTED = {
    "the kernel is larger than the padded image": (
        lambda: ig.Sequential([ig.Conv2d(4, 5, padding=1)], input_shape=(1, 8, 2)),
        "layer 1 of 1, Conv2d(4, 5, padding=1)\n"
        "  wanted W of at least 3, for a window that spans 5\n"
        "  got    W = 2 in (N, 1, 8, 2), 4 with its padding\n"
        "  path   (N, 1, 8, 2)\n"
        "  fix    a smaller kernel_size= or dilation=, more padding=, or fewer layers that shrink the image",
    ),
    "the input is no image": (
        lambda: ig.Sequential([ig.Conv2d(4, 3)], input_shape=(28, 28)),
        "layer 1 of 1, Conv2d(4, 3)\n"
        "  wanted (N, C, H, W)\n"
        "  got    (N, 28, 28)\n"
        "  path   (N, 28, 28)\n"
        "  fix    bring the input to this form, with Reshape for example",
    ),
    "groups do not divide the channels": (
        lambda: ig.Sequential([ig.Conv2d(4, 3, groups=2)], input_shape=(3, 8, 8)),
        "layer 1 of 1, Conv2d(4, 3, groups=2)\n"
        "  wanted channels that groups=2 divides\n"
        "  got    3 channels in (N, 3, 8, 8)\n"
        "  path   (N, 3, 8, 8)\n"
        "  fix    another groups=, or a multiple of 2 channels in what feeds this layer",
    ),
    "groups do not divide the filters": (
        lambda: ig.Conv2d(3, 3, groups=2),
        "Conv2d(3, 3, groups=2)\n"
        "  wanted out_channels that groups= divides\n"
        "  got    3 in 2 groups\n"
        "  fix    groups=3, or out_channels a multiple of 2",
    ),
    "same with a stride": (
        lambda: ig.Conv2d(3, 3, stride=2, padding="same"),
        "Conv2d(3, 3, stride=2, padding='same')\n"
        '  wanted stride=1 with padding="same"\n'
        "  got    stride=2\n"
        "  fix    give the padding as a number, such as kernel_size // 2",
    ),
    "more is reflected than there is": (
        lambda: ig.Sequential([ig.Conv2d(3, 7, padding=3, padding_mode="reflect")], input_shape=(1, 9, 3)),
        "layer 1 of 1, Conv2d(3, 7, padding=3, padding_mode='reflect')\n"
        '  wanted padding of at most 2 with padding_mode="reflect"\n'
        "  got    3 on W = 3 in (N, 1, 9, 3)\n"
        "  path   (N, 1, 9, 3)\n"
        '  fix    less padding=, or padding_mode="zeros"',
    ),
    "an output padding beyond the stride": (
        lambda: ig.ConvTranspose2d(3, 3, stride=2, output_padding=2),
        "ConvTranspose2d(3, 3, stride=2, output_padding=2)\n"
        "  wanted output_padding smaller than stride or dilation\n"
        "  got    2, with stride 2 and dilation 1\n"
        "  fix    output_padding=1 at most",
    ),
    "a transposed convolution of nothing": (
        lambda: ig.Sequential([ig.ConvTranspose2d(3, 2, padding=2)], input_shape=(1, 3, 2)),
        "layer 1 of 1, ConvTranspose2d(3, 2, padding=2)\n"
        "  wanted an output of at least one place on each axis\n"
        "  got    (0, -1) for (N, 1, 3, 2)\n"
        "  path   (N, 1, 3, 2)\n"
        "  fix    less padding=, a larger kernel_size=, or a larger input",
    ),
    "pooling padded by more than half": (
        lambda: ig.MaxPool2d(3, padding=2),
        "MaxPool2d(3, padding=2)\n"
        "  wanted padding of at most half the kernel_size, as torch\n"
        "  got    2 for 3\n"
        "  fix    padding=1 at most, or a ZeroPad2d before this layer",
    ),
    "a tuple of the wrong length": (
        lambda: ig.Conv2d(3, (3, 3, 3)),
        "Conv2d(3, (3, 3, 3))\n"
        "  wanted kernel_size= of 2 entries, one for each axis\n"
        "  got    3: (3, 3, 3)\n"
        "  fix    give 2, or one number for all",
    ),
    "a residual body that changes the shape": (
        lambda: ig.Sequential([ig.Residual([ig.Conv2d(8, 3, stride=2, padding=1)])], input_shape=(4, 8, 8)),
        "layer 1 of 1, Residual(Sequential([Conv2d(8, 3, stride=2, padding=1)]))\n"
        "  wanted a body that keeps (N, 4, 8, 8), the shortcut's shape\n"
        "  got    (N, 8, 4, 4) from the body\n"
        "  path   (N, 4, 8, 8)\n"
        "  fix    a shortcut= of that shape, such as shortcut=[ig.Conv2d(channels, 1, stride=…)], or another body",
    ),
    "upsampling to nothing in particular": (
        lambda: ig.Upsample(),
        "Upsample()\n  wanted size= or scale_factor=\n  got    neither\n  fix    Upsample(scale_factor=2)",
    ),
    "corners of nearest neighbours": (
        lambda: ig.Upsample(scale_factor=2, mode="area", align_corners=True),
        "Upsample(scale_factor=2.0, mode='area', align_corners=True)\n"
        '  wanted align_corners=False with mode="area"\n'
        "  got    True\n"
        '  fix    mode="bilinear", or drop it',
    ),
    "a factor recomputed from a size": (
        lambda: ig.Upsample(size=4, recompute_scale_factor=True),
        "Upsample(size=4, recompute_scale_factor=True)\n"
        "  wanted recompute_scale_factor=False with size=\n"
        "  got    True\n"
        "  fix    scale_factor=, or drop it",
    ),
    "filters for what has none": (
        lambda: ig.Upsample(scale_factor=2, mode="linear", antialias=True),
        "Upsample(scale_factor=2.0, mode='linear', antialias=True)\n"
        '  wanted antialias=False with mode="linear"\n'
        "  got    True\n"
        '  fix    mode="bilinear" or "bicubic", or drop it',
    ),
    "trilinear on images": (
        lambda: ig.Sequential([ig.Upsample(scale_factor=2, mode="trilinear")], input_shape=(1, 3, 3)),
        "layer 1 of 1, Upsample(scale_factor=2.0, mode='trilinear')\n"
        "  wanted (N, C, D, H, W)\n"
        "  got    (N, 1, 3, 3)\n"
        "  path   (N, 1, 3, 3)\n"
        "  fix    bring the input to this form, with Reshape for example",
    ),
    "a factor whose gradient is wrong in torch": (
        lambda: ig.Sequential([ig.Upsample(scale_factor=1.3, mode="bicubic")], input_shape=(1, 3, 3)),
        "layer 1 of 1, Upsample(scale_factor=1.3, mode='bicubic')\n"
        "  wanted sizes that do not stay or double by a scale_factor other than 1 or 2\n"
        "  got    (3, 3) for (N, 1, 3, 3), where torch.nn.Upsample has the gradient of another function\n"
        "  path   (N, 1, 3, 3)\n"
        "  fix    size=(3, 3)",
    ),
    "a kernel longer than a volume": (
        lambda: ig.Sequential([ig.AvgPool3d((1, 2, 4), padding=(0, 1, 2))], input_shape=(1, 3, 3, 3)),
        "layer 1 of 1, AvgPool3d((1, 2, 4), padding=(0, 1, 2))\n"
        "  wanted at least (1, 2, 4) places, padding not counted, as torch\n"
        "  got    (N, 1, 3, 3, 3)\n"
        "  path   (N, 1, 3, 3, 3)\n"
        "  fix    a smaller kernel_size=",
    ),
    "groups of a normalisation": (
        lambda: ig.Sequential([ig.GroupNorm(4)], input_shape=(6, 2, 2)),
        "layer 1 of 1, GroupNorm(4)\n"
        "  wanted channels that 4 groups divide\n"
        "  got    6 channels in (N, 6, 2, 2)\n"
        "  path   (N, 6, 2, 2)\n"
        "  fix    another num_groups, or another number of channels in what feeds this layer",
    ),
}


@pytest.mark.parametrize("why", REJECTED)
def test_impossible_configurations_are_explained_when_the_model_is_built(why: str) -> None:
    build, text = REJECTED[why]
    with pytest.raises(ig.IsogradError) as caught:
        build()
    assert str(caught.value) == text
