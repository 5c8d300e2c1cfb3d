"""Cases of padding any axes."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.Pad: [
        Case(L.Pad((1, 2, 0, 3)), ((3, 4),), "zeros, uneven sides"),
        Case(L.Pad((-1, 2, 1, -2), value=0.5), ((4, 5),), "a value; one side grows, the other is cropped"),
        Case(L.Pad((0, 0, 2, 1)), (Form((3, BATCH)),), "in front of the batch"),
        Case(L.Pad((1, 1), value=-3), (Form((2, 3), "integer"),), "whole numbers without a batch"),
        Case(L.Pad((2, 0), value=1), (Form((BATCH, 3), "boolean"),), "a mask"),
        Case(L.Pad((2, 1, 1, 3), mode="reflect"), ((2, 4, 5),), "reflected, images"),
        Case(L.Pad((2, 1, 0, 0, 0, 3), mode="reflect"), (Form((4, BATCH, 3)),), "reflected, the batch between"),
        Case(L.Pad((2, 3), mode="replicate"), ((2, 4),), "the ends again, a sequence"),
        Case(L.Pad((3, 0, 1, 2), mode="replicate"), (Form((2, 3)),), "the ends again, no batch"),
        Case(L.Pad((1, 2, 3, 1), mode="circular"), ((2, 3, 4),), "round, a whole turn"),
        Case(L.Pad((1, 2), mode="circular"), (Form((3,)),), "round, one axis alone"),
    ],
}
