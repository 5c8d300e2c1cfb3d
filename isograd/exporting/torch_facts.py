"""What is known of one graph while its source is written: where modules stand, what makes them, how nodes read."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

import isograd.backends.torch_impl  # noqa: F401  (enters custom layers in the table)
from isograd.backends.torch_impl.layers import LAYERS
from isograd.core.base.errors import BackendError
from isograd.core.graph.composite import Composite
from isograd.core.graph.nodes import Graph, Node, Stored
from isograd.exporting.torch_homes import Tied, entry_at, homes_of
from isograd.exporting.torch_lines import CARRIED_CLASSES, called, with_given, writer_of
from isograd.exporting.torch_modules import base_of, constructor
from isograd.exporting.torch_plan import Planner
from isograd.exporting.torch_words import Line, Spoken

OF_EVERY_MODULE = nn.Module()


class Facts:
    """A graph, and the path in front of all its names."""

    def __init__(self, graph: Graph, prefix: str, tied: Tied) -> None:
        self.graph, self.prefix = graph, prefix
        self._made: dict[str, nn.Module] = {}
        below = {k.removeprefix(prefix): v.removeprefix(prefix) for k, v in tied.items() if k.startswith(prefix)}
        self.homes, self.holding = homes_of(graph, below)
        self.texts: dict[str, str] = {}  # {path: what makes the module there}
        self.adopted = self._adopted()
        for path in (*self.homes.values(), *(entry.path for entry in graph.entries), *below):
            check_names(f"{prefix}{path}")

    def planner(self) -> Planner:
        return Planner(self.graph, self.homes, self.plain)

    def _adopted(self) -> dict[str, bool]:
        """{path of an entry that a module holds: whether as a parameter, though it is not trained}"""
        found = {}
        for node in self.graph.nodes:
            for name, slot in node.given if node.name in self.holding else ():
                entry = entry_at(self.graph, slot)
                if entry is not None and entry.path == f"{self.homes[node.name]}.{name}":
                    found[entry.path] = not entry.trained and name in node.layer.weights(*node.in_shapes)
        return found

    def leaf_text(self, node: Node) -> str:
        """What makes the module of a plain layer; nothing, where it is none."""
        made = self.made(node)
        if node.name not in self.holding and node.given and self._functional(node):
            return ""
        if base_of(made) is nn.Module and type(made) not in CARRIED_CLASSES:
            return ""
        text = constructor(made, CARRIED_CLASSES.get(type(made), ""))
        given = [f'"{name}"' for name, _ in node.given if node.name not in self.holding]
        return f"without_weights({text}, {', '.join(given)})" if given else text

    def made(self, node: Node) -> nn.Module:
        """The engine's module of a node, without numbers in it."""
        if node.name not in self._made:
            kind: Any = type(node.layer)
            with torch.device("meta"):
                self._made[node.name] = LAYERS[kind](node.layer, *node.in_shapes)
        return self._made[node.name]

    def text(self, node: Node) -> str:
        return self.texts[self.homes[node.name]]

    def plain(self, node: Node) -> bool:
        """Whether it is the call of one module on one value, for one value."""
        if len(node.reads) != 1 or len(node.writes) != 1 or node.name not in self.homes:
            return False
        if isinstance(node.layer, Composite):
            return True
        made = self.made(node)
        return writer_of(made) is called and not made._forward_pre_hooks

    def loose(self, node: Node) -> list[Stored]:
        """The weights that stand under a node's name though there is no module of it."""
        forms = {**node.weights, **node.buffers} if not isinstance(node.layer, Composite) else {}
        return [
            Stored(f"{self.homes[node.name]}.{name}", weight, node.out_forms[0], name in node.weights)
            for name, weight in forms.items()
        ]

    def _functional(self, node: Node) -> bool:
        given = dict.fromkeys(dict(node.given), "w")
        spoken = Spoken(self.made(node), node, ("x",) * len(node.reads), "self.it", given)
        return with_given(spoken, {*node.weights, *node.buffers}) is not None

    def line(self, node: Node, x: tuple[str, ...], here: str, given: dict[str, str]) -> Line:
        """What forward() says of a node."""
        if isinstance(node.layer, Composite):
            return Line(f"{here}({', '.join(x)})")
        made = self.made(node)
        writer = writer_of(made)
        assert writer is not None
        if given:
            found = with_given(Spoken(made, node, x, here, given), {*node.weights, *node.buffers})
            if found is not None:
                return found
            named = ", ".join(f'"{name}": {value}' for name, value in given.items())
            here = f"with_weights({here}, {{{named}}})"
        return writer(Spoken(made, node, x, here, given))


def check_names(path: str) -> None:
    """BackendError for a path whose names no nn.Module can have."""
    taken = next((name for name in path.split(".") if hasattr(OF_EVERY_MODULE, name)), None)
    if taken is not None:
        raise BackendError(
            f'export(…, "torch"): {path}',
            wanted="names that torch.nn.Module leaves free",
            got=repr(taken),
            fix="rename the layer or the weight: name=",
        )
