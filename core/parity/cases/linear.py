"""Cases of the fully connected layer, and of that of two inputs."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.Linear: [
        Case(L.Linear(3), ((4,),), "plain"),
        Case(L.Linear(3), ((4,),), "batch of one", batch=1),
        Case(L.Linear(3, bias=False), ((4,),), "no bias, batch of one", batch=1),
        Case(L.Linear(2), ((3, 4),), "time axis: every step through the same weights"),
        Case(L.Linear(1), ((1,),), "one feature in, one out"),
        Case(L.Linear(2), ((512,),), "long rows, few outputs: multiplied in slices", batch=16),
        Case(L.Linear(3), (Form((3, BATCH, 4)),), "the batch elsewhere"),
        Case(L.Linear(3), (Form((2, 4)),), "no batch"),
    ],
    L.Bilinear: [
        Case(L.Bilinear(3), ((4,), (2,)), "plain"),
        Case(L.Bilinear(2, bias=False), ((3, 2), (3, 5)), "no bias, a time axis"),
        Case(L.Bilinear(1), ((1,), (1,)), "one feature each, one out", batch=1),
        Case(L.Bilinear(2), (Form((3, BATCH, 2)), Form((3, BATCH, 3))), "the batch elsewhere"),
    ],
}
