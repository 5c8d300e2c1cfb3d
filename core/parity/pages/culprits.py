"""What differs first: who says what, who is wrong, and why."""

from __future__ import annotations

from collections.abc import Sequence

from isograd.core.parity.pages.markup import Markup, element, folded, joined, table
from isograd.core.parity.verdict import Culprit

OPEN, FOLDED = 3, 100
"""How many culprits that a witness judged are shown whole, and how many others by their first and last line."""


def told(culprits: Sequence[Culprit]) -> list[Markup]:
    """The first that were judged, of each array one, with its evidence, then all others in a few words each, folded."""
    judged = [culprit for culprit in culprits if culprit.judged or culprit.explanation] or culprits[:1]
    whole = list({(c.path, c.what): c for c in reversed(judged)}.values())[::-1][:OPEN]
    others = [culprit for culprit in culprits if all(culprit is not shown for shown in whole)]
    made = [culprit_told(culprit) for culprit in whole]
    if others:
        lines = [element("li", culprit.head, element("br"), culprit.tail.strip()) for culprit in others[:FOLDED]]
        more = len(others) - FOLDED
        rest = [element("p", f"… and {more:,} more", cls="note")] if more > 0 else []
        made.append(folded(f"{len(others):,} more that differ", element("ul", *lines, cls="others"), *rest))
    return made


def culprit_told(culprit: Culprit) -> Markup:
    """What differs as a heading, each side's claim and the truth as a table, why, and the last word."""
    claims = [(name, _figure(value)) for name, value in culprit.claims.items()]
    truth = [] if culprit.truth is None else [(str(culprit.witness), _figure(culprit.truth))]
    wrong = element("span", " ✗ the odd one out", cls="s-bug")
    rows = [[name, joined([value, *[wrong] * (name == culprit.guilty)])] for name, value in [*claims, *truth]]
    inside = [element("h3", culprit.head)]
    if culprit.explanation:
        inside.append(element("p", "↔ ", element("b", culprit.explanation)))
    if culprit.quantity:
        inside.append(element("p", culprit.quantity))
    if rows:
        inside.append(table([], rows, label="What each side says"))
    return element("div", *inside, element("p", culprit.tail.strip()), cls="why" if culprit.explanation else "culprit")


def _figure(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.9g}"
