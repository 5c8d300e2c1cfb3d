"""The rows of a report, brought to the vertices that they are of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from isograd.core.parity.pages.drawing import Halves
from isograd.core.parity.pages.states import GIVEN, INHERITED, NOBODY, WHOLE, State, severity, state_of, worst
from isograd.core.parity.structure import INPUT, Vertex
from isograd.core.parity.verdict import Row

NODE, STEP, WHOLE_RUN = "node", "locked step", "end to end"


@dataclass
class Station:
    """One vertex with its rows: `alone` of the node by itself, `whole` within whole runs, `steps` of locked steps."""

    vertex: Vertex
    alone: list[Row] = field(default_factory=list)
    whole: list[Row] = field(default_factory=list)
    steps: list[Row] = field(default_factory=list)

    def halves(self, *, inherits: bool) -> Halves:
        """The states of forward and backward. `inherits`: whether a node, this or another, is wrong alone."""
        found: tuple[list[State], list[State]] = ([], [])
        for row in self.alone:
            found[_backward(row)].append(state_of(row))
        for row in self.whole:
            if row.stage != WHOLE_RUN:
                continue  # weights after a training are of neither half
            if row.failed:
                found[_backward(row)].append(INHERITED if inherits else WHOLE)
            elif self.vertex.kind == INPUT:
                found[_backward(row)].append(state_of(row))
        forward, backward = map(worst, found)
        return (GIVEN if self.vertex.kind == INPUT and forward is NOBODY else forward), backward


def _backward(row: Row) -> bool:
    return row.what.startswith(("d", "gradient"))


def stations_of(vertices: Sequence[Vertex], rows: Sequence[Row]) -> list[Station]:
    """Each row at the vertex whose path, or whose weight, it names; what is of none is left out.

    Without vertices, as of engines' cases or of traces: one for each node that was compared, which nothing connects.
    """
    known = vertices or [_unconnected(path) for path in dict.fromkeys(row.path for row in rows if row.stage == NODE)]
    stations = [Station(vertex) for vertex in known]
    by_path = {station.vertex.path: station for station in stations}
    by_owner = {station.vertex.owner: station for station in reversed(stations)}
    inputs = [station for station in stations if station.vertex.kind == INPUT]
    for row in rows:
        weight = row.path.partition("/")[2] or row.path
        station = by_path.get(row.path) or by_owner.get(weight.rpartition(".")[0])
        if row.path == "input" and row.what.startswith("dx") and inputs:
            station = inputs[int("".join(filter(str.isdigit, row.what)) or 0)]
        if station is not None:
            place = {NODE: station.alone, STEP: station.steps, "loss": station.alone}
            place.get(row.stage, station.whole).append(row)
    return stations


def _unconnected(path: str) -> Vertex:
    return Vertex(path, path, "", "", "", (), (), (), ())


def gathered(rows: Sequence[Row]) -> list[Row]:
    """Of the rows of one stage, dtype, pair and array, in several modes or steps, the worst; ordered by the first."""
    found: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = row.stage, row.dtype, row.path, row.what, *row.sides
        held = found.get(key)
        found[key] = row if held is None or severity(row) > severity(held) else held
    return list(found.values())
