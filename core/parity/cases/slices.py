"""Cases of the layers that take values apart along an axis."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form, Rows
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.Slice: [
        Case(L.Slice(1, start=1, stop=6, step=2), ((7, 2),), "every second place of a part"),
        Case(L.Slice(-1, start=-3), (Form((BATCH, 2, 5)),), "counted from the end"),
        Case(L.Slice(0, stop=-1), (Form((4, BATCH)),), "in front of the batch"),
        Case(L.Slice(0, start=1, step=2), (Form((Rows(4), 3)),), "every second row of the batch"),
        Case(L.Slice(0, start=2), (Form((5,), "integer"),), "whole numbers without a batch"),
    ],
    L.Select: [
        Case(L.Select(1, 0), ((3, 4),), "the first place of a sample"),
        Case(L.Select(0, -1), (Form((3, BATCH, 2)),), "the last, in front of the batch"),
        Case(L.Select(0, 1), (Form((Rows(2), 3)),), "a row that every batch has"),
        Case(L.Select(0, 2), (Form((4,)),), "no axis is left"),
        Case(L.Select(-1, 1), (Form((BATCH, 2), "boolean"),), "booleans"),
    ],
    L.SliceScatter: [
        Case(L.SliceScatter(2, start=1, stop=5, step=2), ((3, 6), (3, 2)), "every second place of a part"),
        Case(L.SliceScatter(0, start=-2), (Form((5, BATCH)), Form((2, BATCH))), "the last places, the batch behind"),
        Case(L.SliceScatter(0), (Form((3, 2), "integer"), Form((3, 2), "integer")), "all of them, whole numbers"),
    ],
    L.SelectScatter: [
        Case(L.SelectScatter(1, 2), ((4, 3), (3,)), "one place of a sample"),
        Case(L.SelectScatter(-2, -1), (Form((3, BATCH)), Form((BATCH,))), "the last, in front of the batch"),
        Case(L.SelectScatter(0, 0), (Form((4,)), Form(())), "one number, no batch"),
    ],
    L.Split: [
        Case(L.Split((2, 1, 4), 1), ((7, 2),), "parts of several sizes"),
        Case(L.Split((2, 2), -1), (Form((3, BATCH, 4)),), "parts of one size, the batch among the axes"),
        Case(L.Split(("N", "2N"), 0), (Form((Rows(3), 2)),), "rows of the batch"),
        Case(L.Split((1, 1, 1), 1, squeeze=True), ((3, 2),), "parts without the axis"),
        Case(L.Split((2, 3), 0), (Form((5,), "integer"),), "whole numbers without a batch"),
    ],
    L.Stack: [
        Case(L.Stack(), ((3, 2), (3, 2)), "in front of the batch"),
        Case(L.Stack(dim=2), ((3, 2), (3, 2), (3, 2)), "three, among the axes of a sample"),
        Case(L.Stack(dim=-1), (Form((3, 2)), Form((3, 2))), "behind, no batch"),
        Case(L.Stack(), (Form((), "boolean"),), "a single one, of one boolean"),
    ],
    L.UnfoldDim: [
        Case(L.UnfoldDim(1, 3, 1), ((5, 2),), "windows that overlap"),
        Case(L.UnfoldDim(-2, 2, 3), (Form((BATCH, 7, 2)),), "places between windows, and after them"),
        Case(L.UnfoldDim(0, 2, 2), (Form((4, BATCH)),), "side by side, the batch behind"),
        Case(L.UnfoldDim(0, 3, 2), (Form((6,), "integer"),), "whole numbers without a batch"),
    ],
}
