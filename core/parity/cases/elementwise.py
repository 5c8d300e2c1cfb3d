"""Cases of functions of every entry by itself."""

from __future__ import annotations

from typing import get_args

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form
from isograd.core.layers.elementwise import Function
from isograd.core.parity.cases.kinds import Case

ELSEWHERE = Form((3, BATCH, 2))  # the batch in the middle
WITHOUT = Form((2, 3))
WHOLE = Form((BATCH, 4), "integer")
AMONG = {
    **dict.fromkeys(("log", "log2", "log10", "log1p", "sqrt", "rsqrt"), (0.3, 0.8, 1.7, 2.9)),
    **dict.fromkeys(("asin", "acos"), (-0.9, -0.2, 0.4, 0.7)),
}
"""The numbers of functions that are not for all."""

CASES: dict[type[Description], list[Case]] = {
    L.Unary: [
        *(Case(L.Unary(name), ((3, 4),), name, among=AMONG.get(name, ())) for name in get_args(Function)),
        Case(L.Unary("floor"), ((3, 4),), "floor, far from 0", scale=50.0),
        Case(L.Unary("round"), ((3, 4),), "round, between whole numbers", among=(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5)),
        Case(L.Unary("erf"), ((3, 4),), "erf, where its series changes", among=(-3.0, -0.999, 0.0, 1e-9, 1.001)),
        Case(L.Unary("sinh"), ((3, 4),), "sinh, near 0", scale=1e-6),
        Case(L.Unary("exp"), (ELSEWHERE,), "the batch elsewhere"),
        Case(L.Unary("neg"), (WITHOUT,), "no batch"),
        Case(L.Unary("sin"), (Form(()),), "one number"),
        Case(L.Unary("abs"), (WHOLE,), "whole numbers stay whole", values=range(-3, 4)),
        Case(L.Unary("abs"), ((3, 4),), "abs at 0: derivative 0", scale=0.0),
    ],
    L.Clamp: [
        Case(L.Clamp(min=-0.5, max=0.8), ((3, 4),), "both bounds"),
        Case(L.Clamp(min=0), ((3, 4),), "from below"),
        Case(L.Clamp(max=0.3), (ELSEWHERE,), "from above, the batch elsewhere"),
        Case(L.Clamp(min=0, max=0.5), ((3, 4),), "at both bounds: derivative 0", among=(0.0, 0.5)),
        Case(L.Clamp(min=1, max=3), (WHOLE,), "whole numbers stay whole", values=range(6)),
    ],
}
