"""The graph: a line a vertex in the order of execution, edges beside them, each disc in two halves."""

from __future__ import annotations

from collections.abc import Sequence

from isograd.core.parity.pages.lanes import lanes_of
from isograd.core.parity.pages.markup import Markup, element, joined
from isograd.core.parity.pages.states import RANKED, State
from isograd.core.parity.structure import Vertex

HEIGHT, RADIUS, MARGIN = 30, 8, 16
WIDE, NARROW, MANY = 20, 11, 8  # between two lanes; narrow from so many lanes on
Halves = tuple[State, State]
"""Of the forward and of the backward."""


def drawing(vertices: Sequence[Vertex], halves: Sequence[Halves], marks: Sequence[str]) -> Markup:
    """Every vertex as a link to its `mark`; the left half of its disc is its forward, the right half its backward."""
    lanes = lanes_of(vertices)
    pitch = NARROW if lanes.count > MANY else WIDE
    width = 2 * MARGIN + pitch * (lanes.count - 1)

    def centre(k: int) -> tuple[int, int]:
        return MARGIN + pitch * lanes.of[k], HEIGHT * k + HEIGHT // 2

    edges = [_edge(centre(k), centre(j), pitch) for j, vertex in enumerate(vertices) for k in vertex.sources]
    discs = [_disc(centre(k), found) for k, found in enumerate(halves)]
    size = {"width": str(width), "height": str(HEIGHT * len(vertices)), "aria_hidden": "true", "focusable": "false"}
    lines = [
        element("li", element("a", *_named(vertex), *_chips(found), href=f"#{mark}", style=f"padding-left:{width}px"))
        for vertex, found, mark in zip(vertices, halves, marks, strict=True)
    ]
    return element(
        "div",
        element("ol", *lines),
        element("svg", *edges, *discs, **size),
        cls="graph",
        role="region",
        tabindex="0",
        aria_label="Nodes in the order of execution: forward and backward",
    )


def legend(shown: Sequence[Halves]) -> Markup:
    """The signs that are there, and what they mean."""
    found = [state for state in RANKED if any(state in halves for halves in shown)]
    told = joined([joined([state.chip, f": {state.told}"]) for state in found], "; ")
    return element(
        "p", "Left half of a disc and first sign: forward; right half and second sign: backward. ", told, cls="note"
    )


def _named(vertex: Vertex) -> tuple[Markup]:
    kind = element("span", f" {vertex.kind}", cls="kind")
    return (element("span", vertex.path, kind, cls="name", title=f"{vertex.path} {vertex.layer}"),)


def _chips(halves: Halves) -> list[Markup]:
    directions = ("forward", "backward")
    return [
        joined([element("span", f", {way}: ", cls="hidden"), state.chip])
        for way, state in zip(directions, halves, strict=True)
    ]


def _edge(start: tuple[int, int], end: tuple[int, int], pitch: int) -> Markup:
    """Down the lane of the value, then over to the lane of who reads it."""
    (x, y), (to_x, to_y) = start, end
    if x == to_x:
        path = f"M{x} {y}V{to_y}"
    else:
        turn = to_y - HEIGHT
        bend = f"C{x} {turn + HEIGHT // 2} {to_x} {turn + HEIGHT // 2} {to_x} {to_y}"
        path = f"M{x} {y}V{turn}{bend}" if turn > y else f"M{x} {y}{bend}"
    return element("path", cls="edge", d=path)


def _disc(centre: tuple[int, int], halves: Halves) -> Markup:
    x, y = centre
    left, right = halves
    arcs = [
        element("path", cls=f"f-{state.key}", d=f"M{x} {y - RADIUS}A{RADIUS} {RADIUS} 0 0 {turn} {x} {y + RADIUS}Z")
        for state, turn in ((left, 0), (right, 1))
    ]
    worst = min(halves, key=RANKED.index)
    ring = element("circle", cls=f"ring r-{worst.key}", cx=str(x), cy=str(y), r=str(RADIUS))
    cut = element("path", cls="cut", d=f"M{x} {y - RADIUS}V{y + RADIUS}")
    return joined([*arcs, cut, ring])
