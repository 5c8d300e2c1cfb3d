"""What a network runs: the nodes of its graph in order, each with the function that computes it.

No tape: the graph is known. Where a value fed several nodes, its gradients add up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from isograd.backends.numpy_impl.context import NodeRun
from isograd.core.base.table import Table
from isograd.core.base.types import Array, Tree
from isograd.core.graph.composite import Composite
from isograd.core.graph.nodes import Graph, Node

Operation: TypeAlias = Callable[..., Any]
"""(spec, p, *x, run) → (y, backward[, buffers]), as operations/registry.py tells."""


class Step(NamedTuple):
    """One node: its dotted name in the whole model, what computes it, and whether it must return its dx."""

    node: Node
    path: str
    operation: Operation
    needs_dx: bool


class Program:
    """A graph, resolved for its input shapes, and the functions of `table` that compute its nodes.

    A program is itself an operation, so a graph inside a graph is a step like any other. It is made for networks of
    one dtype and for batches of at most `rows`, and lives as long as the network that made it.
    """

    def __init__(
        self,
        graph: Graph,
        table: Table,
        *,
        dtype: np.dtype[np.floating],
        rows: int,
        needs_dx: bool = True,
        path: str = "",
    ) -> None:
        self.graph, self.table, self.dtype, self.rows, self.path = graph, table, dtype, rows, path
        self.steps = tuple(
            Step(node, self.path_of(node), self.operation_of(node, wanted), wanted)
            for node, wanted in zip(graph.nodes, nodes_with_dx(graph, needs_dx), strict=True)
        )

    def path_of(self, node: Node) -> str:
        return f"{self.path}.{node.name}" if self.path else node.name

    def operation_of(self, node: Node, needs_dx: bool) -> Operation:
        """What computes a node: the one place where that is decided, and where shapes, dtype and rows are known.

        A graph inside is walked, unless the table has an entry for its very kind.
        """
        kind = type(node.layer)
        if isinstance(node.layer, Composite) and kind not in self.table:
            inner = node.layer.graph(*node.in_shapes)
            path = self.path_of(node)
            return Program(inner, self.table, dtype=self.dtype, rows=self.rows, needs_dx=needs_dx, path=path)
        return self.table[kind]

    def __call__(self, spec: Composite, p: Tree, *x: Array, run: NodeRun) -> Any:
        """values flow along the nodes        dx = J₁ᵀ … Jₖᵀ dy, applied from the last node to the first

        New buffers are the third item, {node: {buffer: value}}, where any node gave some; a layer that is called
        again sees those of its call before.
        """
        values: list[Any] = [*x, *[None] * (self.graph.slots - len(x))]
        backs = []
        buffers: dict[str, Any] = {}
        for node, path, operation, needs_dx in self.steps:
            own = p.get(node.owner, {})
            if node.owner in buffers:
                own = overlaid(own, buffers[node.owner])
            y, back, *new = operation(node.layer, own, *(values[k] for k in node.reads), run=run.of(path, needs_dx))
            if new:
                buffers[node.owner] = overlaid(buffers.get(node.owner, {}), new[0])
            for slot, value in zip(node.writes, y if isinstance(y, tuple) else (y,), strict=True):
                values[slot] = value
            if run.observe is not None:
                run.observe(path, tuple(values[k] for k in node.writes))
            backs.append(back)

        def backward(*dy: Array) -> tuple[Any, dict[str, Any]]:
            d: list[Any] = [None] * self.graph.slots
            grads: dict[str, Any] = {}
            for slot, gradient in zip(self.graph.outputs, dy, strict=True):
                d[slot] = added(d[slot], gradient)
            for (node, _, _, needs_dx), back in zip(reversed(self.steps), reversed(backs), strict=True):
                if not needs_dx and node.owner not in p:
                    continue
                dx, own = back(*(np.zeros_like(values[k]) if d[k] is None else d[k] for k in node.writes))
                if own:
                    grads[node.owner] = merged(grads[node.owner], own) if node.owner in grads else own
                if needs_dx:
                    for slot, gradient in zip(node.reads, dx if isinstance(dx, tuple) else (dx,), strict=True):
                        if gradient is not None:  # numbers that are counted with have none
                            d[slot] = added(d[slot], gradient)
            dx = tuple(d[: len(x)])
            return dx[0] if len(dx) == 1 else dx, grads

        outputs = tuple(values[slot] for slot in self.graph.outputs)
        y = outputs[0] if len(outputs) == 1 else outputs
        return (y, backward, buffers) if buffers else (y, backward)


def nodes_with_dx(graph: Graph, needs_dx: bool) -> list[bool]:
    """Whether each node must return its dx: only what leads back to a weight, or to an input whose dx is wanted."""
    leads = [needs_dx] * graph.slots
    for slot in graph.integer_inputs:
        leads[slot] = False
    wanted = []
    for node in graph.nodes:
        wanted.append(any(leads[slot] for slot in node.reads))
        for slot in node.writes:
            leads[slot] = wanted[-1] or bool(node.layer.weights(*node.in_shapes))
    return wanted


def added(total: Array | None, gradient: Array) -> Array:
    """What is used several times gets the sum of its gradients."""
    return gradient if total is None else total + gradient


def merged(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """The gradients of a layer that was called twice, added weight by weight."""
    return {k: merged(a[k], b[k]) if isinstance(a[k], dict) else a[k] + b[k] for k in a}


def overlaid(tree: Tree, new: Tree) -> dict[str, Any]:
    """`tree` with the entries of `new` in their places."""
    mixed = {k: overlaid(tree.get(k, {}), v) if isinstance(v, dict) else v for k, v in new.items()}
    return {**tree, **mixed}
