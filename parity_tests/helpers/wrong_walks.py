"""An engine whose nodes are right and whose walk through a graph is not: what `ig.bisect` is tested with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from planted import Change, Planted

from isograd.core.engine.protocol import Backend
from isograd.core.graph.composite import Composite
from isograd.core.parity.cutting import Part


class OfTheWalk(Planted):
    """An engine whose nodes are right, and whose walk is wrong wherever all of `nodes` are walked.

    `reads`: the last of them reads what the first gives in place of its own input; else the changes act there.
    """

    def __init__(
        self, engine: Backend, nodes: tuple[str, ...], changes: dict[str, Change] | None = None, name: str = "wrong"
    ) -> None:
        super().__init__(engine, changes or {}, name)
        self.nodes = nodes

    def build(self, model: Composite, *given: Any, **options: Any) -> Any:
        graph = model.graph(*model.input_shapes)
        known = {node.name: node for node in graph.nodes}
        if not all(name in known for name in self.nodes):
            return self.engine.build(model, *given, **options)
        if self.changes:
            return super().build(model, *given, **options)
        first, last = known[self.nodes[0]], known[self.nodes[-1]]
        wrong = replace(last, reads=(first.writes[0], *last.reads[1:]))
        nodes = tuple(wrong if node is last else node for node in graph.nodes)
        return self.engine.build(Part(replace(graph, nodes=nodes)), *given, **options)
