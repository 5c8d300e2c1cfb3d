"""What a part of a page says of itself: a sign, a word and a colour for each class of difference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from isograd.core.parity.natures import Nature
from isograd.core.parity.pages.markup import Markup, element
from isograd.core.parity.verdict import Row


@dataclass(frozen=True)
class State:
    """How a verdict is shown. `key` names its colour; sign and word say the same without one."""

    key: str
    sign: str
    word: str
    told: str  # what it means

    @property
    def chip(self) -> Markup:
        """The sign, and the word where there is room for it; it is read out in any case."""
        return element("span", self.sign, element("span", f" {self.word}", cls="word"), cls=f"chip s-{self.key}")


BUG = State("bug", "✗", "bug", "differs, and neither rounding nor a known convention explains it")
FAILED = State("bug", "✗", "differs", "differs by more than its limit")
CONVENTION = State("convention", "↔", "convention", "differs, and a named option makes it vanish")
UNREPEATED = State("chance", "~", "not deterministic", "a side does not repeat itself")
CHAOTIC = State("chance", "*", "chaotic", "leaves the other side no faster than it leaves itself")
WHOLE = State("whole", "!", "differs in the whole", "right alone, and differs in the whole")
INHERITED = State("whole", "↓", "inherited", "right alone, and differs behind what is wrong")
ROUNDING = State("right", "≈", "rounding", "equal but for the order of operations")
PASSED = State("right", "✓", "equal", "within its limit")
EXACT = State("exact", "=", "exact", "equal bit for bit")
NOBODY = State("none", "–", "not judged", "not compared, or nobody can say")
GIVEN = State("none", "·", "given", "an input of the model")

RANKED = (BUG, FAILED, CONVENTION, UNREPEATED, CHAOTIC, WHOLE, INHERITED, ROUNDING, PASSED, EXACT, NOBODY, GIVEN)
"""Of several, the first is what is shown."""

OF_NATURE = {
    Nature.EXACT: EXACT,
    Nature.ROUNDING: ROUNDING,
    Nature.CONVENTION: CONVENTION,
    Nature.NON_DETERMINISTIC: UNREPEATED,
    Nature.CHAOTIC: CHAOTIC,
    Nature.BUG: BUG,
}


def state_of(row: Row) -> State:
    """What one comparison came to."""
    known = OF_NATURE.get(row.nature) if row.nature is not None else None
    if row.failed:
        return FAILED if known is None or known in (ROUNDING, EXACT) else known
    if known is not None:
        return known
    return NOBODY if row.unsteady or row.allowed is None else PASSED


def worst(states: Iterable[State]) -> State:
    """The first of them in rank; nobody's where there are none."""
    return min(states, key=RANKED.index, default=NOBODY)


def severity(row: Row) -> tuple[bool, float]:
    """By which the worst of several comparisons is found: whether it failed, and how much of its limit it took."""
    return row.failed, row.error / (row.allowed or 1.0)
