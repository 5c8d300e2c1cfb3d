"""Composition is an operation too: walk the nodes, keep their backwards, walk them in reverse.

No tape: the graph is known. Where a value fed several nodes, its gradients add up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.operations.registry import OPERATIONS, REFERENCE, implements
from isograd.core.base.description import Description
from isograd.core.base.types import Array, Shape, Tree
from isograd.core.engine.context import Run
from isograd.core.graph.composite import Composite
from isograd.core.graph.model import Model
from isograd.core.graph.nodes import Graph
from isograd.core.graph.residual import Residual
from isograd.core.graph.sequential import Sequential
from isograd.core.graph.transformer import TransformerDecoderBlock, TransformerEncoderLayer


@implements(Model, Sequential, Residual, TransformerEncoderLayer, TransformerDecoderBlock)
def compose(spec: Composite, p: Tree, *x: Array, run: Run) -> Any:
    """values flow along the nodes        dx = J₁ᵀ … Jₖᵀ dy, applied from the last node to the first

    New buffers are the third item, {node: {buffer: value}}, where any node gave some; a layer that is called
    again sees those of its call before.
    """
    graph, wanted = plan(spec, tuple(value.shape[1:] for value in x), run.needs_dx)
    values: list[Any] = [*x, *[None] * (graph.slots - len(x))]
    backs = []
    buffers: dict[str, Any] = {}
    for node, needs_dx in zip(graph.nodes, wanted, strict=True):
        operation = chosen(type(node.layer), run)
        inputs = [values[k] for k in node.reads]
        own = p.get(node.owner, {})
        if node.owner in buffers:
            own = overlaid(own, buffers[node.owner])
        y, back, *new = operation(node.layer, own, *inputs, run=run.at(node.name, needs_dx))
        if new:
            buffers[node.owner] = overlaid(buffers.get(node.owner, {}), new[0])
        for slot, value in zip(node.writes, y if isinstance(y, tuple) else (y,), strict=True):
            values[slot] = value
        if run.observe is not None:
            run.observe(run.path, node, tuple(values[k] for k in node.writes))
        backs.append(back)

    def backward(*dy: Array) -> tuple[Any, dict[str, Any]]:
        d: list[Any] = [None] * graph.slots
        grads: dict[str, Any] = {}
        for slot, gradient in zip(graph.outputs, dy, strict=True):
            d[slot] = added(d[slot], gradient)
        for node, back, needs_dx in zip(reversed(graph.nodes), reversed(backs), reversed(wanted), strict=True):
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

    outputs = tuple(values[slot] for slot in graph.outputs)
    y = outputs[0] if len(outputs) == 1 else outputs
    return (y, backward, buffers) if buffers else (y, backward)


def chosen(kind: type[Description], run: Run) -> Callable[..., Any]:
    """The operation of a layer: where another form (that of the book, Weidman 2019; a planned kernel) stands in."""
    return REFERENCE[kind] if run.reference and kind in REFERENCE else OPERATIONS[kind]


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


def plan(spec: Composite, shapes: tuple[Shape, ...], needs_dx: bool) -> tuple[Graph, list[bool]]:
    """(graph, whether each node must return its dx): only what leads back to a weight, or to a wanted input."""
    if (shapes, needs_dx) in spec.memo:
        known: tuple[Graph, list[bool]] = spec.memo[shapes, needs_dx]
        return known
    graph = spec.graph(*shapes)
    leads = [needs_dx] * graph.slots
    for slot in graph.integer_inputs:
        leads[slot] = False
    wanted = []
    for node in graph.nodes:
        wanted.append(any(leads[slot] for slot in node.reads))
        for slot in node.writes:
            leads[slot] = wanted[-1] or bool(node.layer.weights(*node.in_shapes))
    spec.memo[shapes, needs_dx] = graph, wanted
    return graph, wanted
