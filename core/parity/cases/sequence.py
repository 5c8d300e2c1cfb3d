"""Cases of the layer that keeps the last step of a sequence."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.LastStep: [
        Case(L.LastStep(), ((4, 3),), "all of one length"),
        Case(L.LastStep(), ((4, 3), ()), "each sample its own"),
        Case(L.LastStep(), ((300, 1), ()), "more steps than a byte counts", batch=9, large=True),
    ],
}
