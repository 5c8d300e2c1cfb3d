"""Cases of the layers that move values to other axes or repeat them."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form, Rows
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.Permute: [
        Case(L.Permute((0, 3, 1, 2)), ((2, 3, 4),), "the batch stays in front"),
        Case(L.Permute((2, 0, -2)), (Form((BATCH, 3, 4)),), "the batch behind, no two axes exchanged alone"),
        Case(L.Permute((1, 0)), (Form((3, 4), "integer"),), "whole numbers without a batch"),
    ],
    L.View: [
        Case(L.View(("4N", 3)), ((2, 2, 3),), "windows are rows"),
        Case(L.View(("N", 2, 1, 6)), (Form((Rows(4), 3)),), "rows are windows again"),
        Case(L.View((6, 2)), (Form((3, 4)),), "no batch"),
        Case(L.View((3, "N")), (Form((3, BATCH, 1)),), "an axis left out, the batch behind"),
        Case(L.View(("2N", 3, "N")), (Form((3, BATCH, Rows(2))), (4,)), "two axes grow: N is that of another value"),
        Case(L.View(()), (Form((1, 1)),), "no axis is left"),
        Case(L.View((2, "N", 2)), (Form((BATCH, 4), "boolean"),), "booleans"),
    ],
    L.Expand: [
        Case(L.Expand(("N", 3, 4)), (Form((1, 4)), (2,)), "a weight for every sample"),
        Case(L.Expand(("N", 5, 3, 4)), (Form((BATCH, 1, 3, 1)),), "the batch has its rows itself"),
        Case(L.Expand((2, "N", 3)), (Form((BATCH, 1)),), "a new axis in front of the batch"),
        Case(L.Expand((2, 3)), (Form(()),), "one number, everywhere"),
        Case(L.Expand(("2N", 3)), (Form((1, 3), "integer"), (4,)), "whole numbers, two rows a sample"),
    ],
    L.Flip: [
        Case(L.Flip((1,)), ((3, 4),), "one axis of a sample"),
        Case(L.Flip((-1, 0)), (Form((3, BATCH, 4)),), "two axes, the batch between them"),
        Case(L.Flip((0,)), (Form((3, 2), "boolean"),), "booleans without a batch"),
    ],
    L.Roll: [
        Case(L.Roll((1, -2), (1, -1)), ((3, 4),), "two axes, both ways"),
        Case(L.Roll((5,), (0,)), (Form((3, BATCH)),), "farther than the axis is long"),
        Case(L.Roll((1,), (0,)), (Form((4, 2), "integer"),), "whole numbers without a batch"),
    ],
    L.Repeat: [
        Case(L.Repeat((1, 3, 2)), ((2, 3),), "axes of a sample"),
        Case(L.Repeat((2, 3, 1, 2)), (Form((BATCH, 3)),), "new axes in front, the batch behind them"),
        Case(L.Repeat((2, 1)), (Form((Rows(2), 3)),), "the batch itself"),
        Case(L.Repeat(("N", 1, 2)), (Form((2, 3)), (4,)), "a weight for every sample"),
        Case(L.Repeat(("2N", 1)), (Form((3, 2)), (4,)), "a weight of several rows, in blocks"),
        Case(L.Repeat((2, 2)), (Form((3,), "integer"),), "whole numbers without a batch"),
        Case(L.Repeat((3,)), (Form(()),), "one number"),
    ],
    L.RepeatInterleave: [
        Case(L.RepeatInterleave(3, 1), ((2, 4),), "an axis of a sample"),
        Case(L.RepeatInterleave(2, 0), ((3,),), "the rows of a batch"),
        Case(L.RepeatInterleave(2, -1), (Form((3, 2)),), "no batch"),
    ],
    L.Tril: [
        Case(L.Tril(), ((2, 3, 3),), "the main diagonal stays"),
        Case(L.Tril(1), (Form((3, 5)),), "more columns than rows, no batch"),
        Case(L.Tril(-1), (Form((4, 3), "boolean"),), "a mask"),
    ],
    L.Triu: [
        Case(L.Triu(), ((2, 3, 3),), "the main diagonal stays"),
        Case(L.Triu(1), (Form((3, BATCH, 5)),), "the batch among the axes"),
        Case(L.Triu(-1), (Form((4, 3), "integer"),), "whole numbers"),
    ],
}
