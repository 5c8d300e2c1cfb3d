"""Functions of two values entry by entry, or of a value and a number; comparisons; the choice between values."""

from __future__ import annotations

from dataclasses import field
from math import isfinite
from typing import ClassVar, Literal

from isograd.core.base.description import Real, describes
from isograd.core.base.errors import DataError
from isograd.core.base.forms import Form
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.combine import broadcast, one_kind

NumberFunction = Literal[
    "add", "sub", "mul", "div", "floor_divide", "trunc_divide", "remainder", "fmod", "pow", "maximum", "minimum"
]
DIVIDING = ("floor_divide", "trunc_divide", "remainder", "fmod")


@describes("layer")
class Binary(Layer):
    """y = f(a, b) entry by entry          axes as Add's

    div: a/b. floor_divide and trunc_divide: a/b rounded down or towards 0; derivative 0. remainder: a − b⌊a/b⌋, of b's
    sign; fmod: a − b·trunc(a/b), of a's sign. pow: aᵇ; ∂/∂b = aᵇ ln a, and 0 where a = 0. maximum, minimum: where both
    are equal each gets half the gradient. atan2: the angle of (b, a), derivative 0 at (0, 0).
    Whole numbers stay whole, in all but div, pow and atan2; a division of them by 0 raises DataError.
    """

    function: Literal[
        "div", "floor_divide", "trunc_divide", "remainder", "fmod", "pow", "maximum", "minimum", "atan2"
    ] = field(kw_only=False)
    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 2

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        floats = self.function in ("div", "pow", "atan2")
        return (Form(broadcast(*x), one_kind(x, "float") if floats else one_kind(x, "float", "integer")),)


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
        whole = self.function != "div" and not (self.function == "pow" and (self.reverse or self.number < 0))
        kind = one_kind(x, "float", "integer") if whole else one_kind(x, "float")
        check_number(x[0], self.number)
        if kind == "integer" and self.function in DIVIDING and not self.reverse and self.number == 0:
            raise Misfit("a divisor of whole numbers other than 0", "0", 'ig.Cast("float") before it')
        return (Form(x[0].axes, kind),)


@describes("layer")
class Compare(Layer):
    """y = a ∘ b entry by entry, booleans          ∘: eq =, ne ≠, lt <, le ≤, gt >, ge ≥; axes as Add's

    Compare("gt")(a, b); Compare("gt", number=0)(a) holds a against a number. NaN is equal to nothing.
    """

    function: Literal["eq", "ne", "lt", "le", "gt", "ge"] = field(kw_only=False)
    number: Real | None = None
    max_inputs: ClassVar[int | None] = 2

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        if len(x) != (2 if self.number is None else 1):
            raise Misfit("two values, or one and number=", f"{len(x)} and number={self.number}", 'Compare("gt")(a, b)')
        one_kind(x, "float", "integer", "boolean")
        return (Form(broadcast(*x), "boolean"),)


@describes("layer")
class Logic(Layer):
    """y = a ∘ b entry by entry, ∘: and, or, xor; Logic("not")(a)          axes as Add's

    Of booleans; of whole numbers it is done bit by bit.
    """

    function: Literal["and", "or", "xor", "not"] = field(kw_only=False)
    max_inputs: ClassVar[int | None] = 2

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        if len(x) != (1 if self.function == "not" else 2):
            raise Misfit("one value for not, two for others", f"{len(x)}", 'Logic("and")(a, b), Logic("not")(a)')
        return (Form(broadcast(*x), one_kind(x, "boolean", "integer")),)


@describes("layer")
class Where(Layer):
    """y = a where the condition is True, else b          condition (booleans), a, b: axes as Add's

    Each of a and b gets the gradient of the entries where it is taken.
    """

    min_inputs: ClassVar[int] = 3
    max_inputs: ClassVar[int | None] = 3

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        one_kind(x[:1], "boolean")
        return (Form(broadcast(*x), one_kind(x[1:], "float", "integer", "boolean")),)


@describes("layer")
class MaskedFill(Layer):
    """y = value where the mask is True, else x          x, mask (booleans): axes as Add's; value: −inf too"""

    value: Real = field(kw_only=False)
    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 2

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        one_kind(x[1:], "boolean")
        check_number(x[0], self.value)
        return (Form(broadcast(*x), one_kind(x[:1], "float", "integer")),)


def check_divisor(spec: Binary, zero: bool) -> None:
    """Raise DataError where whole numbers are divided by 0, of which no whole number can be made."""
    if zero and spec.function in DIVIDING:
        raise DataError(repr(spec), wanted="divisors other than 0", got="0", fix='ig.Cast("float") of both gives ±∞')


def check_number(form: Form, *numbers: float | None) -> None:
    """Raise Misfit where a number would make floats of whole numbers."""
    for number in numbers:
        if form.kind == "integer" and isinstance(number, float):
            fix = f"{int(number)}" if isfinite(number) and number == int(number) else 'ig.Cast("float") before it'
            raise Misfit("a whole number beside whole numbers", f"{number} and {form}", fix)
