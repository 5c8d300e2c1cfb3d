"""Cases of what is largest and smallest along an axis, and of order."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form
from isograd.core.parity.cases.kinds import Case

ELSEWHERE = Form((3, BATCH, 2))
WHOLE = Form((BATCH, 6), "integer")
FEW = (0.0, 1.0, 2.0)

CASES: dict[type[Description], list[Case]] = {
    L.MaxDim: [
        Case(L.MaxDim(1), ((4, 3),), "along the first axis of a sample"),
        Case(L.MaxDim(-1, keepdim=True), ((2, 6),), "equal ones: the first; kept", among=FEW),
        Case(L.MaxDim(0), (ELSEWHERE,), "the batch elsewhere"),
        Case(L.MaxDim(1), (WHOLE,), "of whole numbers"),
    ],
    L.MinDim: [
        Case(L.MinDim(1), ((4, 3),), "along the first axis of a sample"),
        Case(L.MinDim(-1, keepdim=True), ((2, 6),), "equal ones: the first; kept", among=FEW),
    ],
    L.ArgMax: [
        Case(L.ArgMax(1), ((4, 3),), "along the first axis of a sample"),
        Case(L.ArgMax(-1, keepdim=True), (WHOLE,), "of whole numbers, equal ones: the first; kept"),
    ],
    L.ArgMin: [
        Case(L.ArgMin(1), ((4, 3),), "along the first axis of a sample"),
        Case(L.ArgMin(-1), (ELSEWHERE,), "the batch elsewhere"),
    ],
    L.Sort: [
        Case(L.Sort(), ((2, 6),), "rising"),
        Case(L.Sort(dim=1, descending=True), ((6, 2),), "falling, along the first axis of a sample"),
        Case(L.Sort(), ((9,),), "rising, equal ones as they stand", among=FEW),
        Case(L.Sort(descending=True), ((9,),), "falling, equal ones as they stand", among=FEW),
        Case(L.Sort(dim=0), (ELSEWHERE,), "the batch elsewhere"),
        Case(L.Sort(), (WHOLE,), "of whole numbers"),
    ],
    L.ArgSort: [
        Case(L.ArgSort(), ((9,),), "rising, equal ones as they stand", among=FEW),
        Case(L.ArgSort(dim=1, descending=True), ((6, 2),), "falling, along the first axis of a sample"),
    ],
    L.TopK: [
        Case(L.TopK(3), ((2, 6),), "the largest"),
        Case(L.TopK(2, dim=1, largest=False), ((6, 2),), "the smallest, along the first axis of a sample"),
        Case(L.TopK(4), ((9,),), "equal ones: those that come first", among=FEW),
        Case(L.TopK(2, dim=0), (ELSEWHERE,), "the batch elsewhere"),
    ],
}
