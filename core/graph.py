"""Graph values, and the resolved graph that engines walk.

Calling a layer on values records a Call; nothing is computed. `resolve` turns the calls between some
inputs and some outputs into a Graph: nodes in execution order that read and write numbered slots.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

from isograd.core.errors import ShapeError, SpecError
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.combine import Add, MatMul, Multiply, Subtract
from isograd.core.types import Shape, shape_text

_creation = count()  # calls are numbered as they are made, so that creation order is an execution order


@dataclass(frozen=True, eq=False)
class Call:
    """One application of a layer to values."""

    layer: Layer
    sources: tuple[Value, ...]
    out_shapes: tuple[Shape, ...]
    number: int = field(default_factory=lambda: next(_creation))


class Value:
    """What flows along an edge: the output `index` of a call, of one sample's `shape`."""

    def __init__(self, shape: Shape, call: Call | None = None, index: int = 0) -> None:
        self.shape, self.call, self.index = shape, call, index

    def __repr__(self) -> str:
        return f"Value{shape_text(self.shape)}"

    __array_ufunc__ = None  # array + value is ours to refuse, not NumPy's to take apart

    def __add__(self, other: Value) -> Value:
        return self._join(Add(), "+", other)

    def __sub__(self, other: Value) -> Value:
        return self._join(Subtract(), "-", other)

    def __mul__(self, other: Value) -> Value:
        return self._join(Multiply(), "*", other)

    def __matmul__(self, other: Value) -> Value:
        return self._join(MatMul(), "@", other)

    __radd__, __rsub__, __rmul__, __rmatmul__ = __add__, __sub__, __mul__, __matmul__  # only to refuse numbers

    def _join(self, layer: Layer, sign: str, other: object) -> Value:
        if not isinstance(other, Value):
            raise SpecError(
                f"{self!r} {sign} {other!r}",
                wanted="a graph value on both sides",
                got=f"{type(other).__name__}",
                fix="numbers and arrays enter a model through ig.Input",
            )
        joined: Value = layer(self, other)
        return joined


class Input(Value):
    """An entrance to a graph: `shape` is one sample's, without the batch axis."""

    def __init__(self, shape: Iterable[int], *, name: str | None = None) -> None:
        shape = tuple(shape) if isinstance(shape, Iterable) else (shape,)
        shape = tuple(operator.index(d) if hasattr(d, "__index__") and not isinstance(d, bool) else d for d in shape)
        if not all(type(d) is int and d > 0 for d in shape):
            raise SpecError(
                f"Input({shape})",
                wanted="positive whole numbers, without the batch axis",
                got=f"{shape}",
                fix="give one sample's shape, such as (1, 28, 28)",
            )
        super().__init__(shape)
        self.name = name


def apply(layer: Layer, values: Sequence[Value]) -> Value | tuple[Value, ...]:
    """Record layer(*values), its shapes checked."""
    for value in values:
        if not isinstance(value, Value):
            raise SpecError(
                f"{layer!r} called on {type(value).__name__}",
                wanted="graph values (ig.Input and what layers return)",
                got=type(value).__name__,
                fix="build the model from ig.Input, then give arrays to net.forward",
            )
    shapes = out_shapes_of(layer, [value.shape for value in values], repr(layer), lambda: chain(values))
    call = Call(layer, tuple(values), shapes)
    outputs = tuple(Value(shape, call, index) for index, shape in enumerate(shapes))
    return outputs[0] if len(outputs) == 1 else outputs


def out_shapes_of(layer: Layer, shapes: Sequence[Shape], where: str, path: Any) -> tuple[Shape, ...]:
    """The layer's output shapes; a misfit becomes a ShapeError that says where and shows the chain."""
    try:
        return layer.checked_shapes(*shapes)
    except Misfit as misfit:
        raise ShapeError(where, wanted=misfit.wanted, got=misfit.got, fix=misfit.fix, path=path()) from None


def chain(values: Sequence[Value]) -> str:
    """How the shape came about: (N, 1, 8, 8) → Flatten() → (N, 64)."""

    def back(value: Value) -> str:
        here = shape_text(value.shape)
        return f"{back(value.call.sources[0])} → {value.call.layer!r} → {here}" if value.call else here

    return "   and   ".join(back(value) for value in values)


@dataclass(frozen=True)
class Node:
    """One call in a graph: reads slots, writes slots."""

    name: str  # unique in its graph: "linear", and "linear#2" where the same layer is called again
    owner: str  # the name that its weights stand under: that of the layer's first call
    layer: Layer
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    in_shapes: tuple[Shape, ...]
    out_shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Graph:
    """A resolved graph: slots 0 … inputs−1 hold the inputs, nodes fill the rest in order."""

    input_names: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    slots: int

    @cached_property
    def out_shapes(self) -> tuple[Shape, ...]:
        shapes = [*self.input_shapes, *(shape for node in self.nodes for shape in node.out_shapes)]
        return tuple(shapes[slot] for slot in self.outputs)

    @cached_property
    def whole_inputs(self) -> dict[int, range]:
        """{input: the whole numbers that may stand in it}, of the inputs that nodes count with.

        Raises Misfit where a node would count with what another computes, or another computes with what it counts.
        """
        found: dict[int, range] = {}
        computed: dict[int, str] = {}
        counted: dict[int, str] = {}
        for node in self.nodes:
            whole = node.layer.whole_inputs(*node.in_shapes)
            for place, slot in enumerate(node.reads):
                if place not in whole:
                    computed.setdefault(slot, node.name)
                elif slot >= len(self.input_names):
                    source = next(other.name for other in self.nodes if slot in other.writes)
                    raise Misfit(
                        f"whole numbers straight from an ig.Input at input {place} of {node.name!r}, {node.layer!r}",
                        f"the output of {source!r}",
                        "make them an Input of the model: computed values have gradients, whole numbers none",
                    )
                else:
                    counted.setdefault(slot, node.name)
                    other = found.get(slot, whole[place])
                    found[slot] = range(max(other.start, whole[place].start), min(other.stop, whole[place].stop))
        both = [slot for slot in found if slot in computed]
        if both:
            slot = both[0]
            raise Misfit(
                f"an Input of their own for the whole numbers that {counted[slot]!r} reads",
                f"{self.input_names[slot]!r}, which {computed[slot]!r} computes with",
                "give the model two Inputs",
            )
        return found


def kind_name(layer: Layer) -> str:
    """LeakyReLU → leaky_relu, Conv2d → conv2d.

    >>> from isograd.core.layers import LeakyReLU, LogSoftmax, SiLU
    >>> kind_name(LeakyReLU()), kind_name(LogSoftmax()), kind_name(SiLU())
    ('leaky_relu', 'log_softmax', 'silu')
    """
    text = (
        type(layer)
        .__name__.replace("ReLU", "Relu")
        .replace("ELU", "Elu")
        .replace("SiLU", "Silu")
        .replace("GElu", "Gelu")
    )
    return "".join(("_" if i and c.isupper() and text[i - 1].islower() else "") + c.lower() for i, c in enumerate(text))


def checked_name(name: str, where: str) -> str:
    if not name or any(mark in name for mark in ".#:|/"):
        raise SpecError(
            where, wanted="a name without . # : | /, which separate names in paths", got=repr(name), fix="rename it"
        )
    return name


def name_layers(layers: Sequence[Layer], where: str) -> dict[int, str]:
    """A unique name for each distinct layer object, by id: its own, else by kind and number."""
    names: dict[int, str] = {}
    taken = {checked_name(layer.name, where) for layer in layers if layer.name is not None}
    given: set[str] = set()
    for layer in layers:
        if id(layer) in names:
            continue
        if layer.name is not None:
            if layer.name in given:
                raise SpecError(
                    where,
                    wanted="a name of its own for every layer",
                    got=f"two layers named {layer.name!r}",
                    fix="rename one; to share weights, call one layer object twice",
                )
            given.add(layer.name)
            names[id(layer)] = layer.name
            continue
        base = kind_name(layer)
        free = next(n for k in count() if (n := f"{base}_{k}" if k else base) not in taken)
        taken.add(free)
        names[id(layer)] = free
    return names


def calls_between(inputs: Sequence[Value], outputs: Sequence[Value], where: str) -> list[Call]:
    """The calls that the outputs need, in execution order; every entrance must be among the inputs."""
    found: dict[int, Call] = {}
    entrances: list[Value] = []
    waiting = list(outputs)
    while waiting:
        value = waiting.pop()
        if value.call is None:
            entrances.append(value)
        elif value.call.number not in found:
            found[value.call.number] = value.call
            waiting.extend(value.call.sources)
    missing = [v for v in entrances if not any(v is i for i in inputs)]
    unused = [v for v in inputs if not any(v is e for e in entrances)]
    if missing:
        raise SpecError(
            where,
            wanted="every Input that the outputs depend on, in inputs=",
            got=f"{missing[0]!r} is not among them",
            fix="add it to inputs=",
        )
    if unused:
        raise SpecError(
            where, wanted="inputs that the outputs depend on", got=f"{unused[0]!r} feeds no output", fix="drop it"
        )
    return [found[number] for number in sorted(found)]


def check_same_weights(first: Call, again: Call, name: str) -> None:
    """A layer that is called again must find inputs that its weights fit."""
    made, wanted = (
        {path: weight.shape for path, weight in call.layer.weights(*(v.shape for v in call.sources)).items()}
        for call in (again, first)
    )
    if made != wanted:
        raise ShapeError(
            f"{name!r}, {again.layer!r}, called again",
            wanted=" and ".join(shape_text(v.shape) for v in first.sources),
            got=" and ".join(shape_text(v.shape) for v in again.sources),
            path=chain(again.sources),
            fix="a shared layer needs inputs of one shape; make a second layer, or change what feeds it",
        )


def resolve(
    inputs: Sequence[Value], input_names: Sequence[str], outputs: Sequence[Value], names: dict[int, str], where: str
) -> Graph:
    """The Graph of the calls between inputs and outputs, its layers named by `names` (by id)."""
    slot = {(id(value), 0): k for k, value in enumerate(inputs)}
    nodes: list[Node] = []
    uses: dict[str, int] = {}
    first: dict[str, Call] = {}
    free = len(inputs)

    def slot_of(value: Value) -> int:
        return slot[(id(value.call), value.index)] if value.call else slot[(id(value), 0)]

    for call in calls_between(inputs, outputs, where):
        owner = names[id(call.layer)]
        uses[owner] = uses.get(owner, 0) + 1
        check_same_weights(first.setdefault(owner, call), call, owner)
        writes = tuple(range(free, free + len(call.out_shapes)))
        free += len(writes)
        for index, k in enumerate(writes):
            slot[(id(call), index)] = k
        reads = tuple(slot_of(value) for value in call.sources)
        in_shapes = tuple(value.shape for value in call.sources)
        name = owner if uses[owner] == 1 else f"{owner}#{uses[owner]}"
        nodes.append(Node(name, owner, call.layer, reads, writes, in_shapes, call.out_shapes))
    input_shapes = tuple(value.shape for value in inputs)
    graph = Graph(tuple(input_names), input_shapes, tuple(nodes), tuple(map(slot_of, outputs)), free)
    try:
        _ = graph.whole_inputs
    except Misfit as misfit:
        raise SpecError(where, wanted=misfit.wanted, got=misfit.got, fix=misfit.fix) from None
    return graph
