"""Numbers that a user gives, where no description checks them."""

from __future__ import annotations

import operator
from typing import Any

from isograd.core.base.errors import IsogradError, SpecError, shown
from isograd.core.base.limits import NUMBER


def whole_number(
    value: Any, where: str, *, least: int | None = None, kind: type[IsogradError] = SpecError, fix: str = "change it"
) -> int:
    """A whole number as Python's own, NumPy's among them; an error of this kind for anything else, True included."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or abs(number) > NUMBER or (least is not None and number < least):
        wanted = "a whole number" if least is None else f"{least} or more"
        if number is not None and abs(number) > NUMBER:
            wanted = f"a whole number within ±{NUMBER}"
        raise kind(where, wanted=wanted, got=shown(value), fix=fix)
    return number
