"""The lines of one walk through a graph: every node forward, then every node backward."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

from isograd.core.graph.nodes import Graph, Node
from isograd.exporting.carried.trees import merged, nested, overlaid, popped
from isograd.exporting.lines import call
from isograd.exporting.shaking.literals import text_literal
from isograd.exporting.shaking.reading import Import, Place
from isograd.exporting.shaking.wording import Wording
from isograd.exporting.silent import Returned

ANY = Import("typing", "Any", "Any")
NUMPY = Import("numpy", None, "np")
REPLACE = Import("dataclasses", "replace", "replace")
ARRAY = Place("isograd.core.base.types", "Array")


class Written(Protocol):
    """The class that a walk is a method of: what its values and its layers are called, and how a node is computed."""

    graph: Graph
    wording: Wording
    value: dict[int, str]
    base: dict[str, str]
    wanted: dict[str, tuple[bool, bool]]
    with_dx: list[bool]

    def operation(self, node: Node) -> tuple[str, list[str]]: ...

    def run(self, node: Node) -> str: ...

    def returned(self, node: Node) -> Returned: ...


class Walk:
    """One mode's walk: the nodes that run in it, and its outputs."""

    def __init__(self, written: Written, nodes: Sequence[Node], outputs: Sequence[int]) -> None:
        self.written, self.nodes, self.outputs = written, nodes, outputs
        self.graph, self.wording, self.value = written.graph, written.wording, written.value
        self.first_entry = len(self.graph.input_names)
        self.calls = Counter(node.owner for node in nodes)
        self.moving = any(node.layer.buffers(*node.in_shapes) for node in nodes)
        self.leading = {k for k, wanted in enumerate(written.with_dx) if wanted}  # slots whose gradient is asked for
        self.leading |= {k for k, entry in enumerate(self.graph.entries, self.first_entry) if entry.trained}
        self.leading |= {slot for node in nodes if written.wanted[node.name][1] for slot in node.writes}
        self.zeroed: set[int] = set()  # slots whose gradient is 0, and whose value is asked for its shape
        self.back = list(self._backward())

    def lines(self) -> Iterator[str]:
        """The body of the method."""
        if self.moving:
            yield f"        moved: dict[str, {self.wording.name(ANY)}] = {{}}"
        yield from self._entries()
        done: Counter[str] = Counter()
        for node in self.nodes:
            done[node.owner] += 1
            yield from self._forward(node, again=done[node.owner] > 1)
        yield ""
        yield from self.back
        yield ""
        y = ", ".join(self.value[slot] for slot in self.outputs)
        y = f"({y})" if len(self.outputs) > 1 else y
        news = ", {name: new[0] for name, new in moved.items() if new}" if self.moving else ""
        yield f"        return {y}, backward{news}"

    def _entries(self) -> Iterator[str]:
        """Weights and buffers that the graph computes with directly."""
        read = {slot for node in self.nodes for slot in (*node.reads, *(slot for _, slot in node.given))}
        for slot, entry in enumerate(self.graph.entries, self.first_entry):
            if slot in read | set(self.outputs) | self.zeroed:
                truth = " != 0" if entry.form.kind == "boolean" else ""
                yield f"        {self.value[slot]} = p[{text_literal(entry.path)}]{truth}"

    def _forward(self, node: Node, *, again: bool) -> Iterator[str]:
        owner = text_literal(node.owner)
        used = {slot for other in self.nodes for slot in (*other.reads, *(slot for _, slot in other.given))}
        used |= set(self.outputs) | self.zeroed
        values = [self.value[slot] if slot in used else "_" for slot in node.writes]
        y = values[0] if len(values) == 1 else f"({', '.join(values)})"
        back = f"back_{self.written.base[node.name]}" if self.written.wanted[node.name][1] else "_"
        buffers = bool(node.layer.buffers(*node.in_shapes))
        new = "" if not buffers else ", *new" if self.calls[node.owner] > 1 else f", *moved[{owner}]"
        function, spec = self.written.operation(node)
        parts = [*spec, self._weights(node, again and buffers), *(self.value[slot] for slot in node.reads)]
        parts.append(f"run={self.written.run(node)}")
        yield call(f"{y}, {back}{new} = {function}(", parts, 2)
        if buffers and self.calls[node.owner] > 1:
            kept = f"*moved[{owner}], *new" if again else "*new"
            yield f"        moved[{owner}] = [{self.wording.called(overlaid)}({kept})]"
        if buffers:
            yield from self._moved_entries(node, owner)

    def _moved_entries(self, node: Node, owner: str) -> Iterator[str]:
        """Buffers that are values of the graph move on there, for whoever reads them next."""
        for name, slot in node.given:
            entry = (
                self.graph.entries[slot - self.first_entry]
                if slot - self.first_entry < len(self.graph.entries)
                else None
            )
            if entry is not None and slot >= self.first_entry and name in node.layer.buffers(*node.in_shapes):
                path = text_literal(entry.path)
                yield f"        if moved[{owner}] and moved[{owner}][0]:"
                taken = f"{self.wording.called(popped)}(moved[{owner}][0], {text_literal(name)})"
                yield f"            moved[{path}] = [{taken}]"
                yield f"            {self.value[slot]} = moved[{path}][0]"

    def _weights(self, node: Node, again: bool) -> str:
        """What an operation finds of its weights: those that are stored, and those that are values of the graph."""
        stored = node.weights or node.buffers
        owner = text_literal(node.owner)
        p = f"p[{owner}]" if stored else "{}"
        if again:
            p = f"{self.wording.called(overlaid)}({p}, *moved[{owner}])"
        if node.given:
            given = ", ".join(f"{text_literal(name)}: {self.value[slot]}" for name, slot in node.given)
            if any("." in name for name, _ in node.given):
                p = f"{self.wording.called(overlaid)}({p}, {self.wording.called(nested)}({{{given}}}))"
            else:
                p = f"{{**{p}, {given}}}" if stored or again else f"{{{given}}}"
        return p

    def gradient(self, slot: int) -> str:
        """What the gradient of a value is called: h_conv → d_conv, x → dx"""
        value = self.value[slot]
        return f"d{value.removeprefix('h')}"

    def _backward(self) -> Iterator[str]:
        d: dict[int, str] = {}
        given: list[str] = []
        sums: list[str] = []
        for k, slot in enumerate(self.outputs):
            name = self.gradient(slot) if slot not in d else f"more_{k}"
            given.append(name)
            if slot in d:
                sums.append(f"            {d[slot]} = {d[slot]} + {name}")
            d.setdefault(slot, name)
        array = self.wording.name(ARRAY)
        any_ = self.wording.name(ANY)
        yield call(
            "def backward(", [f"{name}: {array}" for name in given], 2, f") -> tuple[{any_}, dict[str, {any_}]]:"
        )
        yield f"            dw: dict[str, {any_}] = {{}}"
        yield from sums
        seen: set[str] = set()
        for node in reversed(self.nodes):
            if self.written.wanted[node.name][1]:
                yield from self._node_backward(node, d, seen)
        for slot, entry in enumerate(self.graph.entries, self.first_entry):
            if entry.trained:
                yield f"            dw[{text_literal(entry.path)}] = {self._taken(slot, d)}"
        dx = [self._taken(k, d) if wanted else d.get(k, "None") for k, wanted in enumerate(self.written.with_dx)]
        yield f"            return {dx[0] if len(dx) == 1 else '(' + ', '.join(dx) + ')'}, dw"

    def _taken(self, slot: int, d: dict[int, str]) -> str:
        """The gradient of a value, zeros where nothing gave it one."""
        if slot in d:
            return d[slot]
        self.zeroed.add(slot)
        return f"{self.wording.name(NUMPY)}.zeros_like({self.value[slot]})"

    def _node_backward(self, node: Node, d: dict[int, str], seen: set[str]) -> Iterator[str]:
        needs_dx, _ = self.written.wanted[node.name]
        dys = [self._taken(slot, d) for slot in node.writes]
        for slot in node.writes:
            d.pop(slot, None)
        targets, sums = [], []
        returned = self.written.returned(node)
        for slot, silent in zip(node.reads, returned.none, strict=True):
            if not needs_dx or silent or slot not in self.leading:
                targets.append("_")
            elif slot in d:
                more = "more" if "more" not in targets else f"more_{len(targets)}"
                targets.append(more)
                sums.append(f"            {d[slot]} = {d[slot]} + {more}")
            else:
                d[slot] = self.gradient(slot)
                targets.append(d[slot])
        known = node.layer.weights(*node.in_shapes)
        owner = text_literal(node.owner)
        again = node.owner in seen
        own = "_" if not known else "again" if again else f"dw[{owner}]"
        dx = f"({', '.join(targets)}{',' * (len(targets) == 1)})" if returned.is_tuple else "".join(targets)
        dx = "_" if set(targets) <= {"_"} else dx
        yield call(f"{dx}, {own} = back_{self.written.base[node.name]}(", dys, 3)
        yield from sums
        for name, slot in node.given:
            if name in known and slot not in self.leading:
                yield f"            {self.wording.called(popped)}({own}, {text_literal(name)})"
            elif name in known:
                taken = f"{self.wording.called(popped)}({own}, {text_literal(name)})"
                total = f"{d[slot]} + " if slot in d else ""
                d[slot] = self.gradient(slot)
                yield f"            {d[slot]} = {total}{taken}"
        if known and again:
            yield f"            dw[{owner}] = {self.wording.called(merged)}(dw[{owner}], again)"
        if known:
            seen.add(node.owner)
