"""The resolved graph that engines walk: nodes in execution order that read and write numbered slots."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from isograd.core.base.types import Shape
from isograd.core.layers.base import Layer, Misfit


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
    def integer_inputs(self) -> dict[int, range]:
        """{input: the whole numbers that may stand in it}, of the inputs that nodes count with.

        Raises Misfit where a node would count with what another computes, or another computes with what it counts.
        """
        found: dict[int, range] = {}
        computed: dict[int, str] = {}
        counted: dict[int, str] = {}
        for node in self.nodes:
            integers = node.layer.integer_inputs(*node.in_shapes)
            for place, slot in enumerate(node.reads):
                if place not in integers:
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
                    other = found.get(slot, integers[place])
                    found[slot] = range(max(other.start, integers[place].start), min(other.stop, integers[place].stop))
        both = [slot for slot in found if slot in computed]
        if both:
            slot = both[0]
            raise Misfit(
                f"an Input of their own for the whole numbers that {counted[slot]!r} reads",
                f"{self.input_names[slot]!r}, which {computed[slot]!r} computes with",
                "give the model two Inputs",
            )
        return found
