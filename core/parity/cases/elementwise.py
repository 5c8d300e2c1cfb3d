"""Cases of functions of every entry by itself."""

from __future__ import annotations

from typing import get_args

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form
from isograd.core.layers.elementwise import Function, NumberFunction
from isograd.core.parity.cases.kinds import Case

ELSEWHERE = Form((3, BATCH, 2))  # the batch in the middle
WITHOUT = Form((2, 3))
WHOLE = Form((BATCH, 4), "integer")
NEAR_1 = ("asin", "acos")  # of values within −1…1: scale keeps them there
POSITIVE = ("log", "log2", "log10", "log1p", "sqrt", "rsqrt")

CASES: dict[type[Description], list[Case]] = {
    L.Unary: [
        *(
            Case(L.Unary(name), ((3, 4),), name, scale=0.2 if name in NEAR_1 else 1.0)
            for name in get_args(Function)
            if name not in POSITIVE
        ),
        *(
            Case(L.Sequential([L.Unary("square"), L.Unary(name)]), ((3, 4),), f"{name}, of what is positive")
            for name in ()
        ),
        Case(L.Unary("floor"), ((3, 4),), "floor, far from 0", scale=50.0),
        Case(L.Unary("round"), ((40,),), "round, between whole numbers", scale=10.0),
        Case(L.Unary("erf"), ((3, 4),), "erf, on both sides of the place where its series changes", scale=3.0),
        Case(L.Unary("exp"), (ELSEWHERE,), "the batch elsewhere"),
        Case(L.Unary("neg"), (WITHOUT,), "no batch"),
        Case(L.Unary("neg"), (Form(()),), "one number"),
        Case(L.Unary("abs"), (WHOLE,), "whole numbers stay whole"),
    ],
    L.Clamp: [
        Case(L.Clamp(min=-0.5, max=0.8), ((3, 4),), "both bounds"),
        Case(L.Clamp(min=0), ((3, 4),), "from below"),
        Case(L.Clamp(max=0.3), (ELSEWHERE,), "from above, the batch elsewhere"),
        Case(L.Clamp(min=0, max=0.5), ((3, 4),), "at a bound the derivative is 0", scale=0.0),
        Case(L.Clamp(min=1, max=3), (WHOLE,), "whole numbers stay whole"),
    ],
    L.Number: [
        *(Case(L.Number(name, 1.7), ((3, 4),), f"{name} of a number") for name in get_args(NumberFunction)),
        *(
            Case(L.Number(name, 1.7, reverse=True), ((3, 4),), f"{name} of a number, which stands first")
            for name in get_args(NumberFunction)
        ),
        *(
            Case(L.Number(name, -2), (WHOLE,), f"{name} of whole numbers", values=range(-7, 8))
            for name in get_args(NumberFunction)
            if name not in ("div", "pow")
        ),
        Case(L.Number("pow", 2), (WHOLE,), "squares of whole numbers"),
        Case(L.Number("pow", 3), ((3, 4),), "a whole power of negative numbers"),
        Case(L.Number("pow", 0), ((3, 4),), "to the power 0"),
        Case(L.Number("sub", 1, reverse=True), (ELSEWHERE,), "the batch elsewhere"),
        Case(L.Number("mul", 0.5), (WITHOUT,), "no batch"),
        Case(L.Number("maximum", 0.0), ((3, 4),), "equal ones: half the gradient", scale=0.0),
    ],
}
