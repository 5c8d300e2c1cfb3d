"""From the calls between some inputs and some outputs to a Graph."""

from __future__ import annotations

from collections.abc import Sequence

from isograd.core.base.errors import ShapeError, SpecError
from isograd.core.base.types import shape_text
from isograd.core.graph.nodes import Graph, Node
from isograd.core.graph.values import Call, Value, chain
from isograd.core.layers.base import Misfit


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
    given, needed = ({id(value) for value in values} for values in (inputs, entrances))
    missing = [v for v in entrances if id(v) not in given]
    unused = [v for v in inputs if id(v) not in needed]
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
        _ = graph.integer_inputs
    except Misfit as misfit:
        raise SpecError(where, wanted=misfit.wanted, got=misfit.got, fix=misfit.fix) from None
    return graph
