"""Cases of pooling."""

from __future__ import annotations

from math import inf

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.parity.cases.kinds import Case

FEW = (0.5, 1.0, 2.0)

CASES: dict[type[Description], list[Case]] = {
    L.MaxPool1d: [
        Case(L.MaxPool1d(2), ((2, 7),), "the last place is left out"),
        Case(L.MaxPool1d(3, stride=2, padding=1, ceil_mode=True), ((2, 6),), "windows overlap and hang over"),
        Case(L.MaxPool1d(2, return_indices=True), ((2, 7),), "and where they stand"),
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
        Case(
            L.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), return_indices=True),
            ((2, 5, 6),),
            "and where they stand, all axes differ",
        ),
        Case(
            L.MaxPool2d(2, return_indices=True), ((1, 4, 5),), "where the first of equal ones stands", among=(0.0, 1.0)
        ),
        Case(L.MaxPool2d(17, stride=20), ((1, 18, 17),), "more places in a window than a byte counts", batch=1),
        Case(
            L.MaxPool2d(3, stride=2, padding=1),
            ((1, 320, 300),),
            "more images than one block holds",
            batch=3,
            large=True,
        ),
        Case(L.MaxPool2d(4), ((1, 320, 300),), "no place in two windows, in several blocks", batch=3, large=True),
    ],
    L.MaxPool3d: [
        Case(L.MaxPool3d(2), ((2, 2, 4, 3),), "plain"),
        Case(
            L.MaxPool3d((1, 3, 2), stride=(2, 1, 2), padding=(0, 1, 1), ceil_mode=True),
            ((1, 3, 3, 4),),
            "all axes differ, overlap and overhang",
        ),
        Case(
            L.MaxPool3d((1, 3, 2), stride=(2, 1, 2), padding=(0, 1, 1), return_indices=True),
            ((1, 3, 3, 4),),
            "and where they stand",
        ),
    ],
    L.AvgPool1d: [
        Case(L.AvgPool1d(2), ((2, 5),), "plain"),
        Case(L.AvgPool1d(4, stride=3, padding=2, ceil_mode=True), ((1, 8),), "overlap, hangs over the padding"),
        Case(L.AvgPool1d(3, padding=1, count_include_pad=False), ((2, 6),), "padding does not count"),
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
        Case(
            L.AvgPool2d((3, 2), stride=2, padding=(1, 0), ceil_mode=True, divisor_override=-4),
            ((1, 6, 5),),
            "a divisor for all windows, the sign with it",
        ),
    ],
    L.AvgPool3d: [
        Case(L.AvgPool3d(2), ((2, 2, 4, 3),), "plain"),
        Case(
            L.AvgPool3d((1, 3, 2), stride=(2, 1, 2), padding=(0, 1, 1), count_include_pad=False),
            ((1, 3, 3, 4),),
            "all axes differ, padding does not count",
        ),
        Case(L.AvgPool3d(2, divisor_override=3), ((1, 2, 4, 3),), "a divisor for all windows"),
    ],
    L.LPPool1d: [
        Case(L.LPPool1d(2, 2), ((2, 5),), "plain"),
        Case(L.LPPool1d(1.5, 3, stride=2, ceil_mode=True), ((2, 6),), "a broken power, hangs over", among=FEW),
        Case(L.LPPool1d(1, 2, stride=1), ((2, 5),), "sums"),
        Case(L.LPPool1d(2, 2), ((2, 4),), "nothing but 0: no gradient", scale=0.0),
    ],
    L.LPPool2d: [
        Case(L.LPPool2d(2, (2, 3), stride=(3, 2)), ((1, 7, 7),), "all axes differ"),
        Case(L.LPPool2d(3, 2, stride=3, ceil_mode=True), ((1, 5, 6),), "an odd power, hangs over", among=FEW),
        Case(L.LPPool2d(-1, 2), ((1, 4, 4),), "a negative power", among=FEW),
        Case(L.LPPool2d(inf, 2, stride=1), ((1, 3, 4),), "the largest sizes"),
        Case(L.LPPool2d(-inf, (2, 1)), ((2, 4, 3),), "the smallest sizes"),
    ],
    L.LPPool3d: [
        Case(L.LPPool3d(2, 2), ((2, 2, 4, 3),), "plain"),
        Case(L.LPPool3d(inf, (1, 2, 2), stride=1), ((1, 2, 3, 3),), "the largest sizes"),
    ],
}
