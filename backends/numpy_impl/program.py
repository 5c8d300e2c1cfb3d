"""What a network runs: the nodes of its graph in order, each with the function that computes it.

No tape: the graph is known. Where a value fed several nodes, its gradients add up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from isograd.backends.numpy_impl.context import NodeRun
from isograd.backends.numpy_impl.unreached import as_reached
from isograd.core.base.table import Table
from isograd.core.base.tree import below, flatten, nest, overlaid
from isograd.core.base.types import Array, Tree
from isograd.core.graph.composite import Composite
from isograd.core.graph.nodes import Graph, Node

Operation: TypeAlias = Callable[..., Any]
"""(spec, p, *x, run) → (y, backward[, buffers]), as operations/registry.py tells."""


class Step(NamedTuple):
    """One node: its dotted name in the whole model, what computes it, and what its backward must return."""

    node: Node
    path: str
    operation: Operation
    needs_dx: bool
    runs_back: bool  # something that is wanted depends on it
    inner: bool  # a model inside the model, which is told where nothing leads back; others get zeros
    last: tuple[int, ...] = ()  # slots that no step after it reads


class Program:
    """A graph, resolved for its input shapes, and the functions of `table` that compute its nodes.

    A program is itself an operation, so a graph inside a graph is a step like any other. It is made for networks of
    one dtype and for batches of at most `rows`, and lives as long as the network that made it.
    """

    def __init__(
        self,
        graph: Graph,
        table: Table,
        *,
        dtype: np.dtype[np.floating],
        rows: int,
        needs_dx: bool = True,
        path: str = "",
    ) -> None:
        self.graph, self.table, self.dtype, self.rows, self.path = graph, table, dtype, rows, path
        self.with_dx = [
            needs_dx and form.kind == "float" and slot not in graph.integer_inputs
            for slot, form in enumerate(graph.input_forms)
        ]
        steps = []
        for node, wanted, runs in backward_of(graph, needs_dx):
            operation = self.operation_of(node, wanted)
            steps.append(Step(node, self.path_of(node), operation, wanted, runs, isinstance(operation, Program)))
        chosen = {node.name for node in graph.nodes_in(training=False)}
        self.steps = self._with_last_reads(steps, training=True)
        self.evaluated = self._with_last_reads([step for step in steps if step.node.name in chosen], training=False)

    def _with_last_reads(self, steps: Sequence[Step], *, training: bool) -> tuple[Step, ...]:
        """Each step with the slots that are done with after it; outputs never are."""
        held, told = set(self.graph.outputs_in(training)), []
        for step in reversed(steps):
            node = step.node
            last = {*node.reads, *node.writes, *(slot for _, slot in node.given)} - held
            held |= last
            told.append(step._replace(last=tuple(last)))
        return tuple(reversed(told))

    def path_of(self, node: Node) -> str:
        return f"{self.path}.{node.name}" if self.path else node.name

    def operation_of(self, node: Node, needs_dx: bool) -> Operation:
        """What computes a node: the one place where that is decided, and where shapes, dtype and rows are known.

        A graph inside is walked, unless the table has an entry for its very kind.
        """
        kind = type(node.layer)
        if isinstance(node.layer, Composite) and kind not in self.table:
            inner = node.layer.graph(*node.in_shapes)
            path = self.path_of(node)
            return Program(inner, self.table, dtype=self.dtype, rows=self.rows, needs_dx=needs_dx, path=path)
        return self.table[kind]

    def _start(self, x: Sequence[Array], p: Tree) -> list[Any]:
        """What stands in the slots before the first node: inputs, weights and buffers; booleans are kept as 0 and 1."""
        values: list[Any] = [*x]
        for entry in self.graph.entries:
            held = below(p, entry.path)
            values.append(held != 0 if entry.form.kind == "boolean" else held)
        return [*values, *(None for _ in range(len(values), self.graph.slots))]

    def _keep_given(self, node: Node, first: int, values: list[Any], buffers: dict[str, Any]) -> None:
        """Buffers that stand in slots move on there, for whoever reads them next."""
        for name, slot in node.given:
            if name in buffers[node.owner]:
                values[slot] = buffers[self.graph.entries[slot - first].path] = buffers[node.owner].pop(name)

    def _dx(self, d: Sequence[Any], values: Sequence[Any]) -> tuple[Any, ...]:
        """The gradients of the inputs; of a whole model zeros where nothing led back."""
        found: list[Any] = [None] * len(self.with_dx)
        for k, wanted in enumerate(self.with_dx):
            if wanted:
                found[k] = d[k] if self.path else whole(d[k], values[k])
        return tuple(found)

    def __call__(self, spec: Composite, p: Tree, *x: Array, run: NodeRun) -> Any:
        """values flow along the nodes        dx = J₁ᵀ … Jₖᵀ dy, applied from the last node to the first

        A value is let go after its last reader, a gradient after its node: what else backward needs, operations hold.
        An output's dy may be None; what nothing leads back to has no gradient. New buffers are the third item,
        {node: {buffer: value}}, where any node gave some; a layer that is called again sees those of its call before.
        """
        values = self._start(x, p)
        backs = []
        buffers: dict[str, Any] = {}
        steps = self.steps if run.training or self.graph.evaluation is None else self.evaluated
        for node, path, operation, needs_dx, _, _, last in steps:
            own = below(p, node.owner)
            if node.owner in buffers:
                own = overlaid(own, buffers[node.owner])
            if node.given:
                own = overlaid(own, nest({name: values[slot] for name, slot in node.given}))
            y, back, *new = operation(node.layer, own, *(values[k] for k in node.reads), run=run.of(path, needs_dx))
            if new:
                buffers[node.owner] = overlaid(buffers.get(node.owner, {}), new[0])
                self._keep_given(node, len(x), values, buffers)
            for slot, value in zip(node.writes, y if isinstance(y, tuple) else (y,), strict=True):
                values[slot] = value
            if run.observe is not None:
                run.observe(path, tuple(values[k] for k in node.writes))
            backs.append(back)
            for slot in last:
                values[slot] = values[slot].shape, values[slot].dtype

        def backward(*dy: Array | None) -> tuple[Any, dict[str, Any]]:
            d: list[Any] = [None] * self.graph.slots
            grads: dict[str, Any] = {}
            for slot, gradient in zip(self.graph.outputs_in(run.training), dy, strict=True):
                d[slot] = added(d[slot], gradient)
            for (node, _, _, needs_dx, runs_back, inner, _), back in zip(reversed(steps), reversed(backs), strict=True):
                if not (runs_back and reached(node, d)):
                    continue
                dx, own = through(node, back, d, values, inner)
                if node.given:
                    own = without_given(node, own, d)
                if own:
                    grads[node.owner] = merged(grads[node.owner], own) if node.owner in grads else own
                if needs_dx:
                    for slot, gradient in zip(node.reads, dx if isinstance(dx, tuple) else (dx,), strict=True):
                        d[slot] = added(d[slot], gradient)  # numbers that are counted with have none
            for slot, entry in enumerate(self.graph.entries, len(self.with_dx)):
                if entry.trained and d[slot] is not None:
                    grads[entry.path] = d[slot]
            dx = self._dx(d, values)
            return dx[0] if len(dx) == 1 else dx, grads

        written = self.graph.outputs_in(run.training)
        outputs = tuple(values[slot] for slot in written)
        for slot, value in zip(written, outputs, strict=True):
            values[slot] = value.shape, value.dtype
        y = outputs[0] if len(outputs) == 1 else outputs
        return (y, backward, buffers) if buffers else (y, backward)


def backward_of(graph: Graph, needs_dx: bool) -> Iterator[tuple[Node, bool, bool]]:
    """(node, whether it must return its dx, whether its backward runs): what leads back to a weight or a wanted dx.

    Nothing leads through whole numbers and booleans.
    """
    floats = [form.kind == "float" for form in graph.forms]
    leads = [needs_dx and is_float for is_float in floats]
    for slot in graph.integer_inputs:
        leads[slot] = False
    for slot, entry in enumerate(graph.entries, len(graph.input_forms)):
        leads[slot] = entry.trained
    for node in graph.nodes:
        wanted = any(leads[slot] for slot in node.reads)
        runs = (wanted or bool(node.weights) or any(leads[slot] for _, slot in node.given)) and any(
            floats[slot] for slot in node.writes
        )
        for slot in node.writes:
            leads[slot] = runs and floats[slot]
        yield node, wanted and runs, runs


def reached(node: Node, d: Sequence[Any]) -> bool:
    """Whether something led back to an output of the node."""
    for slot in node.writes:  # noqa: SIM110 (a third of the time of `any`, in every step)
        if d[slot] is not None:
            return True
    return False


def through(node: Node, back: Operation, d: list[Any], values: Sequence[Any], inner: bool) -> Any:
    """(dx, gradients of the weights) for what was led back to a node's outputs, which is let go."""
    dys = [d[slot] for slot in node.writes]
    dx, own = back(*(dys if inner else (whole(dy, values[slot]) for dy, slot in zip(dys, node.writes, strict=True))))
    for slot in node.writes:
        d[slot] = None
    return (dx, own) if len(dys) == 1 else as_reached(node, [dy is not None for dy in dys], dx, own)


def without_given(node: Node, own: Tree, d: list[Any]) -> dict[str, Any]:
    """A node's gradients, less those of what stands in slots: they are added there."""
    rest = flatten(own)
    for name, slot in node.given:
        if name in rest:
            d[slot] = added(d[slot], rest.pop(name))
    return nest(rest)


def whole(gradient: Array | None, value: Any) -> Array:
    """The gradient of a value: zeros where nothing has led back to it."""
    return zeros(value) if gradient is None else gradient


def zeros(value: Any) -> Array:
    """As large as what stands in a slot: an array, or the shape and dtype that are left of one"""
    return np.zeros(*value) if isinstance(value, tuple) else np.zeros_like(value)


def added(total: Array | None, gradient: Array | None) -> Array | None:
    """What is used several times gets the sum of its gradients, of those that there are."""
    return gradient if total is None else total if gradient is None else total + gradient


def merged(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """The gradients of a layer that was called twice, added weight by weight; each may lack what nothing led back to.

    >>> merged({"a": 1, "inner": {"b": 2}}, {"inner": {"b": 3, "c": 4}})
    {'a': 1, 'inner': {'b': 5, 'c': 4}}
    """
    both = {k: merged(a[k], b[k]) if isinstance(a[k], dict) else a[k] + b[k] for k in a if k in b}
    return {**a, **b, **both}
