"""A parity report as a page, or as the parts of a larger one; and as the table that a notebook shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from isograd.core.parity.pages.charts import run_charts
from isograd.core.parity.pages.culprits import told
from isograd.core.parity.pages.drawing import drawing, legend
from isograd.core.parity.pages.heat import heat_map
from isograd.core.parity.pages.markup import Markup, document, element, figure, folded, joined, section, table
from isograd.core.parity.pages.panels import panel
from isograd.core.parity.pages.sorting import NODE, Station, gathered, stations_of
from isograd.core.parity.pages.states import severity, state_of
from isograd.core.parity.structure import INPUT, Vertex
from isograd.core.parity.text import Report, not_judged_lines
from isograd.core.parity.verdict import Row, limit

ROWS, MANY = 1500, 400
"""How many comparisons, and panels of nodes without a graph, a page shows before it counts the rest."""


OF_STEPS = """Both sides start each step from the same state. A cell is the power of ten of the largest error of a
node's weights, buffers and optimizer slots after it; 0 is bit for bit. A cell that took a fifth of
its limit or more stands out, one that failed has a cross."""


class Drawn(Report, Protocol):
    """A report that may know the graph of what it compared."""

    vertices: tuple[Vertex, ...]


def page(report: Drawn) -> str:
    """One report as a whole page."""
    return pages([report])


def pages(reports: Sequence[Drawn]) -> str:
    """Several reports as one page, one after another."""
    marks = [f"r{k}-" if k else "" for k in range(len(reports))]
    parts = [joined(report_parts(report, mark)) for report, mark in zip(reports, marks, strict=True)]
    return document(reports[0].title.splitlines()[0], *parts)


def report_parts(report: Drawn, mark: str, heading: str = "h1") -> list[Markup]:
    """The verdict, a line a stage, what differs first, graph, steps, runs, every comparison; ids begin with `mark`."""
    title, *facts = report.title.splitlines()
    sections = [*_graph(report, mark), *_steps_and_runs(report, mark), *_others(report, mark)]
    found = [("graph", "graph"), ("steps", "locked steps"), ("runs", "free runs"), ("rows", "every comparison")]
    whole = joined(sections)
    links = [element("a", words, href=f"#{mark}{name}") for name, words in found if f' id="{mark}{name}"' in whole]
    return [
        element(heading, title, id=f"{mark}top"),
        element("p", " · ".join(facts), cls="facts"),
        element(
            "p",
            f"{'✓' if report.passed else '✗'} {report.verdict}",
            cls=f"verdict s-{'right' if report.passed else 'bug'}",
        ),
        element("nav", *links, cls="contents", aria_label=f"Parts of this report: {title}") if links else Markup(),
        _summary(report),
        *_culprits(report, mark),
        whole,
    ]


def notebook(report: Report) -> str:
    """The table of a report, its verdict and what differs first: what a notebook shows of it."""
    title, *facts = report.title.splitlines()
    judged = [culprit for culprit in report.culprits if culprit.judged][:1]
    lines = [element("pre", joined([c.text, *[f"\n{c.explanation}"] * bool(c.explanation)])) for c in judged]
    head = element("p", element("b", title), element("br"), " · ".join(facts))
    return element("div", head, _summary(report), *lines, element("p", element("b", report.verdict)))


def _summary(report: Report) -> Markup:
    rows = [[*cells[:-1], "✓ ok" if cells[-1] == "ok" else f"✗ {cells[-1]}"] for cells in report.summary()]
    coloured = [
        [*cells[:-1], element("span", cells[-1], cls=f"s-{'right' if cells[-1] == '✓ ok' else 'bug'}")]
        for cells in rows
    ]
    return table(report.summary_head, coloured, label="One line a stage")


def _culprits(report: Report, mark: str) -> list[Markup]:
    if not report.culprits:
        return []
    return [section("What differs first, and who is wrong", *told(report.culprits), mark=f"{mark}culprits")]


def _graph(report: Drawn, mark: str) -> list[Markup]:
    """The drawing beside the panel of the node that was chosen: at first what differs first."""
    stations = _stations(report)
    if not stations:
        return []
    inherits = any(row.failed for row in report.rows if row.stage == NODE)
    halves = [station.halves(inherits=inherits) for station in stations]
    marks = _marks(stations, mark)
    blamed = {culprit.path for culprit in report.culprits}
    wrong = [k for k, station in enumerate(stations) if station.vertex.path in blamed]
    first = next(iter([*wrong, *(k for k, s in enumerate(stations) if s.vertex.kind != INPUT)]), 0)
    back = element("a", "graph", href=f"#{mark}graph")
    panels = []
    for k, station in enumerate(stations):
        near = [(k - 1, "before"), (k + 1, "behind")]
        links = [
            element("a", f"{way}: {stations[j].vertex.path}", href=f"#{marks[j]}")
            for j, way in near
            if 0 <= j < len(stations)
        ]
        mine = [c for c in report.culprits if c.path == station.vertex.path and c.stage == NODE]
        panels.append(panel(station, mine, marks[k], [back, *links], "shown" if k == first else ""))
    advice = element("p", "Choose a node for its formula, shapes and numbers. ", cls="note")
    bench = element(
        "div", drawing([s.vertex for s in stations], halves, marks), element("div", *panels, cls="panels"), cls="bench"
    )
    return [section("The graph, node by node", advice, legend(halves), bench, mark=f"{mark}graph")]


def _stations(report: Drawn) -> list[Station]:
    found = stations_of(report.vertices, report.rows)
    return found if report.vertices or len(found) <= MANY else []


def _marks(stations: Sequence[Station], mark: str) -> list[str]:
    return [f"{mark}n{k}" for k in range(len(stations))]


def _steps_and_runs(report: Drawn, mark: str) -> list[Markup]:
    stations = _stations(report)
    links = {station.vertex.path: name for station, name in zip(stations, _marks(stations, mark), strict=True)}
    dtypes = dict.fromkeys(row.dtype for row in report.rows)
    maps = {dtype: heat_map(stations, links, dtype) for dtype in dtypes}
    found = [joined([element("h3", dtype), each]) for dtype, each in maps.items() if each is not None]
    made = []
    if found:
        made.append(section("Locked steps", element("p", OF_STEPS, cls="note"), *found, mark=f"{mark}steps"))
    runs = [(row, row.course) for row in report.rows if row.course is not None]
    if runs:
        charts = [element("div", *run_charts(course, row.sides, row.dtype), cls="charts") for row, course in runs]
        made.append(section("Free runs", *charts, mark=f"{mark}runs"))
    return made


def _others(report: Report, mark: str) -> list[Markup]:
    """What nobody judged; every comparison, folded: the worst first where there are too many."""
    unjudged = [element("p", line) for line in not_judged_lines(report.not_judged)]
    made = [section("Not judged", *unjudged, mark=f"{mark}unjudged")] if unjudged else []
    rows = gathered(report.rows)
    shown = rows if len(rows) <= ROWS else sorted(rows, key=severity, reverse=True)[:ROWS]
    title = f"All {len(report.rows):,} comparisons" + f", the worst {ROWS:,} arrays of {len(rows):,}" * (
        len(rows) > ROWS
    )
    heads = ["stage", "dtype", "engines", "node or weight", "compared", "class", "error", "allowed", "note"]
    lines = [_line(row) for row in shown]
    whole = folded(
        title, element("p", "Of several modes or steps, the worst.", cls="note"), table(heads, lines, label=title)
    )
    return [*made, section("Every comparison", whole, mark=f"{mark}rows")]


def _line(row: Row) -> list[str]:
    chip, error = state_of(row).chip, figure(row.error)
    return [
        row.stage,
        row.dtype,
        " and ".join(row.sides),
        row.path,
        row.what,
        chip,
        error,
        limit(row.allowed),
        row.fault or row.note,
    ]
