"""Cases of the layers that read and write places that are themselves values."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Axes, Form
from isograd.core.parity.cases.kinds import Case


def numbers(*axes: object) -> Form:
    """An index of these axes."""
    return Form(axes, "integer")  # type: ignore[arg-type]


WORDS: Axes = (BATCH, 4)
CASES: dict[type[Description], list[Case]] = {
    L.Gather: [
        Case(L.Gather(2), ((2, 4), numbers(BATCH, 2, 6)), "places read again and again", values=range(4)),
        Case(L.Gather(0), (Form((3, BATCH)), numbers(2, BATCH)), "in front of the batch"),
        Case(L.Gather(-1), (Form((4, 5)), numbers(2, 3)), "an index of fewer rows, no batch", values=range(5)),
        Case(L.Gather(1), (numbers(*WORDS), numbers(*WORDS)), "whole numbers", values=range(4)),
    ],
    L.IndexSelect: [
        Case(L.IndexSelect(1), ((3, 2), numbers(7)), "places of a sample, some again and again"),
        Case(L.IndexSelect(0), (Form((4, 3)), numbers(BATCH)), "rows of a table for every sample", values=range(4)),
        Case(L.IndexSelect(-1), (Form((BATCH, 3), "boolean"), numbers(2)), "booleans"),
    ],
    L.Index: [
        Case(L.Index((0,)), (Form((4, 2)), numbers(3, 5)), "a table of biases", values=range(-4, 4)),
        Case(L.Index((0, 1)), ((3, 2), numbers(BATCH), numbers(BATCH)), "one place a sample"),
        Case(L.Index((1, 2)), ((3, 4, 2), numbers(2, 1), numbers(5)), "two axes side by side, broadcast"),
        Case(L.Index((1, -1)), ((3, 2, 4), numbers(2), numbers(3, 1)), "two axes apart: what they name is in front"),
        Case(L.Index((0, 1)), (Form((3, 4)), numbers(), numbers()), "one number is left, no batch"),
        Case(L.Index((-2,)), (Form((BATCH, 3, 2), "integer"), numbers(4)), "whole numbers", values=range(-3, 3)),
    ],
    L.IndexPut: [
        Case(L.IndexPut((1,)), ((4, 2), (1, 2), numbers(1)), "one place of every sample", values=range(2, 3)),
        Case(L.IndexPut((-1,)), ((4, 2), Form(()), numbers(1)), "one number, the last place", values=range(-1, 0)),
        Case(L.IndexPut((0,), accumulate=True), (Form((3, 2)), (2,), numbers(BATCH)), "rows of a table add up"),
        Case(
            L.IndexPut((1, 3), accumulate=True),
            ((3, 2, 3), Form((4, 1, 2)), numbers(4), numbers(1)),
            "two axes apart, a value that is broadcast",
        ),
    ],
    L.Scatter: [
        Case(L.Scatter(1), ((4, 2), numbers(BATCH, 1, 2), (3, 2)), "one of the rows of a source", values=range(4)),
        Case(L.Scatter(-1), (Form((3, 4)), numbers(2, 1), Form((2, 1))), "fewer rows, no batch", values=range(4)),
        Case(L.Scatter(0), (numbers(3, BATCH), numbers(1, BATCH), numbers(1, BATCH)), "whole numbers"),
    ],
    L.ScatterAdd: [
        Case(L.ScatterAdd(1), ((3, 2), numbers(BATCH, 6, 2), (7, 2)), "places written again and again"),
        Case(L.ScatterAdd(-2), (Form((3, 4)), numbers(5, 2), Form((5, 3))), "fewer columns, no batch"),
    ],
}
