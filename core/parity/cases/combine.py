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
    ],
    L.Subtract: [
        Case(L.Subtract(), ((3, 4), (3, 4)), "two of one shape"),
        Case(L.Subtract(), ((1, 4), (3, 1)), "both broadcast"),
    ],
    L.Multiply: [
        Case(L.Multiply(), ((3, 4), (3, 4)), "two of one shape"),
        Case(L.Multiply(), ((3, 1), (3, 4), (1, 4)), "three, broadcast: each gets the product of the others"),
    ],
    L.MatMul: [
        Case(L.MatMul(), ((2, 3), (3, 4)), "a matrix for each sample"),
        Case(L.MatMul(), ((2, 2, 3), (2, 3, 4)), "several matrices for each sample"),
    ],
    L.Concat: [
        Case(L.Concat(), ((2, 3), (4, 3)), "along the first axis of a sample"),
        Case(L.Concat(dim=-1), ((2, 3), (2, 1), (2, 2)), "three, along the last axis"),
        Case(L.Concat(dim=0), ((3,), Form((Rows(2), 3))), "rows of the batch"),
        Case(L.Concat(dim=0), (Form((2, BATCH)), Form((1, BATCH))), "in front of the batch"),
        Case(L.Concat(dim=0), (Form((2,), "integer"), Form((3,), "integer")), "whole numbers without a batch"),
    ],
}
