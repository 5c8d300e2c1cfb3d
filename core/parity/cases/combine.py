"""Cases of the layers that join several values."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form, Rows
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.Add: [
        Case(L.Add(), ((3, 4), (3, 4)), "two of one shape"),
        Case(L.Add(), ((3, 4), (1, 4), (3, 1)), "three, broadcast over different axes"),
        Case(L.Add(), ((3, 4), Form((4,)), Form(())), "weights of fewer axes, one a single number"),
        Case(L.Add(), (Form((2, 1, 3)), (3,), Form((2, 1, 1))), "the batch in the middle of what comes out"),
        Case(L.Add(), (Form((Rows(2), 3)), Form((Rows(2), 1))), "windows of the batch"),
        Case(L.Add(), (Form((BATCH, 4), "integer"), Form((4,), "integer")), "whole numbers"),
    ],
    L.Subtract: [
        Case(L.Subtract(), ((3, 4), (3, 4)), "two of one shape"),
        Case(L.Subtract(), ((1, 4), (3, 1)), "both broadcast"),
        Case(L.Subtract(), (Form((2, 3)), Form((3,))), "no batch"),
    ],
    L.Multiply: [
        Case(L.Multiply(), ((3, 4), (3, 4)), "two of one shape"),
        Case(L.Multiply(), ((3, 1), (3, 4), (1, 4)), "three, broadcast: each gets the product of the others"),
        Case(L.Multiply(), (Form((4,)), (3, 1), (3, 4)), "three, a weight first, which grows on the way"),
    ],
    L.MatMul: [
        Case(L.MatMul(), ((2, 3), (3, 4)), "a matrix for each sample"),
        Case(L.MatMul(), ((2, 2, 3), (2, 3, 4)), "several matrices for each sample"),
        Case(L.MatMul(), ((2, 2, 3), Form((3, 4))), "one matrix for all: a weight"),
        Case(L.MatMul(), (Form((2, 3)), (3, 4)), "a weight in front"),
        Case(L.MatMul(), ((2, 1, 2, 3), (1, 5, 3, 4)), "leading axes that broadcast on both sides"),
        Case(L.MatMul(), (Form((Rows(4), 2, 3)), Form((Rows(4), 3, 2))), "windows of the batch"),
        Case(L.MatMul(), (Form((3, BATCH)), (4,)), "summed over the batch"),
    ],
    L.Concat: [
        Case(L.Concat(), ((2, 3), (4, 3)), "along the first axis of a sample"),
        Case(L.Concat(dim=-1), ((2, 3), (2, 1), (2, 2)), "three, along the last axis"),
        Case(L.Concat(dim=0), ((3,), Form((Rows(2), 3))), "rows of the batch"),
        Case(L.Concat(dim=0), (Form((2, BATCH)), Form((1, BATCH))), "in front of the batch"),
        Case(L.Concat(dim=0), (Form((2,), "integer"), Form((3,), "integer")), "whole numbers without a batch"),
    ],
}
