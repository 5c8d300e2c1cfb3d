"""Cases of sums and their kin over axes, and of running sums."""

from __future__ import annotations

from math import inf
from typing import get_args, get_type_hints

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form, Rows
from isograd.core.parity.cases.kinds import Case

ELSEWHERE = Form((3, BATCH, 2))
WHOLE = Form((BATCH, 2, 3), "integer")
TRUTH = Form((BATCH, 2, 3), "boolean")
FUNCTIONS = get_args(get_type_hints(L.Reduce)["function"])

CASES: dict[type[Description], list[Case]] = {
    L.Reduce: [
        *(Case(L.Reduce(name, dims=(-1,)), ((3, 4),), f"{name}, over one axis") for name in FUNCTIONS),
        *(Case(L.Reduce(name), ((3, 2),), f"{name}, over everything: one number") for name in FUNCTIONS),
        *(
            Case(L.Reduce(name, dims=(3, 1), keepdim=True), ((3, 2, 4),), f"{name}, over two axes apart, kept")
            for name in FUNCTIONS
        ),
        Case(L.Reduce("mean", dims=(0,)), ((3, 4),), "over the batch"),
        Case(L.Reduce("sum", dims=(1, 2)), (ELSEWHERE,), "over the batch, which stands elsewhere, and another"),
        Case(L.Reduce("var", dims=(0,)), (ELSEWHERE,), "the batch elsewhere"),
        Case(L.Reduce("mean", dims=(1,)), (Form((Rows(4), 3)),), "windows of the batch"),
        Case(L.Reduce("amax"), (Form((3, 2)),), "no batch"),
        Case(L.Reduce("amax", dims=(1,)), ((9,),), "amax: equal ones share the gradient", among=(0.0, 1.0)),
        Case(L.Reduce("amin", dims=(1,)), ((9,),), "amin: equal ones share the gradient", among=(0.0, 1.0)),
        Case(L.Reduce("prod", dims=(1,)), ((5,),), "prod: none, one or two of them 0", among=(0.0, 0.5, 2.0, -1.5)),
        Case(L.Reduce("norm", dims=(1,), ord=1), ((5,),), "norm: the sum of absolute values"),
        Case(L.Reduce("norm", dims=(1,), ord=3), ((5,),), "norm: the third root"),
        Case(L.Reduce("norm", dims=(1,), ord=0.5), ((5,),), "norm: of an order below 1"),
        Case(L.Reduce("norm", dims=(1,), ord=inf), ((5,),), "norm: the largest"),
        Case(L.Reduce("norm", dims=(1,), ord=inf), ((5,),), "norm: the largest, equal ones", among=(-2.0, 1.0, 2.0)),
        Case(L.Reduce("norm", dims=(1,)), ((5,),), "norm of nothing but 0: derivative 0", scale=0.0),
        Case(L.Reduce("std", dims=(1,)), ((5,),), "std of equal ones: derivative 0", scale=0.0),
        Case(L.Reduce("var", dims=(1,), correction=0), ((5,),), "var, biased"),
        Case(L.Reduce("std", dims=(1,), correction=0), ((1,),), "std, biased, of one value"),
        Case(L.Reduce("logsumexp", dims=(1,)), ((5,),), "logsumexp where exp overflows", scale=1000.0),
        Case(L.Reduce("sum", dims=(1,)), (WHOLE,), "sum of whole numbers"),
        Case(L.Reduce("amax", dims=(2,)), (WHOLE,), "amax of whole numbers"),
        Case(L.Reduce("prod", dims=(2,)), (WHOLE,), "prod of whole numbers", values=range(1, 4)),
        Case(L.Reduce("sum", dims=(-1,)), (TRUTH,), "sum of booleans: how many"),
        Case(L.Reduce("any", dims=(-1,)), (TRUTH,), "any of booleans"),
        Case(L.Reduce("all", dims=(-1,), keepdim=True), (WHOLE,), "all of whole numbers"),
    ],
    L.CumSum: [
        Case(L.CumSum(1), ((4, 3),), "along the first axis of a sample"),
        Case(L.CumSum(-1), (ELSEWHERE,), "the batch elsewhere"),
        Case(L.CumSum(1), (WHOLE,), "of whole numbers"),
        Case(L.CumSum(-1), (TRUTH,), "of booleans: how many so far"),
    ],
    L.CumProd: [
        Case(L.CumProd(1), ((4, 3),), "along the first axis of a sample"),
        Case(L.CumProd(-1), ((6,),), "where one or several are 0", among=(0.0, 0.5, 2.0, -1.5)),
        Case(L.CumProd(0), (Form((4, 3)),), "no batch"),
        Case(L.CumProd(-1), (TRUTH,), "of booleans: whether all so far"),
    ],
}
