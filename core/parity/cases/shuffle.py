"""Cases of the layers that move values between channels and places."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import Form, Rows
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.ChannelShuffle: [
        Case(L.ChannelShuffle(2), ((6, 2, 2),), "two groups of three"),
        Case(L.ChannelShuffle(3), ((6, 2),), "three groups of two, sequences"),
        Case(L.ChannelShuffle(4), ((4, 1, 2, 1),), "groups of one channel: nothing moves"),
    ],
    L.PixelShuffle: [
        Case(L.PixelShuffle(2), ((8, 2, 3),), "two channels of four"),
        Case(L.PixelShuffle(3), ((2, 9, 1, 2),), "an axis in front of the channels"),
        Case(L.PixelShuffle(1), ((2, 2, 3),), "nothing moves"),
        Case(L.PixelShuffle(2), (Form((Rows(2), 4, 1, 2)),), "windows of the batch"),
    ],
    L.PixelUnshuffle: [
        Case(L.PixelUnshuffle(2), ((2, 4, 6),), "four channels of each"),
        Case(L.PixelUnshuffle(3), ((2, 1, 3, 6),), "an axis in front of the channels"),
    ],
}
