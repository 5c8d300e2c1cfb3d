"""How a graph falls into classes: nodes whose paths begin alike, and that follow each other, are one module.

So `layer1.0.conv1`, `layer1.0.bn1`, … become a class with a forward() of its own, as whoever named them so wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from isograd.core.graph.nodes import Graph, Node


@dataclass
class Part:
    """Nodes of a graph, and parts of it, under one path (without the dot at its end; "" is the whole graph)."""

    path: str
    steps: list[Node | Part] = field(default_factory=list)
    reads: tuple[int, ...] = ()  # slots that are made outside, and entries that stand outside
    writes: tuple[int, ...] = ()  # slots that are read outside

    @property
    def nodes(self) -> list[Node]:
        """All of them, those of inner parts included."""
        return [node for step in self.steps for node in ([step] if isinstance(step, Node) else step.nodes)]

    def below(self, path: str) -> str:
        """The path of what stands under this name here."""
        return f"{self.path}.{path}" if self.path else path

    def within(self, path: str) -> str:
        """The path as it is counted from here."""
        return path.removeprefix(f"{self.path}.") if self.path else path


class Planner:
    """Takes a graph apart. `homes`: the paths of its nodes' modules; `plain`: whether a node is a module's call."""

    def __init__(self, graph: Graph, homes: Mapping[str, str], plain: Callable[[Node], bool]) -> None:
        self.graph, self.homes, self.plain = graph, homes, plain
        self.evaluated = {node.name for node in graph.nodes_in(training=False)}
        self.paths = set(homes.values())
        self.places: dict[str, list[int]] = {}
        for k, node in enumerate(graph.nodes):
            for above in above_of(homes[node.name]):
                self.places.setdefault(above, []).append(k)
        self.readers: dict[int, list[int]] = {}
        for k, node in enumerate(graph.nodes):
            for slot in read_by([node]):
                self.readers.setdefault(slot, []).append(k)

    def plan(self) -> Part:
        """The whole graph as a part."""
        return self._part("", 0, len(self.graph.nodes))

    def _part(self, path: str, start: int, stop: int) -> Part:
        found = Part(path)
        k = start
        while k < stop:
            inner = self._longest_at(path, k)
            if inner is None:
                found.steps.append(self.graph.nodes[k])
                k += 1
            else:
                end = self.places[inner][-1] + 1
                part = self._part(inner, k, end)
                numbered = all(self._path_of(step, part).split(".")[0].isdecimal() for step in part.steps)
                found.steps += part.steps if numbered and not self.is_chain(part) else [part]
                k = end
        self._name_slots(found, start, stop)
        return found

    def _longest_at(self, path: str, k: int) -> str | None:
        """The shortest path below this one whose nodes, more than one, begin here and follow each other."""
        for inner in above_of(self.homes[self.graph.nodes[k].name]):
            places = self.places[inner]
            together = places[0] == k and places[-1] == k + len(places) - 1
            modes = {self.graph.nodes[place].name in self.evaluated for place in places}
            if len(inner) > len(path) and together and len(places) > 1 and len(modes) == 1 and inner not in self.paths:
                return inner
        return None

    def _path_of(self, step: Node | Part, part: Part) -> str:
        return part.within(step.path if isinstance(step, Part) else self.homes[step.name])

    def is_chain(self, part: Part) -> bool:
        """Whether it is what nn.Sequential does: modules named 0, 1, …, each of what the one before gave."""
        names = [self._path_of(step, part) for step in part.steps]
        if names != [str(k) for k in range(len(names))] or len(part.reads) != 1 or len(part.writes) != 1:
            return False
        flows = part.reads
        for step in part.steps:
            if isinstance(step, Node) and (not self.plain(step) or step.given):
                return False
            if step.reads != flows or len(step.writes) != 1:
                return False
            flows = step.writes
        return flows == part.writes and not any(path.startswith(f"{part.path}.") for path in self._free_entries(part))

    def _free_entries(self, part: Part) -> Iterable[str]:
        """The paths of entries that no inner part holds."""
        inner = tuple(f"{step.path}." for step in part.steps if isinstance(step, Part))
        return (e.path for e in self.graph.entries if not e.path.startswith(inner or ("\0",)))

    def _name_slots(self, part: Part, start: int, stop: int) -> None:
        """What the part reads from outside and what outside is read of it, in order."""
        nodes = self.graph.nodes[start:stop]
        made = {slot for node in nodes for slot in node.writes}
        part.reads = tuple(dict.fromkeys(s for s in read_by(nodes) if s not in made and not self._own(part, s)))
        outputs = set(self.graph.outputs)
        part.writes = tuple(
            slot
            for slot in sorted(made)
            if slot in outputs or any(not start <= k < stop for k in self.readers.get(slot, ()))
        )

    def _own(self, part: Part, slot: int) -> bool:
        """Whether an entry stands in the slot that the part itself holds."""
        k = slot - len(self.graph.input_forms)
        held = 0 <= k < len(self.graph.entries)
        return held and (not part.path or self.graph.entries[k].path.startswith(f"{part.path}."))


def read_by(nodes: Sequence[Node]) -> list[int]:
    """The slots that they read, as inputs or as weights."""
    return [slot for node in nodes for slot in (*node.reads, *(slot for _, slot in node.given))]


def above_of(path: str) -> list[str]:
    """The paths above this one, the shortest first.

    >>> above_of("layer1.0.conv1")
    ['layer1', 'layer1.0']
    """
    names = path.split(".")
    return [".".join(names[:k]) for k in range(1, len(names))]
