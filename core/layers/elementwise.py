"""Functions of every entry by itself: of one value, and of a value and a number."""

from __future__ import annotations

from dataclasses import field
from math import isfinite
from typing import Literal

from isograd.core.base.description import Real, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.forms import Form
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.combine import one_kind

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

NumberFunction = Literal[
    "add", "sub", "mul", "div", "floor_divide", "trunc_divide", "remainder", "fmod", "pow", "maximum", "minimum"
]
DIVIDING = ("floor_divide", "trunc_divide", "remainder", "fmod")


@describes("layer")
class Unary(Layer):
    """y = f(x) entry by entry, f torch's function of that name          x of any axes → y alike

    abs and sign: derivative 0 at 0. floor, ceil, trunc (towards 0), round (halves to the even number): derivative 0
    everywhere, as sign. isnan, isinf, isfinite give booleans. abs, neg, sign and square take whole numbers too.
    """

    function: Function = field(kw_only=False)

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        self.check_count(len(x))
        kind = one_kind(x, "float", "integer") if self.function in WHOLE else one_kind(x, "float")
        return (Form(x[0].axes, "boolean" if self.function in ASKING else kind),)


@describes("layer")
class Clamp(Layer):
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
        self.check_count(len(x))
        check_number(x[0], self.min, self.max)
        return (Form(x[0].axes, one_kind(x, "float", "integer")),)


@describes("layer")
class Number(Layer):
    """y = f(x, number) entry by entry, or f(number, x) with reverse=True          x of any axes → y alike

    Number("sub", 1, reverse=True)(x) is 1 − x. add, sub, mul, div, pow; floor_divide and trunc_divide: the quotient
    rounded down or towards 0; remainder has the number's sign, fmod the sign of what is divided; maximum, minimum.
    Derivatives are Binary's. Whole numbers take whole numbers and stay whole: all but div.
    """

    function: NumberFunction = field(kw_only=False)
    number: Real = field(kw_only=False)
    reverse: bool = False

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        self.check_count(len(x))
        whole = self.function != "div" and not (self.function == "pow" and (self.reverse or self.number < 0))
        kind = one_kind(x, "float", "integer") if whole else one_kind(x, "float")
        check_number(x[0], self.number)
        if kind == "integer" and self.function in DIVIDING and not self.reverse and self.number == 0:
            raise Misfit("a divisor of whole numbers other than 0", "0", 'ig.Cast("float") before it')
        return (Form(x[0].axes, kind),)


def check_number(form: Form, *numbers: float | None) -> None:
    """Raise Misfit where a number would make floats of whole numbers."""
    for number in numbers:
        if form.kind == "integer" and isinstance(number, float):
            fix = f"{int(number)}" if isfinite(number) and number == int(number) else 'ig.Cast("float") before it'
            raise Misfit("a whole number beside whole numbers", f"{number} and {form}", fix)
