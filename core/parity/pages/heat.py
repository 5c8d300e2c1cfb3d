"""Locked steps: a table of nodes by steps, in each cell how many decimal places agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, isfinite, log10

from isograd.core.parity.pages.markup import Markup, element
from isograd.core.parity.pages.sorting import Station
from isograd.core.parity.pages.states import severity
from isograd.core.parity.verdict import Row

NEAR = 0.2  # a share of the limit from which on a cell is marked as near it


def heat_map(stations: Sequence[Station], links: Mapping[str, str], dtype: str) -> Markup | None:
    """The worst error of each node's weights, buffers and slots after each step; None without locked steps."""
    cells = {station.vertex.path: _by_step(station, dtype) for station in stations}
    cells = {path: steps for path, steps in cells.items() if steps}
    numbers = sorted({step for steps in cells.values() for step in steps})
    if not numbers:
        return None
    heads = [element("th", "node", scope="col"), *(element("th", str(step), scope="col") for step in numbers)]
    body = [
        element(
            "tr",
            element("th", element("a", path, href=f"#{links[path]}"), scope="row"),
            *(_cell(steps.get(step)) for step in numbers),
        )
        for path, steps in cells.items()
    ]
    whole = element("table", element("thead", element("tr", *heads)), element("tbody", *body))
    return element("div", whole, cls="wide heat", tabindex="0", role="region", aria_label=f"Locked steps, {dtype}")


def _by_step(station: Station, dtype: str) -> dict[int, Row]:
    """{step: the worst row}"""
    found: dict[int, Row] = {}
    for row in station.steps:
        if row.dtype == dtype and row.step is not None:
            held = found.get(row.step)
            found[row.step] = row if held is None or severity(row) > severity(held) else held
    return found


def _cell(row: Row | None) -> Markup:
    """The exponent of the error; a cross where it fails."""
    if row is None:
        return element("td")
    share = row.error / row.allowed if row.allowed else 0.0
    kind = "h3" if row.failed else "h2" if share >= NEAR else "h1" if row.error else ""
    given = {"cls": kind} if kind else {}
    if row.failed:
        given["title"] = f"{row.path}: {row.fault or f'{row.error:.1e}'}"
    return element("td", f"{'✗ ' * row.failed}{exponent(row.error)}", **given)


def exponent(error: float) -> str:
    """The power of ten below an error.

    >>> exponent(3e-16), exponent(0.0), exponent(2.5), exponent(float("inf"))
    ('−16', '0', '+0', '∞')
    """
    if not isfinite(error):
        return "∞"
    if not error:
        return "0"
    power = floor(log10(error))
    return f"−{-power}" if power < 0 else f"+{power}"
