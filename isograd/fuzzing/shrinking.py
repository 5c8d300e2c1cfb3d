"""The smallest check that still fails in the same way."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from isograd.fuzzing.drawn import Drawn
from isograd.fuzzing.outcome import Outcome
from isograd.fuzzing.smaller import smaller

CHECKS, SECONDS = 400, 120.0
"""How many smaller checks are tried, and for how long."""


def shrunk(
    drawn: Drawn,
    first: Outcome,
    check: Callable[[Drawn], Outcome],
    on_check: Callable[[Drawn], None] = lambda _: None,
) -> tuple[Drawn, Outcome]:
    """(the smallest check found, what became of it): step by step, as long as it fails in the same way as at first.

    `on_check` is told of the smallest so far, whenever another was tried.
    """
    found, told, tried, start = drawn, first, 0, monotonic()
    going = True
    while going:
        going = False
        for candidate in smaller(found):
            if tried >= CHECKS or monotonic() - start > SECONDS:
                return found, told
            tried += 1
            became = check(candidate)
            on_check(found)
            if became.failed and became.like(first):
                found, told, going = candidate, became, True
                break
    return found, told
