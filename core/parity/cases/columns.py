"""Cases of columns of windows."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.Unfold: [
        Case(L.Unfold(2), ((2, 3, 4),), "windows that overlap"),
        Case(
            L.Unfold((3, 2), dilation=(1, 2), padding=(2, 1), stride=(2, 1)),
            ((2, 5, 4),),
            "another option on each axis",
        ),
        Case(L.Unfold(2, stride=3), ((1, 7, 6),), "places that no window covers"),
    ],
    L.Fold: [
        Case(L.Fold((3, 4), 2), ((8, 6),), "windows that overlap add up"),
        Case(
            L.Fold((5, 4), (3, 2), dilation=(1, 2), padding=(2, 1), stride=(2, 1)),
            ((12, 16),),
            "another option on each axis",
        ),
        Case(L.Fold(7, 2, stride=3), ((4, 4),), "places that no window covers"),
    ],
}
