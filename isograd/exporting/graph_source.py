"""A graph as a class: its layers as attributes, forward and backward with a line for each node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from isograd.backends.numpy_impl.program import backward_of
from isograd.core.graph.composite import Composite
from isograd.core.graph.nodes import Graph, Node
from isograd.exporting.carried.run import Run
from isograd.exporting.carried.trees import Weights
from isograd.exporting.lines import Names, attribute, call, identifier
from isograd.exporting.shaking.literals import text_literal
from isograd.exporting.shaking.wording import Wording
from isograd.exporting.silent import Returned
from isograd.exporting.walk_source import ANY, ARRAY, REPLACE, Walk

RESERVED = {"inputs", "tied", "of_training", "dtype", "seed", "step", "state", "weights", "compute", "forward"}
RESERVED |= {"backward", "state_dict", "load_state_dict", "training", "evaluation"}


class Known(Protocol):
    """What is known of a model's nodes."""

    wording: Wording

    def function(self, node: Node) -> str:
        """What computes a node that is no graph."""

    def part(self, node: Node, *, needs_dx: bool) -> str:
        """The class of a graph inside."""

    def draws(self, node: Node) -> bool:
        """Whether a node, or one inside it, draws random numbers."""

    def reads_needs_dx(self, node: Node) -> bool:
        """Whether a node asks if its dx is wanted."""

    def returned(self, path: str, node: Node) -> Returned:
        """What a node's backward returns of its inputs."""


class GraphSource:
    """Writes the class of one graph, which stands at `path` in the whole model."""

    def __init__(self, graph: Graph, known: Known, path: str, *, needs_dx: bool) -> None:
        self.graph, self.known, self.path, self.wording = graph, known, path, known.wording
        self.wanted = {node.name: (wanted, runs) for node, wanted, runs in backward_of(graph, needs_dx)}
        self.with_dx = [
            needs_dx and form.kind == "float" and k not in graph.integer_inputs
            for k, form in enumerate(graph.input_forms)
        ]
        names, attributes = Names(), Names(*RESERVED)
        owners = dict.fromkeys(node.owner for node in graph.nodes)
        self.attributes = {owner: attributes.new(attribute(owner)) for owner in owners}
        self.base = {node.name: names.new(identifier(node.name)) for node in graph.nodes}
        inputs = Names()
        several = [f"x_{identifier(name)}" for name in graph.input_names]
        self.inputs = [inputs.new(name) for name in several] if len(several) > 1 else ["x"]
        self.value = dict(enumerate(self.inputs))
        for k, entry in enumerate(graph.entries, len(self.value)):
            self.value[k] = f"h_{names.new(identifier(entry.path))}"
        for node in graph.nodes:
            for k, slot in enumerate(node.writes):
                self.value[slot] = f"h_{self.base[node.name]}" + (f"_{k}" if len(node.writes) > 1 else "")

    def text(self, head: str, attributes: Sequence[str] = ()) -> str:
        """The class, under its first lines."""
        layers = [*attributes, *self._layers()]
        lines = [head, *([""] if layers else []), *layers, ""]
        if self.graph.evaluation is None:
            return "\n".join([*lines, *self._method("compute", training=True)])
        chosen = [
            self._signature("compute"),
            '        """As the run\'s mode says: training has outputs that evaluation has not"""',
            "        mode = self.training if run.training else self.evaluation",
            call("return mode(", ["p", *self.inputs, "run=run"], 2),
        ]
        training, evaluation = (self._method(name, training=name == "training") for name in ("training", "evaluation"))
        return "\n".join([*lines, *chosen, "", *training, "", *evaluation])

    def operation(self, node: Node) -> tuple[str, list[str]]:
        """(what is called, the layer that it is given)"""
        if isinstance(node.layer, Composite):
            return f"self.{self.attributes[node.owner]}.compute", []
        front, options = self.wording.made(node.layer)
        return self.known.function(node), [f"self.{self.attributes[node.owner]}" if options else f"{front}()"]

    def run(self, node: Node) -> str:
        """The run that a node is given."""
        made = f"run.at({text_literal(node.name)})" if self.known.draws(node) else "run"
        if self.wanted[node.name][0] or isinstance(node.layer, Composite) or not self.known.reads_needs_dx(node):
            return made
        return f"{self.wording.name(REPLACE)}({made}, needs_dx=False)"

    def returned(self, node: Node) -> Returned:
        return self.known.returned(f"{self.path}.{node.name}" if self.path else node.name, node)

    def _layers(self) -> Iterator[str]:
        """The attributes: layers that have options, and graphs inside."""
        seen: set[str] = set()
        for node in self.graph.nodes:
            if node.owner in seen:
                continue
            seen.add(node.owner)
            if isinstance(node.layer, Composite):
                part = self.known.part(node, needs_dx=self.wanted[node.name][0])
                yield f"    {self.attributes[node.owner]} = {part}()"
            else:
                front, options = self.wording.made(node.layer)
                if options:
                    yield call(f"{self.attributes[node.owner]} = {front}(", options, 1)

    def _signature(self, name: str) -> str:
        array, weights, run = self.wording.name(ARRAY), self.wording.called(Weights), self.wording.called(Run)
        given = ["self", f"p: {weights}", *(f"{x}: {array}" for x in self.inputs), "*", f"run: {run}"]
        return call(f"def {name}(", given, 1, f") -> tuple[{self.wording.name(ANY)}, ...]:")

    def _method(self, name: str, *, training: bool) -> Iterator[str]:
        yield self._signature(name)
        yield from Walk(self, self.graph.nodes_in(training), self.graph.outputs_in(training)).lines()
