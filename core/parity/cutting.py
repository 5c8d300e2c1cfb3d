"""A graph cut in two behind some of its nodes: the first part in one engine, the rest in another, run as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from isograd.core.base.types import FLOATS, Array, Arrays, State
from isograd.core.engine.protocol import Backend, Network
from isograd.core.graph.composite import Composite
from isograd.core.graph.model import Model
from isograd.core.graph.nodes import Graph, Node
from isograd.core.graph.weights import declared
from isograd.core.layers.base import Layer
from isograd.core.parity.pair import build_in


class Part(Model):
    """A stretch of a graph as a model of its own: its nodes, weights and masks under the names that they had."""

    def __init__(self, graph: Graph) -> None:
        object.__setattr__(self, "name", None)
        object.__setattr__(self, "_parts", tuple(node.layer for node in graph.nodes))
        object.__setattr__(self, "_graph", graph)


@dataclass(frozen=True)
class Cutting:
    """The parts of a graph: which slots the first hands on, which of the model's outputs are the rest's."""

    first: Part
    rest: Part
    handed: tuple[int, ...]  # slots that the first part gives: what the rest reads, then outputs of its own
    read: int  # how many of them the rest reads
    of_the_rest: tuple[int, ...]  # slots


def cut_behind(graph: Graph, count: int) -> Cutting:
    """The graph's first `count` nodes, at least one and not all, and the others."""
    start, rest = graph.nodes[:count], graph.nodes[count:]
    made = {slot for node in start for slot in node.writes}
    read = sorted(made & {slot for node in rest for slot in (*node.reads, *(s for _, s in node.given))})
    own = sorted((made & set(graph.outputs)) - set(read))
    handed = (*read, *own)
    inputs, entries = len(graph.input_forms), len(graph.entries)
    forms = graph.forms
    first = Graph(graph.input_names, graph.input_forms, graph.entries, start, handed)
    slots = {slot: slot for slot in range(inputs)} | {slot: inputs + k for k, slot in enumerate(read)}
    slots |= {slot: slot + len(read) for slot in range(inputs, inputs + entries)}
    for node in rest:
        slots |= {slot: len(slots) + k for k, slot in enumerate(node.writes)}
    of_the_rest = tuple(slot for slot in dict.fromkeys(graph.outputs) if slot not in made)
    second = Graph(
        (*graph.input_names, *(f"cut_{slot}" for slot in read)),
        (*graph.input_forms, *(forms[slot] for slot in read)),
        graph.entries,
        tuple(_renumbered(rest, slots)),
        tuple(slots[slot] for slot in of_the_rest),
    )
    return Cutting(Part(first), Part(second), handed, len(read), of_the_rest)


def _renumbered(nodes: Sequence[Node], slots: Mapping[int, int]) -> Iterator[Node]:
    """The nodes on other slots; of a shared layer the first call here has the owner's name."""
    seen: set[str] = set()
    for node in nodes:
        name = node.name if node.owner in seen else node.owner
        seen.add(node.owner)
        yield replace(
            node,
            name=name,
            reads=tuple(slots[slot] for slot in node.reads),
            writes=tuple(slots[slot] for slot in node.writes),
            given=tuple((weight, slots[slot]) for weight, slot in node.given),
        )


def cuts_of(graph: Graph) -> list[int]:
    """Behind how many nodes it can be cut, none and all among them: nowhere between two calls of a layer that draws at
    random, whose masks follow from its place."""
    calls: dict[str, list[int]] = {}
    for k, node in enumerate(graph.nodes):
        if _draws(node.layer):
            calls.setdefault(node.owner, []).append(k)
    spans = [(places[0], places[-1]) for places in calls.values()]
    count = len(graph.nodes)
    return [k for k in range(count + 1) if not any(first < k <= last for first, last in spans)]


def _draws(layer: Layer) -> bool:
    """Whether it may draw at random in training."""
    if isinstance(layer, Composite):
        return any(_draws(part) for part in layer.parts)
    return any(getattr(layer, name, 0) for name in ("p", "dropout", "upper"))


@dataclass(frozen=True)
class Made:
    """What a run gives: outputs, buffers, and for some dy gradients."""

    outputs: Arrays
    buffers: State
    dx: tuple[Any, ...]
    dw: State


class Parts:
    """One model on one batch, its first nodes in one engine and the others in another; `dys`: outputs ↦ their dy."""

    def __init__(self, suspect: Backend, other: Backend, model: Composite, seed: int, step: int, dtype: str) -> None:
        self.suspect, self.other, self.model = suspect, other, model
        self.seed, self.step, self.dtype = seed, step, dtype
        self.graph = model.graph(*model.input_shapes)

    def run(self, count: int, state: Mapping[str, Array], inputs: Arrays, dys: Any) -> Made:
        """The first `count` nodes in the suspect engine; raises what an engine raises."""
        if count in (0, len(self.graph.nodes)):
            return self._whole(self.suspect if count else self.other, state, inputs, dys)
        cutting, slots = cut_behind(self.graph, count), self.graph.outputs
        first = self._net(self.suspect, cutting.first, state)
        handed = dict(zip(cutting.handed, _several(first.forward(*inputs, training=True)), strict=True))
        known = {path: v for path, v in first.state_dict().items() if path in declared(cutting.first)[1]}
        rest = self._net(self.other, cutting.rest, {**state, **known})
        ends = rest.forward(*inputs, *(handed[slot] for slot in cutting.handed[: cutting.read]), training=True)
        values = handed | dict(zip(cutting.of_the_rest, _several(ends), strict=True))
        outputs = tuple(values[slot] for slot in slots)
        given: dict[int, Array] = {}
        for slot, dy in zip(slots, dys(outputs), strict=True):
            given[slot] = given[slot] + dy if slot in given else dy
        dx, dw = rest.backward(*(given[slot] for slot in cutting.of_the_rest))
        back = _several(dx)
        for slot, d in zip(cutting.handed[: cutting.read], back[len(inputs) :], strict=True):
            if d is not None:
                given[slot] = given[slot] + d if slot in given else d
        zeros = {slot: np.zeros(handed[slot].shape, FLOATS[self.dtype]) for slot in cutting.handed if slot not in given}
        dx_first, dw_first = first.backward(*((given | zeros)[slot] for slot in cutting.handed))
        moved = {path: v for path, v in rest.state_dict().items() if path in declared(cutting.rest)[1]}
        counted = self.graph.integer_inputs  # a part that does not count with them computes with them
        both = enumerate(zip(_several(dx_first), back[: len(inputs)], strict=True))
        sums = [None if k in counted else _sum(a, b) for k, (a, b) in both]
        grads = {path: _sum(dw_first.get(path), dw.get(path)) for path in {**dw_first, **dw}}
        return Made(outputs, {**known, **moved}, tuple(sums), grads)

    def _whole(self, engine: Backend, state: Mapping[str, Array], inputs: Arrays, dys: Any) -> Made:
        net = self._net(engine, self.model, state)
        outputs = _several(net.forward(*inputs, training=True))
        dx, dw = net.backward(*dys(outputs))
        buffers = {path: v for path, v in net.state_dict().items() if path in declared(self.model)[1]}
        return Made(outputs, buffers, _several(dx), dw)

    def _net(self, engine: Backend, model: Composite, state: Mapping[str, Array]) -> Network:
        weights, buffers = declared(model)
        held = {path: state[path] for path in (*weights, *buffers)}
        net = build_in(engine, model, held, self.seed, self.dtype)
        net.at_step(self.step)
        return net


def _several(values: Any) -> tuple[Any, ...]:
    return values if isinstance(values, tuple) else (values,)


def _sum(a: Any, b: Any) -> Any:
    return b if a is None else a if b is None else a + b
