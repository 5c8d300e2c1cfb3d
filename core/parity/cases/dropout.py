"""Cases of dropout. The book is Weidman 2019."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.Dropout: [
        Case(L.Dropout(0.4), ((3, 4),), "scaled in training"),
        Case(L.Dropout(0.4, scale="inference"), ((3, 4),), "scaled in evaluation (the book)"),
        Case(L.Dropout(0.0), ((7,),), "nothing dropped"),
        Case(L.Dropout(1.0), ((7,),), "everything dropped: 1/(1−p) must not divide by zero"),
    ],
    L.Dropout2d: [
        Case(L.Dropout2d(0.4), ((4, 2, 3),), "whole channels, scaled in training"),
        Case(L.Dropout2d(0.4, scale="inference"), ((4, 2, 3),), "whole channels, scaled in evaluation (the book)"),
    ],
}
