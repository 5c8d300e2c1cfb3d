"""Cases of pooling."""

from __future__ import annotations

from math import inf

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
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
        Case(
            L.MaxPool2d(3, stride=2, padding=1),
            ((1, 320, 300),),
            "more images than one block holds",
            batch=3,
            large=True,
        ),
    ],
    L.MaxPool3d: [
        Case(L.MaxPool3d(2), ((2, 2, 4, 3),), "plain"),
        Case(
            L.MaxPool3d((1, 3, 2), stride=(2, 1, 2), padding=(0, 1, 1), ceil_mode=True),
            ((1, 3, 3, 4),),
            "all axes differ, overlap and overhang",
        ),
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
    L.AvgPool3d: [
        Case(L.AvgPool3d(2), ((2, 2, 4, 3),), "plain"),
        Case(
            L.AvgPool3d((1, 3, 2), stride=(2, 1, 2), padding=(0, 1, 1), count_include_pad=False),
            ((1, 3, 3, 4),),
            "all axes differ, padding does not count",
        ),
    ],
    L.AdaptiveAvgPool1d: [Case(L.AdaptiveAvgPool1d(3), ((2, 5),), "windows overlap")],
    L.AdaptiveAvgPool2d: [
        Case(L.AdaptiveAvgPool2d((3, 2)), ((2, 5, 4),), "windows of different sizes overlap"),
        Case(L.AdaptiveAvgPool2d(3), ((1, 2, 4),), "more windows than places"),
    ],
    L.AdaptiveAvgPool3d: [Case(L.AdaptiveAvgPool3d((2, 1, 3)), ((2, 3, 2, 4),), "all axes differ")],
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
