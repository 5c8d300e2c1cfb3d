"""Cases of the nonlinearities that draw values towards 0, or put a number in their place."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.Softsign: [
        Case(L.Softsign(), ((3, 4),), "plain"),
        Case(L.Softsign(), ((3,),), "exactly 0: derivative 1", scale=0.0),
        Case(L.Softsign(), ((6,),), "inputs of order 10000: the derivative is nearly 0", scale=1e4),
        Case(L.Softsign(), (Form((3, BATCH)),), "the batch elsewhere"),
    ],
    L.Softshrink: [
        Case(L.Softshrink(), ((3, 4),), "below −½, between, above ½"),
        Case(L.Softshrink(1.5), ((3, 4),), "ends that show", scale=2.0),
        Case(L.Softshrink(0.0), ((8,),), "nothing between", among=(-1.0, 0.0, 2.0)),
        Case(L.Softshrink(2), ((8,),), "exactly the ends: derivative 0", among=(-2.0, 0.0, 2.0, 3.0)),
        Case(L.Softshrink(), ((6,),), "inputs of order 10000", scale=1e4),
    ],
    L.Hardshrink: [
        Case(L.Hardshrink(), ((3, 4),), "below −½, between, above ½"),
        Case(L.Hardshrink(1.5), ((3, 4),), "ends that show", scale=2.0),
        Case(L.Hardshrink(-1.0), ((8,),), "a negative lambd: nothing between", among=(-2.0, -1.0, 0.0, 0.5, 1.0)),
        Case(L.Hardshrink(2), ((8,),), "exactly the ends: 0, derivative 0", among=(-2.0, 0.0, 2.0, 3.0)),
        Case(L.Hardshrink(), ((6,),), "inputs of order 10000", scale=1e4),
    ],
    L.Tanhshrink: [
        Case(L.Tanhshrink(), ((3, 4),), "plain"),
        Case(L.Tanhshrink(), ((6,),), "near 0, where little is left", scale=0.03),
        Case(L.Tanhshrink(), ((6,),), "inputs of order 10000", scale=1e4),
    ],
    L.Threshold: [
        Case(L.Threshold(0.1, 20.0), ((3, 4),), "both sides of the threshold"),
        Case(L.Threshold(-1.0, -3.0), ((8,),), "exactly the threshold: derivative 0", among=(-1.0, 0.0, -2.0)),
        Case(L.Threshold(2.0, 0.0), ((6,),), "inputs of order 10000", scale=1e4),
    ],
}
