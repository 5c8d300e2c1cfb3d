"""A graph as lines beside a list: which lane each vertex and the value that it makes stand in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from isograd.core.parity.structure import Vertex


@dataclass(frozen=True)
class Lanes:
    """`of[k]` is the lane of vertex k; `last[k]` the last vertex that reads from it, itself where none does."""

    of: tuple[int, ...]
    last: tuple[int, ...]

    @property
    def count(self) -> int:
        return max(self.of, default=0) + 1


def lanes_of(vertices: Sequence[Vertex]) -> Lanes:
    """A value keeps its lane until it is read for the last time; who reads it then takes the lane over."""
    last = list(range(len(vertices)))
    for k, vertex in enumerate(vertices):
        for source in vertex.sources:
            last[source] = max(last[source], k)
    held: dict[int, int] = {}  # {lane: until which vertex}
    of: list[int] = []
    for k, vertex in enumerate(vertices):
        ending = [of[source] for source in vertex.sources if last[source] == k]
        free = next(lane for lane in range(len(vertices) + 1) if held.get(lane, -1) < k)
        mine = min(ending, default=free)
        of.append(mine)
        held[mine] = last[k]
    return Lanes(tuple(of), tuple(last))
