"""Sums of products by Einstein's notation."""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar

from isograd.core.base.description import describes
from isograd.core.base.errors import SpecError, shown
from isograd.core.base.forms import Form, Size
from isograd.core.base.limits import AXES
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.combine import one_kind


@describes("layer")
class Einsum(Layer):
    """y = Σ over the letters that stand on the right of -> not          "bhid,bhjd->bhij" is q kᵀ, head by head

    One letter an axis, in every value and in y each at most once; the axes of one letter have one size. The gradient
    of a value is the sum with that value and y exchanged.
    """

    equation: str = field(kw_only=False)
    min_inputs: ClassVar[int] = 1
    max_inputs: ClassVar[int | None] = None

    def __post_init__(self) -> None:
        terms, out = self.terms
        known = set("".join(terms))
        whole = all(letter.isascii() and letter.isalpha() for letter in (*known, *out)) and set(out) <= known
        once = all(len(set(term)) == len(term) <= AXES for term in (*terms, out))
        if self.equation.count("->") != 1 or not whole or not once:
            raise SpecError(
                repr(self),
                wanted="letters a…z, A…Z, in every term at most once, behind -> some of those before it",
                got=shown(self.equation),
                fix="Einsum('bik,bkj->bij')",
            )

    @property
    def terms(self) -> tuple[tuple[str, ...], str]:
        """(the letters of every value, those of y)"""
        left, _, right = self.equation.replace(" ", "").partition("->")
        return tuple(left.split(",")), right

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        terms, out = self.terms
        if len(x) != len(terms):
            raise Misfit(f"{len(terms)} values", f"{len(x)}", "a term of the equation for each")
        one_kind(x, "float")
        sizes: dict[str, Size] = {}
        for term, form in zip(terms, x, strict=True):
            if len(term) != len(form.axes) or any(
                sizes.setdefault(c, size) != size for c, size in zip(term, form.axes, strict=True)
            ):
                raise Misfit(
                    f"axes {self.equation}, one size a letter", " and ".join(map(str, x)), "change the equation"
                )
        return (Form(tuple(sizes[c] for c in out)),)
