"""Cases of values made of nothing, of another kind, and of values that pass no gradient."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.Full: [
        Case(L.Full(("N", 3), 0.1), ((2,),), "a row for every sample"),
        Case(L.Full((2, "2N"), -7, kind="integer"), ((2,),), "whole numbers, two a sample"),
        Case(L.Full((), True, kind="boolean"), ((2,),), "one boolean, whatever the rows are"),
    ],
    L.Arange: [
        Case(L.Arange(0, "N"), ((2,),), "the rows of a batch"),
        Case(L.Arange(0, "3N", kind="float"), ((2,),), "as floats, three a sample"),
        Case(L.Arange(2, 11, step=3), ((2,),), "up to a number that is not reached"),
        Case(L.Arange(1.0, -0.3, step=-0.25, kind="float"), ((2,),), "down, in parts of one"),
    ],
    L.Cast: [
        Case(L.Cast("float"), (Form((BATCH, 3), "integer"),), "whole numbers as floats"),
        Case(L.Cast("float"), (Form((2, BATCH), "boolean"),), "booleans as floats"),
        Case(L.Cast("float"), ((3,),), "floats stay as they are"),
        Case(L.Cast("integer"), ((3,),), "floats as whole numbers, toward 0", scale=3.0),
        Case(L.Cast("integer"), (Form((4,), "boolean"),), "booleans as whole numbers, no batch"),
        Case(L.Cast("boolean"), (Form((BATCH, 3), "integer"),), "all but 0 is True"),
        Case(L.Cast("boolean"), ((3,),), "floats as booleans"),
    ],
    L.StopGradient: [
        Case(L.StopGradient(), ((3,),), "no gradient, though there is a slope: differences see it", scale=100.0),
        Case(L.StopGradient(), (Form((3, 2), "integer"),), "whole numbers without a batch"),
    ],
}
