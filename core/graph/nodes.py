"""The resolved graph that engines walk: nodes in execution order that read and write numbered slots."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from isograd.core.base.forms import Form
from isograd.core.base.initializers import Weight
from isograd.core.base.limits import NUMBER
from isograd.core.base.types import Shape
from isograd.core.layers.base import Layer, Misfit

ANY = range(-NUMBER - 1, NUMBER)
"""The whole numbers that stand in an input of which no layer asks for less."""


class Described:
    """What is pickled without what it remembers of itself: a description is the same before and after its use."""

    def __getstate__(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]


@dataclass(frozen=True)
class Node(Described):
    """One call in a graph: reads slots, writes slots; `given` are its weights that stand in slots as well."""

    name: str  # unique in its graph: "linear", and "linear#2" where the same layer is called again
    owner: str  # the name that its weights stand under: that of the layer's first call
    layer: Layer
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    in_forms: tuple[Form, ...]
    out_forms: tuple[Form, ...]
    given: tuple[tuple[str, int], ...] = ()

    @cached_property
    def in_shapes(self) -> tuple[Shape, ...]:
        return tuple(form.shape for form in self.in_forms)

    @cached_property
    def out_shapes(self) -> tuple[Shape, ...]:
        return tuple(form.shape for form in self.out_forms)

    @cached_property
    def weights(self) -> dict[str, Weight]:
        """Those that stand under its owner's name."""
        return self._own(self.layer.weights(*self.in_shapes))

    @cached_property
    def buffers(self) -> dict[str, Weight]:
        return self._own(self.layer.buffers(*self.in_shapes))

    def _own(self, all_of_them: dict[str, Weight]) -> dict[str, Weight]:
        given = dict(self.given)
        return {name: weight for name, weight in all_of_them.items() if name not in given} if given else all_of_them


@dataclass(frozen=True)
class Stored:
    """A weight (`trained`) or a buffer that stands in a slot of its own, under its path."""

    path: str
    weight: Weight
    form: Form
    trained: bool


@dataclass(frozen=True)
class Graph(Described):
    """A resolved graph: the first slots hold the inputs, the next the entries, nodes fill the rest in order."""

    input_names: tuple[str, ...]
    input_forms: tuple[Form, ...]
    entries: tuple[Stored, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    evaluation: tuple[int, ...] | None = None  # which of the outputs evaluation has, where it has not all
    tied: tuple[tuple[str, str], ...] = ()  # (another name, path) of weights and buffers that have several names

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        """Of every slot."""
        entries = (entry.form for entry in self.entries)
        return (*self.input_forms, *entries, *(form for node in self.nodes for form in node.out_forms))

    def outputs_in(self, training: bool) -> tuple[int, ...]:
        """The slots of the outputs in this mode."""
        if training or self.evaluation is None:
            return self.outputs
        return tuple(self.outputs[k] for k in self.evaluation)

    def nodes_in(self, training: bool) -> tuple[Node, ...]:
        """The nodes that run in this mode."""
        return self.nodes if training or self.evaluation is None else self._evaluated

    @cached_property
    def _evaluated(self) -> tuple[Node, ...]:
        """What leads to the outputs of evaluation."""
        wanted, found = set(self.outputs_in(False)), []
        for node in reversed(self.nodes):
            if not wanted.isdisjoint(node.writes):
                found.append(node)
                wanted.update(node.reads, (slot for _, slot in node.given))
        return tuple(reversed(found))

    @property
    def slots(self) -> int:
        return len(self.forms)

    @cached_property
    def batch_first(self) -> bool:
        """Whether every input is a batch of samples."""
        return all(form.batch_first for form in self.input_forms)

    @cached_property
    def input_shapes(self) -> tuple[Shape, ...]:
        return tuple(form.shape for form in self.input_forms)

    @cached_property
    def out_forms(self) -> tuple[Form, ...]:
        return tuple(self.forms[slot] for slot in self.outputs)

    @cached_property
    def out_shapes(self) -> tuple[Shape, ...]:
        return tuple(form.shape for form in self.out_forms)

    @cached_property
    def integer_inputs(self) -> dict[int, range]:
        """{input: the whole numbers that may stand in it}, of the inputs that nodes count with.

        Raises Misfit where a node would count with what another computes, or another computes with what it counts.
        """
        found = {k: ANY for k, form in enumerate(self.input_forms) if form.kind == "integer"}
        computed: dict[int, str] = {}
        counted: dict[int, str] = {}
        for node in self.nodes:
            integers = node.layer.integer_inputs(*node.in_shapes)
            for place, slot in enumerate(node.reads):
                if self.forms[slot].kind != "float":
                    if slot in found and place in integers:
                        found[slot] = _common(found[slot], integers[place])
                elif place not in integers:
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
                    found[slot] = _common(found.get(slot, ANY), integers[place])
        both = [slot for slot in found if slot in computed]
        if both:
            slot = both[0]
            raise Misfit(
                f"an Input of their own for the whole numbers that {counted[slot]!r} reads",
                f"{self.input_names[slot]!r}, which {computed[slot]!r} computes with",
                "give the model two Inputs",
            )
        return found


def _common(a: range, b: range) -> range:
    return range(max(a.start, b.start), min(a.stop, b.stop))
