"""Functions of every entry by itself."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from isograd.core.base.description import Real, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.forms import Form
from isograd.core.layers.base import Pointwise
from isograd.core.layers.combine import one_kind
from isograd.core.layers.pairs import check_number

Function = Literal[
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sqrt",
    "rsqrt",
    "square",
    "reciprocal",
    "abs",
    "neg",
    "sign",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "erf",
    "floor",
    "ceil",
    "round",
    "trunc",
    "isnan",
    "isinf",
    "isfinite",
]
WHOLE = ("abs", "neg", "sign", "square")  # of whole numbers too, which stay whole
ASKING = ("isnan", "isinf", "isfinite")  # answers, not numbers


@describes("layer")
class Unary(Pointwise):
    """y = f(x) entry by entry, f torch's function of that name          x of any axes → y alike

    abs and sign: derivative 0 at 0. floor, ceil, trunc (towards 0), round (halves to the even number): derivative 0
    everywhere, as sign. isnan, isinf, isfinite give booleans. abs, neg, sign and square take whole numbers too.
    """

    function: Function = field(kw_only=False)

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        kind = one_kind(x, "float", "integer") if self.function in WHOLE else one_kind(x, "float")
        return (Form(x[0].axes, "boolean" if self.function in ASKING else kind),)


@describes("layer")
class Clamp(Pointwise):
    """y = min(max(x, min), max)          x of any axes → y alike; None: no bound on that side

    The derivative is 1 between the bounds and 0 at them, as torch 2.15's (earlier ones: 1 at them). NaN stays NaN.
    Whole numbers stay whole between whole bounds.
    """

    min: Real | None = None
    max: Real | None = None

    def __post_init__(self) -> None:
        low, high = self.min, self.max
        if low is None and high is None:
            raise SpecError(repr(self), wanted="a bound on one side at least", got="none", fix="Clamp(min=0)")
        if low is not None and high is not None and low > high:
            raise SpecError(repr(self), wanted="min of at most max", got=f"{low} and {high}", fix="exchange them")

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        check_number(x[0], self.min, self.max)
        return (Form(x[0].axes, one_kind(x, "float", "integer")),)
