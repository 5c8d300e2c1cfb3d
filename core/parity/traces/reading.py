"""What each node of a model reads, by the names that entries of a trace have."""

from __future__ import annotations

from collections.abc import Sequence

from isograd.core.base.types import Shape
from isograd.core.graph.composite import Composite
from isograd.core.parity.traces.entry import GIVEN, WEIGHT, WHOLE, named
from isograd.core.parity.traces.origin import Node
from isograd.core.parity.verdict import short

Name = tuple[str, str]
"""(path, what)"""


def nodes_of(model: Composite) -> dict[str, Node]:
    """{path: layer in words, and what it reads} of every node in execution order, and of the model itself.

    A model inside a model, and the whole, read what their last nodes wrote.
    """
    found: dict[str, Node] = {}
    shapes = model.input_shapes
    ends = _walk(model, shapes, [(GIVEN, f"{GIVEN}{k or ''}") for k in range(len(shapes))], "", "", found)
    found[WHOLE] = Node(short(model), tuple(ends))
    return found


def _walk(
    model: Composite, shapes: Sequence[Shape], given: Sequence[Name], path: str, owner: str, found: dict[str, Node]
) -> list[Name]:
    """Enter the nodes of one graph; returns what its outputs are named."""
    graph = model.graph(*shapes)
    slots = dict(enumerate(given))
    slots |= {k: (f"{owner}{entry.path}", WEIGHT) for k, entry in enumerate(graph.entries, len(given))}
    for node in graph.nodes:
        here = f"{path}{node.name}"
        reads = [slots[k] for k in node.reads]
        if isinstance(node.layer, Composite):
            reads = _walk(node.layer, node.in_shapes, reads, f"{here}.", f"{owner}{node.owner}.", found)
        else:
            reads += [slots[k] for _, k in node.given]
            reads += [(f"{owner}{node.owner}.{name}", WEIGHT) for name in (*node.weights, *node.buffers)]
        found[named(here)] = Node(short(node.layer, *node.in_shapes), tuple(reads))
        slots |= {slot: (named(here), f"output{k or ''}") for k, slot in enumerate(node.writes)}
    return [slots[k] for k in graph.outputs]
