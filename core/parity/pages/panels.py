"""What a page tells of one node: formula, shapes, every comparison, both sides' numbers, the worst entry, why."""

from __future__ import annotations

from collections.abc import Sequence

from isograd.core.parity.looks import Look, Patch
from isograd.core.parity.pages.culprits import told
from isograd.core.parity.pages.markup import Markup, element, figure, joined, table
from isograd.core.parity.pages.sorting import Station, gathered
from isograd.core.parity.pages.states import severity, state_of
from isograd.core.parity.structure import Vertex
from isograd.core.parity.verdict import Culprit, Row, limit

LOOKS = 12  # arrays of one node whose numbers are shown


def panel(station: Station, culprits: Sequence[Culprit], mark: str, around: Sequence[str], cls: str = "") -> Markup:
    """The panel of a vertex. `around`: links to the panels before and behind it, and back to the graph."""
    vertex = station.vertex
    head = joined([element("code", vertex.path), " " * bool(vertex.layer), vertex.layer])
    why = told(culprits)
    rows = gathered(station.alone)
    inside = [element("h3", head)]
    if vertex.formula:
        inside.append(element("p", vertex.formula, cls="formula"))
    inside += [_facts(vertex), *why]
    if rows:
        inside += [element("h4", "By itself, on equal inputs"), _comparisons(rows, vertex.path)]
    inside += _looks(rows)
    whole = gathered(station.whole)
    if whole:
        inside += [element("h4", "Within the whole"), _comparisons(whole, f"{vertex.path} within the whole")]
    steps = gathered(station.steps)
    if steps:
        inside += [element("h4", "The worst of the locked steps"), _comparisons(steps, f"{vertex.path} after a step")]
    if not (rows or whole or steps):
        inside.append(element("p", "Nothing was compared here."))
    return element("article", *inside, element("p", joined(around, " · ")), id=mark, **({"cls": cls} if cls else {}))


def _facts(vertex: Vertex) -> Markup:
    known = {"takes": vertex.takes, "makes": vertex.makes, "weights": vertex.weights}
    shown = [(name, "  ".join(values)) for name, values in known.items() if values]
    return (
        element("dl", *(joined([element("dt", name), element("dd", text)]) for name, text in shown))
        if shown
        else Markup()
    )


def _comparisons(rows: Sequence[Row], label: str) -> Markup:
    """A line for each array and dtype: its class, its error as such and in noise floors, what allclose would need."""
    several = len({row.sides for row in rows}) > 1
    paths = len({row.path for row in rows}) > 1
    noise = any(row.floors is not None for row in rows)
    needed = any(row.rtol is not None for row in rows)
    heads = ["array", "dtype", *["engines"] * several, "class", "error", "allowed"]
    heads += ["× noise floor"] * noise + ["rtol or atol needed"] * needed
    lines = [
        [
            f"{row.path} {row.what}" if paths else row.what,
            row.dtype,
            *[" and ".join(row.sides)] * several,
            state_of(row).chip,
            row.fault or figure(row.error),
            limit(row.allowed),
            *[figure(row.floors)] * noise,
            *[f"{figure(row.rtol)} or {figure(row.atol)}" if row.rtol is not None else ""] * needed,
        ]
        for row in rows
    ]
    return table(heads, lines, label=f"Comparisons of {label}")


def _looks(rows: Sequence[Row]) -> list[Markup]:
    """Both sides' numbers of each array, in the dtype where it is worst; where it differs, what stands around."""
    worst: dict[str, Row] = {}
    for row in rows:
        if row.look is not None and (row.what not in worst or severity(row) > severity(worst[row.what])):
            worst[row.what] = row
    if not worst:
        return []
    lines = []
    for what, row in list(worst.items())[:LOOKS]:
        seen = _look(row)
        for side, extent, entry in zip(row.sides, seen.extents, seen.entries, strict=True):
            numbers = [figure(value) for value in (extent.low, extent.mean, extent.high, extent.deviation)]
            strange = f"{extent.strange:,}" if extent.strange else ""
            at = f"{entry:.9g} at {list(seen.index)}"
            lines.append([what, f"{side}, {row.dtype}", *numbers, strange, at])
    heads = ["array", "side", "least", "mean", "most", "deviation", "NaN, ∞", "the worst entry"]
    if not any(line[-2] for line in lines):
        heads.pop(-2)
        for line in lines:
            line.pop(-2)
    found = [element("h4", "What both sides have"), table(heads, lines, label="Both sides' numbers")]
    return found + [piece for row in worst.values() for piece in _around(row)]


def _look(row: Row) -> Look:
    assert row.look is not None
    return row.look


def _around(row: Row) -> list[Markup]:
    """Both sides' entries around the worst one, side by side."""
    seen = _look(row)
    if not seen.around:
        return []
    last = (0, *seen.index)[-2:] if len(seen.index) > 1 else (0, *(seen.index or (0,)))
    before = [str(k) for k in seen.index[:-2]]
    worst = last[0] - seen.corner[0], last[1] - seen.corner[1]
    shown = [
        element("figure", element("figcaption", side), _patch(patch, seen.corner, worst, f"{row.what} of {side}"))
        for side, patch in zip(row.sides, seen.around, strict=True)
    ]
    where = f", at [{', '.join([*before, '…'])}]" if before else ""
    return [element("h4", f"{row.what} around its worst entry{where}"), element("div", *shown, cls="pair")]


def _patch(patch: Patch, corner: tuple[int, int], worst: tuple[int, int], label: str) -> Markup:
    heads = ["", *(str(corner[1] + k) for k in range(len(patch[0])))]
    rows = [
        element(
            "tr",
            element("th", str(corner[0] + i), scope="row"),
            *(
                element("td", f"{value:.5g}", **({"cls": "worst"} if (i, j) == worst else {}))
                for j, value in enumerate(line)
            ),
        )
        for i, line in enumerate(patch)
    ]
    head = element("thead", element("tr", *(element("th", each, scope="col") for each in heads)))
    whole = element("table", head, element("tbody", *rows))
    return element("div", whole, cls="wide", tabindex="0", role="region", aria_label=f"Entries: {label}")
