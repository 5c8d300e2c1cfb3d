"""From the calls between some inputs and some outputs to a Graph."""

from __future__ import annotations

from collections.abc import Sequence

from isograd.core.base.errors import ShapeError, SpecError
from isograd.core.base.types import shape_text
from isograd.core.graph.entries import Entry
from isograd.core.graph.nodes import Graph, Node, Stored
from isograd.core.graph.values import Call, Value, chain
from isograd.core.layers.base import Misfit


def calls_between(
    inputs: Sequence[Value], outputs: Sequence[Value], where: str, kept: Sequence[Value] = ()
) -> tuple[list[Call], list[Entry]]:
    """(calls that the outputs need, in execution order; entries); every entrance must be among the inputs.

    Inputs and entries that are `kept` may feed nothing.
    """
    found: dict[int, Call] = {}
    entries: dict[int, Entry] = {id(value): value for value in kept if isinstance(value, Entry)}
    entrances: list[Value] = []
    waiting = list(outputs)
    while waiting:
        value = waiting.pop()
        if isinstance(value, Entry):
            entries[id(value)] = value
        elif value.call is None:
            entrances.append(value)
        elif value.call.number not in found:
            found[value.call.number] = value.call
            waiting.extend((*value.call.sources, *value.call.weights.values()))
    given, needed = ({id(value) for value in values} for values in (inputs, (*entrances, *kept)))
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
    return [found[number] for number in sorted(found)], list(entries.values())


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
    inputs: Sequence[Value],
    input_names: Sequence[str],
    outputs: Sequence[Value],
    names: dict[int, str],
    where: str,
    kept: Sequence[Value] = (),
    evaluation: tuple[int, ...] | None = None,
    tied: tuple[tuple[str, str], ...] = (),
) -> Graph:
    """The Graph of the calls between inputs and outputs, its layers named by `names` (by id)."""
    calls, entries = calls_between(inputs, outputs, where, kept)
    slot = {(id(value), 0): k for k, value in enumerate((*inputs, *entries))}
    nodes: list[Node] = []
    uses: dict[str, int] = {}
    first: dict[str, Call] = {}
    free = len(slot)

    def slot_of(value: Value) -> int:
        return slot[(id(value.call), value.index)] if value.call else slot[(id(value), 0)]

    for call in calls:
        owner = names[id(call.layer)]
        uses[owner] = uses.get(owner, 0) + 1
        check_same_weights(first.setdefault(owner, call), call, owner)
        writes = tuple(range(free, free + len(call.out_forms)))
        free += len(writes)
        for index, k in enumerate(writes):
            slot[(id(call), index)] = k
        name = owner if uses[owner] == 1 else f"{owner}#{uses[owner]}"
        nodes.append(
            Node(
                name,
                owner,
                call.layer,
                tuple(map(slot_of, call.sources)),
                writes,
                tuple(value.form for value in call.sources),
                call.out_forms,
                tuple((weight, slot_of(value)) for weight, value in call.weights.items()),
            )
        )
    held = tuple(Stored(e.name, e.weight, e.form, e.trained) for e in entries)
    forms = tuple(value.form for value in inputs)
    graph = Graph(tuple(input_names), forms, held, tuple(nodes), tuple(map(slot_of, outputs)), evaluation, tied)
    try:
        _ = graph.integer_inputs
    except Misfit as misfit:
        raise SpecError(where, wanted=misfit.wanted, got=misfit.got, fix=misfit.fix) from None
    return graph
