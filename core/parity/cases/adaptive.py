"""Cases of pooling over a grid that adapts to the input's size, and over all places."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.AdaptiveAvgPool1d: [Case(L.AdaptiveAvgPool1d(3), ((2, 5),), "windows overlap")],
    L.AdaptiveAvgPool2d: [
        Case(L.AdaptiveAvgPool2d((3, 2)), ((2, 5, 4),), "windows of different sizes overlap"),
        Case(L.AdaptiveAvgPool2d(3), ((1, 2, 4),), "more windows than places"),
        Case(L.AdaptiveAvgPool2d((None, 2)), ((2, 3, 5),), "an axis that stays"),
    ],
    L.AdaptiveAvgPool3d: [Case(L.AdaptiveAvgPool3d((2, 1, 3)), ((2, 3, 2, 4),), "all axes differ")],
    L.AdaptiveMaxPool1d: [
        Case(L.AdaptiveMaxPool1d(3), ((2, 5),), "windows overlap"),
        Case(L.AdaptiveMaxPool1d(2, return_indices=True), ((2, 7),), "and where they stand"),
    ],
    L.AdaptiveMaxPool3d: [
        Case(L.AdaptiveMaxPool3d((2, None, 3)), ((2, 3, 2, 4),), "all axes differ, one stays"),
        Case(L.AdaptiveMaxPool3d((2, 1, 3), return_indices=True), ((1, 3, 2, 4),), "and where they stand"),
    ],
    L.AdaptiveMaxPool2d: [
        Case(L.AdaptiveMaxPool2d((3, 2)), ((2, 5, 4),), "windows of different sizes overlap"),
        Case(L.AdaptiveMaxPool2d(3), ((1, 2, 4),), "more windows than places"),
        Case(L.AdaptiveMaxPool2d(2), ((1, 3, 3),), "all equal: the first gets everything", scale=0.0),
        Case(L.AdaptiveMaxPool2d((3, 2), return_indices=True), ((2, 5, 7),), "and where they stand"),
    ],
    L.GlobalAvgPool: [
        Case(L.GlobalAvgPool(), ((3, 2, 4),), "images"),
        Case(L.GlobalAvgPool(), ((3, 4),), "sequences"),
    ],
}
