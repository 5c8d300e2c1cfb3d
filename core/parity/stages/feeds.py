"""Which arrays enter each node of a model, taken from what a network shows of its activations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from isograd.core.base.types import Array, Arrays, Shape, State
from isograd.core.engine.protocol import Backend
from isograd.core.graph.composite import Composite
from isograd.core.graph.model import Model
from isograd.core.graph.nodes import Graph, Node
from isograd.core.parity.pair import build_in


def shapes_of(model: Composite, inputs: Arrays) -> tuple[Shape, ...]:
    """What a graph is resolved for: a model knows its inputs' axes itself, wherever the batch stands."""
    return model.input_shapes if isinstance(model, Model) else tuple(x.shape[1:] for x in inputs)


def outputs_of(model: Composite, *shapes: Shape, training: bool, prefix: str = "") -> Iterator[tuple[str, int]]:
    """(path, how many outputs) of every node, models inside models and their nodes as well."""
    for node in model.graph(*shapes).nodes_in(training):
        yield f"{prefix}{node.name}", len(node.writes)
        if isinstance(node.layer, Composite):
            yield from outputs_of(node.layer, *node.in_shapes, training=training, prefix=f"{prefix}{node.name}.")


def activations(
    backend: Backend,
    model: Composite,
    state: Mapping[str, Array],
    inputs: Arrays,
    *,
    seed: int,
    step: int,
    dtype: str,
    training: bool,
) -> dict[str, Arrays]:
    """{node path: its outputs} of one engine; raises what it raises, and TypeError where it shows not all of them."""
    net = build_in(backend, model, state, seed, dtype)
    net.at_step(step)
    found = net.activations(*(x.copy() for x in inputs), training=training)
    for path, count in outputs_of(model, *shapes_of(model, inputs), training=training):
        if not isinstance(found.get(path), tuple) or len(found[path]) != count:
            raise TypeError(f"activations() has no tuple of {count} for the node {path!r}")
    return found


def feeds(
    model: Composite,
    inputs: Arrays,
    seen: Mapping[str, Arrays],
    state: Mapping[str, Array],
    path: str = "",
    owner: str = "",
    *,
    training: bool,
) -> Iterator[tuple[str, Node, Arrays, State]]:
    """(path, node, its inputs, its weights and buffers by name) of every node that is no graph itself, in order."""
    graph = model.graph(*shapes_of(model, inputs))
    values = start(graph, inputs, state, owner)
    for node in graph.nodes_in(training):
        fed = tuple(values[k] for k in node.reads)
        if isinstance(node.layer, Composite):
            inner = f"{path}{node.name}.", f"{owner}{node.owner}."
            held = {**state, **{f"{inner[1]}{name}": values[slot] for name, slot in node.given}}
            yield from feeds(node.layer, fed, seen, held, *inner, training=training)
        else:
            yield f"{path}{node.name}", node, fed, weights_of(node, values, state, owner)
        values |= dict(zip(node.writes, seen[f"{path}{node.name}"], strict=True))


def start(graph: Graph, inputs: Arrays, state: Mapping[str, Array], owner: str) -> dict[int, Array]:
    """{slot: array} of the inputs and entries of a graph whose weights stand below `owner`."""
    values: dict[int, Array] = dict(enumerate(inputs))
    for slot, entry in enumerate(graph.entries, len(inputs)):
        held = np.asarray(state[f"{owner}{entry.path}"])
        values[slot] = held != 0 if entry.form.kind == "boolean" else held
    return values


def weights_of(node: Node, values: Mapping[int, Array], state: Mapping[str, Array], owner: str) -> State:
    """The weights and buffers of a node by its layer's own names: those of its owner, and what is given to it."""
    held = {name: state[f"{owner}{node.owner}.{name}"] for name in (*node.weights, *node.buffers)}
    return held | {name: values[slot] for name, slot in node.given}
