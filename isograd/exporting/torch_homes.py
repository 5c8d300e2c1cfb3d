"""Where the module of a node stands: under the node's name, or where the weights that it is given stand already."""

from __future__ import annotations

from collections.abc import Mapping

from isograd.core.graph.nodes import Graph, Node, Stored

Tied = Mapping[str, str]
"""{another name: path} of weights that have several names."""


def homes_of(graph: Graph, tied: Tied) -> tuple[dict[str, str], set[str]]:
    """({name of a node: path of its module}, the nodes whose module holds the entries that are given to it)

    A layer whose weights are all entries of the graph, under the names that a module at this path would give them (or
    under second names such as those), and that nothing else stands beside, is that module: `lm_head`, not a function
    of `lm_head.weight`.
    """
    found = {node.name: node.owner for node in graph.nodes}
    wanted: dict[str, list[Node]] = {}
    holding: set[str] = set()
    for node in graph.nodes:
        path = _module_of(graph, node, tied)
        if path is not None:
            wanted.setdefault(path, []).append(node)
    for path, nodes in wanted.items():
        if _is_alone(graph, path, nodes):
            found |= {node.name: path for node in nodes}
            holding |= {node.name for node in nodes}
    return found, holding


def entry_at(graph: Graph, slot: int) -> Stored | None:
    """The entry that stands in a slot."""
    k = slot - len(graph.input_forms)
    return graph.entries[k] if 0 <= k < len(graph.entries) else None


def _module_of(graph: Graph, node: Node, tied: Tied) -> str | None:
    """The path under which all weights of a node stand that are given to it."""
    buffers = node.layer.buffers(*node.in_shapes)
    names = {**node.layer.weights(*node.in_shapes), **buffers}
    if not node.given or {name for name, _ in node.given} != set(names):
        return None
    places: list[set[str]] = []
    for name, slot in node.given:
        entry = entry_at(graph, slot)
        if entry is None or entry.form.kind == "boolean" or (entry.trained and name in buffers):
            return None
        paths = {entry.path, *(other for other, path in tied.items() if path == entry.path)}
        places.append({path.removesuffix(f".{name}") for path in paths if path.endswith(f".{name}")})
    common = set.intersection(*places)
    return next((path for path in (node.owner, node.owner.rpartition(".")[0]) if path in common), None)


def _is_alone(graph: Graph, path: str, nodes: list[Node]) -> bool:
    """Whether the nodes that stand under the path are calls of one layer with the same weights."""
    below = {node.name for node in graph.nodes if f"{node.owner}.".startswith(f"{path}.")}
    alike = all(node.layer.to_json() == nodes[0].layer.to_json() and node.given == nodes[0].given for node in nodes)
    return alike and below <= {node.name for node in nodes}
