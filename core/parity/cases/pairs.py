"""Cases of functions of two values entry by entry, of comparisons and choices."""

from __future__ import annotations

from math import inf
from typing import Any, get_args, get_type_hints

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form
from isograd.core.parity.cases.kinds import Case

ELSEWHERE = Form((3, BATCH, 2))
WEIGHT = Form((3, 1, 2))
WHOLE = Form((BATCH, 8), "integer")
TRUTH = Form((BATCH, 3), "boolean")


def functions(kind: type[Description]) -> tuple[Any, ...]:
    """The names that `function` may have."""
    return get_args(get_type_hints(kind)["function"])


CASES: dict[type[Description], list[Case]] = {
    L.Binary: [
        *(Case(L.Binary(name), ((3, 4), (3, 4)), name) for name in functions(L.Binary) if name != "pow"),
        Case(L.Binary("pow"), ((3, 4), (3, 4)), "pow of positive ones", among=(0.2, 0.9, 1.6, 2.5)),
        Case(L.Binary("pow"), ((3, 4), (3, 4)), "pow of 0, and to the power 0", among=(0.0, 2.0, 3.0)),
        Case(L.Binary("trunc_divide"), ((4,), (4,)), "a quotient that is rounded up to a whole one", among=(0.1, 1.0)),
        Case(L.Binary("div"), ((3, 1), (1, 4)), "both broadcast"),
        Case(L.Binary("div"), (ELSEWHERE, WEIGHT), "a weight, the batch elsewhere"),
        Case(L.Binary("maximum"), ((4,), Form((4,))), "a weight with fewer axes"),
        Case(L.Binary("maximum"), ((3, 4), (3, 4)), "maximum of equal ones: half each", among=(0.0, 1.0)),
        Case(L.Binary("minimum"), ((3, 4), (3, 4)), "minimum of equal ones: half each", among=(0.0, 1.0)),
        Case(L.Binary("atan2"), ((3, 4), (3, 4)), "atan2 at (0, 0): derivative 0", among=(-1.0, 0.0, 2.0)),
        *(
            Case(L.Binary(name), (WHOLE, WHOLE), f"{name} of whole numbers", values=range(-9, -1))
            for name in functions(L.Binary)
            if name not in ("div", "pow", "atan2")
        ),
        Case(
            L.Binary("trunc_divide"),
            (WHOLE, Form((BATCH, 1), "integer")),
            "trunc_divide of whole numbers of both signs",
            values=range(-5, 6, 3),
        ),
    ],
    L.Number: [
        *(Case(L.Number(name, 1.7), ((3, 4),), f"{name} of a number") for name in functions(L.Number) if name != "pow"),
        *(
            Case(L.Number(name, 1.7, reverse=True), ((3, 4),), f"{name} of a number that stands first")
            for name in functions(L.Number)
        ),
        *(
            Case(L.Number(name, -2), (WHOLE,), f"{name} of whole numbers", values=range(-7, 8))
            for name in functions(L.Number)
            if name not in ("div", "pow")
        ),
        Case(L.Number("pow", 2), (WHOLE,), "squares of whole numbers"),
        Case(L.Number("pow", 3), ((3, 4),), "a whole power of negative numbers"),
        Case(L.Number("pow", 1.7), ((3, 4),), "a broken power of positive ones and of 0", among=(0.0, 0.4, 1.0, 2.2)),
        Case(L.Number("pow", 0), ((3, 4),), "to the power 0", among=(-1.0, 0.0, 2.0)),
        Case(L.Number("pow", 0.0, reverse=True), ((3, 4),), "powers of 0", among=(0.0, 1.0, 2.5)),
        Case(L.Number("sub", 1, reverse=True), (ELSEWHERE,), "the batch elsewhere"),
        Case(L.Number("mul", 0.5), (Form((2, 3)),), "no batch"),
        Case(L.Number("maximum", 0.0), ((3, 4),), "equal ones: half the gradient", scale=0.0),
    ],
    L.Compare: [
        *(Case(L.Compare(name), ((3, 4), (3, 4)), name, among=(0.0, 1.0, 2.0)) for name in functions(L.Compare)),
        Case(L.Compare("gt", number=0.5), ((3, 4),), "with a number"),
        Case(L.Compare("le", number=1), (WHOLE,), "of whole numbers with a number"),
        Case(L.Compare("eq"), (TRUTH, TRUTH), "of booleans"),
        Case(L.Compare("ge"), (Form((1, 4), "integer"), Form((4, 1), "integer")), "places with places, no batch"),
    ],
    L.Logic: [
        *(Case(L.Logic(name), (TRUTH, TRUTH), name) for name in functions(L.Logic) if name != "not"),
        Case(L.Logic("not"), (TRUTH,), "not"),
        Case(L.Logic("and"), (TRUTH, Form((3,), "boolean")), "a mask without a batch"),
        Case(L.Logic("xor"), (WHOLE, WHOLE), "bits of whole numbers", values=range(-4, 9)),
        Case(L.Logic("not"), (WHOLE,), "not, of whole numbers"),
    ],
    L.Where: [
        Case(L.Where(), (TRUTH, (3,), (3,)), "of one shape"),
        Case(L.Where(), (Form((4, 3), "boolean"), (1, 3), Form(())), "all three broadcast, one number"),
        Case(L.Where(), (Form((3, BATCH, 2), "boolean"), ELSEWHERE, WEIGHT), "the batch elsewhere"),
        Case(L.Where(), (TRUTH, Form((BATCH, 3), "integer"), Form((BATCH, 3), "integer")), "of whole numbers"),
    ],
    L.MaskedFill: [
        Case(L.MaskedFill(0.5), ((3,), TRUTH), "a number"),
        Case(L.MaskedFill(-inf), ((2, 4, 3), Form((BATCH, 1, 1, 3), "boolean")), "−∞, over heads", scale=100.0),
        Case(L.MaskedFill(2), (Form((3,)), TRUTH), "what is filled is repeated"),
        Case(L.MaskedFill(-100), (WHOLE, Form((8,), "boolean")), "of whole numbers"),
    ],
}
