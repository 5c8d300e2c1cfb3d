"""Cases of the convolutions, and of the transposed ones."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.Conv1d: [
        Case(L.Conv1d(3, 3), ((2, 8),), "plain"),
        Case(L.Conv1d(2, 4, stride=3, padding=(1, 2)), ((2, 9),), "a pair of paddings, stride does not divide"),
        Case(L.Conv1d(2, 2, padding="same", dilation=3), ((1, 7),), "same, dilated: an odd total goes after"),
        Case(L.Conv1d(2, 3, padding=2, padding_mode="circular"), ((2, 5),), "circular: the ends meet"),
        Case(L.Conv1d(2, 5, padding=2, groups=2), ((2, 37),), "depthwise, more than one tile", batch=3),
        Case(
            L.Conv1d(3, 5, stride=2, dilation=2, padding=(7, 0), groups=3), ((3, 9),), "depthwise, strided and dilated"
        ),
        Case(L.Conv1d(2, 60, padding=300, bias=False), ((1, 10),), "more columns than one block holds", batch=9),
    ],
    L.Conv2d: [
        Case(L.Conv2d(3, 3), ((2, 5, 6),), "plain, valid"),
        Case(L.Conv2d(2, 3, padding=1, bias=False), ((2, 4, 5),), "zero padding, no bias, batch of one", batch=1),
        Case(L.Conv2d(2, 3, stride=2, padding=1), ((2, 7, 6),), "stride does not divide 6"),
        Case(L.Conv2d(2, 2, stride=3), ((1, 7, 8),), "stride > kernel: places never read, dx = 0 there"),
        Case(L.Conv2d(2, (3, 5), padding="same"), ((1, 3, 4),), "same with odd kernels: as much before as after"),
        Case(L.Conv2d(2, (4, 3), padding="same"), ((1, 5, 4),), "same with one odd total and one even"),
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
        Case(L.Conv2d(2, 3, groups=2, stride=2, padding=1, bias=False), ((2, 5, 6),), "depthwise, strided, no bias"),
        Case(
            L.Conv2d(2, (2, 3), groups=2, stride=(3, 5), padding=((4, 0), (0, 5)), dilation=(1, 2)),
            ((2, 3, 4),),
            "depthwise, stride > kernel, windows that lie in the padding alone",
        ),
        Case(
            L.Conv2d(2, (3, 2), groups=2, stride=(2, 4), padding=2, dilation=(3, 2)),
            ((2, 7, 20),),
            "depthwise, dilation with and without a common divisor of the stride, two tiles of dx",
        ),
        Case(
            L.Conv2d(2, 3, groups=2, stride=(2, 1), padding=(6, 1)),
            ((2, 2, 3),),
            "depthwise, more windows than rows, on both sides",
        ),
        Case(L.Conv2d(3, (1, 5), groups=3, padding=(0, 2)), ((3, 2, 19),), "depthwise, one row a window"),
        Case(
            L.Conv2d(3, 3, groups=3, stride=2, padding=1),
            ((3, 90, 170),),
            "depthwise, more rows than one block holds",
            batch=9,
            large=True,
        ),
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
        Case(
            L.ConvTranspose1d(8, 60, stride=2, bias=False),
            ((1, 100),),
            "more columns than one block holds, added back",
            batch=6,
            large=True,
        ),
    ],
    L.ConvTranspose2d: [
        Case(L.ConvTranspose2d(2, 3), ((3, 3, 2),), "plain"),
        Case(L.ConvTranspose2d(2, 4, stride=2, padding=1), ((2, 3, 2),), "doubles the image"),
        Case(L.ConvTranspose2d(2, 3, stride=2, padding=1, output_padding=1, groups=2), ((2, 3, 9),), "depthwise"),
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
    L.ConvTranspose3d: [
        Case(L.ConvTranspose3d(2, 2), ((2, 2, 1, 3),), "plain"),
        Case(
            L.ConvTranspose3d(2, (1, 3, 2), stride=(1, 2, 3), padding=(0, 1, 0), output_padding=(0, 1, 2), groups=2),
            ((2, 2, 2, 1),),
            "groups, all axes differ",
        ),
    ],
}
