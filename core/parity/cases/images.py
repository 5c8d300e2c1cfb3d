"""Cases of the layers for images. The book is Weidman 2019."""

from __future__ import annotations

from math import inf

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.graph.model import Model
from isograd.core.graph.residual import Residual
from isograd.core.graph.values import Input
from isograd.core.parity.cases.kinds import Case


def normalised_twice() -> Model:
    """A normalisation that is called twice: its statistics move on twice."""
    x = Input((2, 3, 3))
    norm = L.BatchNorm2d(momentum=0.3)
    return Model(inputs=x, outputs=norm(L.Tanh()(norm(x))))


CONVOLUTIONS: dict[type[Description], list[Case]] = {
    L.Conv1d: [
        Case(L.Conv1d(3, 3), ((2, 8),), "plain"),
        Case(L.Conv1d(2, 4, stride=3, padding=(1, 2)), ((2, 9),), "a pair of paddings, stride does not divide"),
        Case(L.Conv1d(2, 2, padding="same", dilation=3), ((1, 7),), "same, dilated: an odd total goes after"),
        Case(L.Conv1d(2, 3, padding=2, padding_mode="circular"), ((2, 5),), "circular: the ends meet"),
        Case(L.Conv1d(2, 60, padding=300, bias=False), ((1, 10),), "more columns than one block holds", batch=9),
    ],
    L.Conv2d: [
        Case(L.Conv2d(3, 3), ((2, 5, 6),), "plain, valid"),
        Case(L.Conv2d(2, 3, padding=1, bias=False), ((2, 4, 5),), "zero padding, no bias, batch of one", batch=1),
        Case(L.Conv2d(2, 3, stride=2, padding=1), ((2, 7, 6),), "stride does not divide 6"),
        Case(L.Conv2d(2, 2, stride=3), ((1, 7, 8),), "stride > kernel: places never read, dx = 0 there"),
        Case(L.Conv2d(2, (2, 4), padding="same"), ((1, 3, 4),), "same with even kernels: the odd place after"),
        Case(L.Conv2d(2, 3, padding=((2, 0), (0, 1))), ((2, 4, 3),), "a pair of paddings for each axis"),
        Case(L.Conv2d(2, (1, 3), stride=(2, 1), padding=(0, 2)), ((2, 4, 3),), "one number for each axis"),
        Case(L.Conv2d(2, 3, dilation=(2, 3), padding=(3, 2)), ((1, 5, 7),), "dilation"),
        Case(
            L.Conv2d(2, 2, dilation=3, stride=4, padding=2),
            ((1, 9, 8),),
            "dilation and stride without a common divisor",
        ),
        Case(
            L.Conv2d(2, 3, dilation=2, stride=4, padding=2),
            ((1, 9, 9),),
            "dilation that shares a divisor with the stride",
        ),
        Case(L.Conv2d(6, 2, groups=2), ((4, 3, 4),), "groups, three filters each"),
        Case(L.Conv2d(3, 3, groups=3, padding=1), ((3, 3, 4),), "depthwise"),
        Case(L.Conv2d(4, 2, groups=2, stride=2), ((2, 4, 5),), "depthwise with two filters a channel, strided"),
        Case(L.Conv2d(4, 1), ((3, 2, 3),), "kernel of one: a Linear at every place"),
        Case(L.Conv2d(9, 2), ((1, 3, 3),), "many filters on one channel: the gradient adds instead of mirroring"),
        Case(L.Conv2d(2, 3, padding=4), ((1, 2, 2),), "windows that lie in the padding alone"),
        Case(L.Conv2d(2, 3, padding=2, padding_mode="reflect"), ((2, 3, 4),), "reflected borders"),
        Case(
            L.Conv2d(2, 3, padding=(3, 1), padding_mode="replicate", stride=2),
            ((1, 2, 3),),
            "repeated borders, strided",
        ),
        Case(L.Conv2d(2, 2, padding=((2, 0), (1, 3)), padding_mode="circular"), ((1, 2, 3),), "circular, uneven sides"),
        Case(L.Conv2d(1, 1), ((1, 1, 1),), "one of everything", batch=1),
        Case(
            L.Conv2d(1, (2, 60), stride=(2, 1), padding=(4, 300), bias=False),
            ((1, 3, 4),),
            "more columns in one image than a block holds, strided",
            batch=2,
        ),
    ],
    L.Conv3d: [
        Case(L.Conv3d(2, 2), ((2, 3, 3, 3),), "plain"),
        Case(L.Conv3d(2, (2, 1, 3), stride=(1, 2, 2), padding=(1, 0, 1)), ((1, 2, 3, 4),), "all axes differ"),
        Case(L.Conv3d(2, 2, padding="same", groups=2), ((2, 3, 2, 2),), "same, depthwise"),
    ],
    L.ConvTranspose1d: [
        Case(L.ConvTranspose1d(2, 3), ((3, 4),), "plain"),
        Case(L.ConvTranspose1d(2, 5, stride=2, padding=2, output_padding=1), ((1, 4),), "doubles the length"),
    ],
    L.ConvTranspose2d: [
        Case(L.ConvTranspose2d(2, 3), ((3, 3, 2),), "plain"),
        Case(L.ConvTranspose2d(2, 4, stride=2, padding=1), ((2, 3, 2),), "doubles the image"),
        Case(
            L.ConvTranspose2d(1, 2, stride=3, bias=False), ((2, 2, 3),), "stride > kernel: places that get 0, no bias"
        ),
        Case(
            L.ConvTranspose2d(4, 2, stride=(2, 3), groups=2, output_padding=(1, 2)),
            ((2, 2, 2),),
            "groups, all axes differ",
        ),
        Case(
            L.ConvTranspose2d(2, 2, dilation=3, padding=1, output_padding=2),
            ((1, 3, 2),),
            "output_padding beyond stride",
        ),
        Case(L.ConvTranspose2d(1, 2), ((9, 2, 2),), "many channels onto one: adds instead of mirroring", batch=1),
    ],
}

POOLING: dict[type[Description], list[Case]] = {
    L.MaxPool1d: [
        Case(L.MaxPool1d(2), ((2, 7),), "the last place is left out"),
        Case(L.MaxPool1d(3, stride=2, padding=1, ceil_mode=True), ((2, 6),), "windows overlap and hang over"),
    ],
    L.MaxPool2d: [
        Case(L.MaxPool2d(2), ((2, 4, 5),), "plain"),
        Case(L.MaxPool2d(3, stride=1, padding=1), ((1, 3, 4),), "overlap: a place may win several windows"),
        Case(L.MaxPool2d((2, 3), stride=(3, 2)), ((1, 7, 7),), "stride > kernel on one axis, overlap on the other"),
        Case(
            L.MaxPool2d(2, stride=3, padding=1, ceil_mode=True),
            ((1, 6, 7),),
            "a last window that would start outside is dropped",
        ),
        Case(L.MaxPool2d(3, padding=1, dilation=2, stride=2, ceil_mode=True), ((1, 8, 7),), "dilation"),
        Case(L.MaxPool2d(2), ((1, 4, 4),), "all equal: the first of each window gets everything", scale=0.0),
        Case(L.MaxPool2d(3, stride=2, padding=1), ((1, 4, 4),), "all equal under padding, overlapping", scale=0.0),
        Case(L.MaxPool2d(3, stride=2, padding=1), ((2, 6, 6),), "−∞ is a value, padding is none", batch=9, scale=inf),
        Case(L.MaxPool2d(17, stride=20), ((1, 18, 17),), "more places in a window than a byte counts", batch=1),
    ],
    L.AvgPool1d: [
        Case(L.AvgPool1d(2), ((2, 5),), "plain"),
        Case(L.AvgPool1d(4, stride=3, padding=2, ceil_mode=True), ((1, 8),), "overlap, hangs over the padding"),
    ],
    L.AvgPool2d: [
        Case(L.AvgPool2d(2), ((2, 5, 4),), "plain"),
        Case(L.AvgPool2d((2, 3), stride=(1, 4), padding=(1, 0)), ((1, 3, 8),), "all axes differ"),
        Case(
            L.AvgPool2d(3, stride=2, padding=1, ceil_mode=True), ((1, 6, 5),), "padding counts, the overhang does not"
        ),
        Case(
            L.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False),
            ((1, 6, 5),),
            "padding does not count",
        ),
    ],
    L.AdaptiveAvgPool2d: [
        Case(L.AdaptiveAvgPool2d((3, 2)), ((2, 5, 4),), "windows of different sizes overlap"),
        Case(L.AdaptiveAvgPool2d(3), ((1, 2, 4),), "more windows than places"),
    ],
    L.AdaptiveMaxPool2d: [
        Case(L.AdaptiveMaxPool2d((3, 2)), ((2, 5, 4),), "windows of different sizes overlap"),
        Case(L.AdaptiveMaxPool2d(3), ((1, 2, 4),), "more windows than places"),
        Case(L.AdaptiveMaxPool2d(2), ((1, 3, 3),), "all equal: the first gets everything", scale=0.0),
    ],
    L.GlobalAvgPool: [
        Case(L.GlobalAvgPool(), ((3, 2, 4),), "images"),
        Case(L.GlobalAvgPool(), ((3, 4),), "sequences"),
    ],
}

RESIZING: dict[type[Description], list[Case]] = {
    L.Upsample: [
        Case(L.Upsample(scale_factor=2), ((2, 2, 3),), "nearest, doubled"),
        Case(L.Upsample(scale_factor=(1.7, 0.6)), ((1, 4, 5),), "nearest, uneven factors, one that shrinks"),
        Case(L.Upsample(size=(5, 3)), ((1, 3, 2),), "nearest, to a size"),
        Case(L.Upsample(scale_factor=3), ((2, 3),), "nearest, one axis"),
        Case(L.Upsample(scale_factor=2, mode="bilinear"), ((2, 2, 3),), "bilinear, doubled"),
        Case(L.Upsample(scale_factor=1.6, mode="bilinear"), ((1, 4, 3),), "bilinear, a factor that does not divide"),
        Case(L.Upsample(size=(2, 7), mode="bilinear"), ((1, 5, 3),), "bilinear, to a size, one axis shrinks"),
        Case(
            L.Upsample(size=(5, 1), mode="bilinear", align_corners=True), ((1, 3, 4),), "corners on corners, one place"
        ),
    ],
    L.ZeroPad2d: [
        Case(L.ZeroPad2d(2), ((2, 3, 2),), "all sides"),
        Case(L.ZeroPad2d((1, 0, 2, 3)), ((1, 2, 3),), "left, right, top, bottom, each its own"),
    ],
    L.Dropout2d: [
        Case(L.Dropout2d(0.4), ((4, 2, 3),), "whole channels, scaled in training"),
        Case(L.Dropout2d(0.4, scale="inference"), ((4, 2, 3),), "whole channels, scaled in evaluation (the book)"),
    ],
}

NORMALISATION: dict[type[Description], list[Case]] = {
    L.BatchNorm1d: [
        Case(L.BatchNorm1d(), ((3,),), "features"),
        Case(L.BatchNorm1d(momentum=0.3, eps=0.1), ((2, 4),), "sequences, options that show"),
    ],
    L.BatchNorm2d: [
        Case(L.BatchNorm2d(), ((3, 2, 3),), "plain"),
        Case(L.BatchNorm2d(eps=0.3), ((2, 2, 2),), "batch of one: its places alone", batch=1),
        Case(L.BatchNorm2d(momentum=None), ((2, 3, 2),), "the mean of all batches so far"),
        Case(L.BatchNorm2d(affine=False), ((2, 3, 1),), "no weight, no bias"),
        Case(L.BatchNorm2d(track_running_stats=False), ((2, 2, 3),), "the batch's own statistics in evaluation too"),
    ],
    L.InstanceNorm2d: [
        Case(L.InstanceNorm2d(), ((2, 3, 3),), "plain"),
        Case(L.InstanceNorm2d(affine=True, track_running_stats=True, momentum=0.3), ((2, 2, 3),), "affine, remembered"),
    ],
    L.LayerNorm: [
        Case(L.LayerNorm(), ((4,),), "one axis"),
        Case(L.LayerNorm(), ((3, 4),), "one axis of two: time steps by themselves"),
        Case(L.LayerNorm(axes=2, bias=False, eps=0.2), ((2, 3, 2),), "two axes of three, no bias"),
        Case(L.LayerNorm(elementwise_affine=False), ((5,),), "no weight, no bias"),
    ],
    L.GroupNorm: [
        Case(L.GroupNorm(2), ((4, 2, 2),), "two groups"),
        Case(L.GroupNorm(1, eps=0.2), ((3, 2),), "one group, sequences"),
        Case(L.GroupNorm(3, affine=False), ((3, 2, 2),), "a group for each channel, no weight"),
    ],
}

IMAGE_CASES: dict[type[Description], list[Case]] = {
    **CONVOLUTIONS,
    **POOLING,
    **RESIZING,
    **NORMALISATION,
    Residual: [
        Case(Residual([L.Conv2d(2, 3, padding=1), L.Tanh()]), ((2, 3, 3),), "x itself goes around"),
        Case(
            Residual(
                [L.Conv2d(4, 3, stride=2, padding=1, bias=False), L.BatchNorm2d()], shortcut=L.Conv2d(4, 1, stride=2)
            ),
            ((2, 4, 3),),
            "a convolution goes around",
        ),
    ],
}
IMAGE_MODEL_CASES = [
    Case(normalised_twice(), ((2, 3, 3),), "a normalisation called twice: its statistics move on twice")
]
