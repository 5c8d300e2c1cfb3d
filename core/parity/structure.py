"""A model's graph as it is drawn: a vertex for each input and node, in execution order, with what enters it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from isograd.core.base.forms import Form
from isograd.core.graph.composite import Composite
from isograd.core.graph.nodes import Graph, Node
from isograd.core.layers.base import Layer
from isograd.core.parity.verdict import short

INPUT = "Input"
Sources = tuple[int, ...]


@dataclass(frozen=True)
class Vertex:
    """An input of a model, or a node of it that is no graph itself.

    `sources` are the places, in the order of execution, of the vertices that it reads from. `owner` is the path that
    its weights stand under: that of the layer's first call.
    """

    path: str
    owner: str
    kind: str  # the layer's class
    layer: str  # its description, in about a line
    formula: str  # the first line of what its class says of itself
    sources: tuple[int, ...]
    takes: tuple[str, ...]  # the shapes of its inputs
    makes: tuple[str, ...]
    weights: tuple[str, ...]  # "weight (3, 4)"


def vertices_of(model: Composite) -> tuple[Vertex, ...]:
    """The inputs of a model, then its nodes in execution order, those of models inside it as well."""
    graph = model.graph(*model.input_shapes)
    made = [
        Vertex(name, name, INPUT, INPUT, "", (), (), (str(form),), ())
        for name, form in zip(graph.input_names, graph.input_forms, strict=True)
    ]
    _outputs(graph, [(k,) for k in range(len(made))], made, "", "")
    return tuple(made)


def _outputs(graph: Graph, entering: Sequence[Sources], made: list[Vertex], path: str, owner: str) -> list[Sources]:
    """The vertices that each output of a graph comes from, its own having been appended."""
    slots: dict[int, Sources] = dict(enumerate(entering))
    for node in graph.nodes:
        sources = [slots.get(slot, ()) for slot in node.reads]  # a weight that stands in a slot comes from no vertex
        if isinstance(node.layer, Composite):
            inner = node.layer.graph(*node.in_shapes)
            outs = _outputs(inner, sources, made, f"{path}{node.name}.", f"{owner}{node.owner}.")
        else:
            made.append(_vertex(node, path, owner, sources))
            outs = [(len(made) - 1,)] * len(node.writes)
        slots |= dict(zip(node.writes, outs, strict=True))
    return [slots.get(slot, ()) for slot in graph.outputs]


def _vertex(node: Node, path: str, owner: str, sources: Sequence[Sources]) -> Vertex:
    return Vertex(
        f"{path}{node.name}",
        f"{owner}{node.owner}",
        type(node.layer).__name__,
        short(node.layer, *node.in_shapes),
        formula_of(node.layer),
        tuple(dict.fromkeys(place for found in sources for place in found)),
        _told(node.in_forms),
        _told(node.out_forms),
        tuple(f"{name} {weight.shape}" for name, weight in {**node.weights, **node.buffers}.items()),
    )


def _told(forms: Sequence[Form]) -> tuple[str, ...]:
    return tuple(map(str, forms))


def formula_of(layer: Layer) -> str:
    """The first line that a layer's class says of itself: its formula and shapes."""
    return next(_lines(type(layer).__doc__ or ""), "")


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())
