"""A model as NumPy source: its operations as isograd's own, and a class that calls them, a line for each node."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.context import NodeRun
from isograd.backends.numpy_impl.operations import OPERATIONS
from isograd.core.base.forms import Rows
from isograd.core.base.types import FLOATS, Array, Arrays
from isograd.core.engine.context import Run
from isograd.core.graph.composite import Composite
from isograd.core.graph.nodes import Graph, Node
from isograd.core.graph.weights import of_training
from isograd.core.layers.base import Layer
from isograd.exporting.carried.network import Network
from isograd.exporting.carried.run import Run as CarriedRun
from isograd.exporting.carried.selftest import self_test
from isograd.exporting.carried.tensors import read_tensors
from isograd.exporting.graph_source import GraphSource
from isograd.exporting.lines import WIDTH, Names, class_name, collection, comment
from isograd.exporting.shaking import Shaken
from isograd.exporting.shaking.facts import place_of
from isograd.exporting.shaking.literals import text_literal
from isograd.exporting.shaking.page import ruled
from isograd.exporting.shaking.reading import Import
from isograd.exporting.shaking.wording import Wording
from isograd.exporting.silent import Returned, Silent, silent_inputs

SUBSTITUTES = {place_of(kind): place_of(CarriedRun) for kind in (Run, NodeRun)}
PATH = Import("pathlib", "Path", "Path")
ANY = Import("typing", "Any", "Any")
FLOAT = np.dtype("float32")  # stands for the network's own
DOC = '''"""One model, forward and backward, in NumPy: written by isograd, from its own operations.

python model.py runs the self-test: it computes the stored example again, and compares.

>>> from model import load                              # doctest: +SKIP
>>> net = load()                                        # with the weights beside this file
>>> y = net.forward(x, training=False)
>>> dx, dw = net.backward(dy)                           # of the last forward; dw: {weight: its gradient}
"""'''
END = '''HERE = Path(__file__).resolve().parent


def load(path: Path | str = HERE / "weights.safetensors", *, dtype: Any = "{dtype}", seed: int = 0) -> Model:
    """The model with the weights of a safetensors file"""
    return Model({read}(Path(path))[0], dtype=dtype, seed=seed)


if __name__ == "__main__":
    raise SystemExit({test}(Model, HERE))
'''


def write_source(model: Composite, weights: Mapping[str, Array], inputs: Arrays) -> str:
    """The source of a module with the class `Model` and `load()`, which runs its self-test when it is run itself.

    `inputs` are an example: one run on them tells which gradients there are.
    """
    dtype = next((str(v.dtype) for v in weights.values() if v.dtype in FLOATS.values()), str(FLOAT))
    return NumpySource(model, silent_inputs(model, weights, inputs), dtype).text()


class NumpySource:
    """Writes one model; what `GraphSource` must know of its nodes."""

    def __init__(self, model: Composite, silent: Silent, dtype: str) -> None:
        self.model, self._silent, self.dtype = model, silent, dtype
        self.graph = model.graph(*model.input_shapes)
        layers = list(leaves(self.graph))
        self.shaken = Shaken(layers, SUBSTITUTES)
        self.asked: dict[type, set[str]] = {}
        self.shaken.need(*map(type, layers), *(OPERATIONS[type(layer)] for layer in layers))
        self.shaken.need(Network, CarriedRun, self_test, read_tensors)
        if any(self.draws(node) for node in self.graph.nodes):
            self.shaken.attributes.add("at")
            self.shaken.need()
        self.wording = Wording(self.shaken)

    def text(self) -> str:
        """The whole source."""
        self._classes()
        while self.wording.missing:  # what only the model's own lines ask for
            self.shaken.need(*self.wording.missing)
            self.wording = Wording(self.shaken)
            self._classes()
        carried, classes = self.wording.carried(), self._classes()
        head = f"{DOC}\n\n{self.wording.imported(PATH, ANY)}\n\n{carried}"
        return "\n\n\n".join([head, ruled("The model"), *classes, self._end()]).rstrip() + "\n"

    def _classes(self) -> list[str]:
        """The graphs inside, inner ones first, and the model."""
        self.parts: dict[tuple[Any, ...], str] = {}
        self.written: list[str] = []
        self.names = Names(*self.shaken.names.values(), *dir(builtins), "Model")
        head = f"class Model({self.wording.called(Network)}):\n{told(self.graph)}"
        self.path = ""
        whole = GraphSource(self.graph, self, "", needs_dx=True).text(head, self._attributes())
        return [*self.written, whole]

    def _attributes(self) -> list[str]:
        dtypes = [str(dtype) for dtype in self.model.input_dtypes(FLOAT)]
        inputs = []
        for name, form, dtype in zip(self.graph.input_names, self.graph.input_forms, dtypes, strict=True):
            axes = tuple(None if isinstance(size, Rows) else size for size in form.axes)
            told = "float" if dtype == str(FLOAT) else dtype
            inputs.append(f"({text_literal(name)}, {self.wording.value(axes)}, {text_literal(told)})")
        found = [collection("inputs = (", inputs, 1, ")")]
        tied = self.model.tied(*self.model.input_shapes)
        if tied:
            pairs = [f"{text_literal(name)}: {text_literal(path)}" for name, path in tied.items()]
            found.append(collection("tied = {", pairs, 1, "}"))
        alone = list(map(text_literal, of_training(self.model)))
        return [*found, collection("of_training = (", alone, 1, ")")] if alone else found

    def function(self, node: Node) -> str:
        return self.wording.called(OPERATIONS[type(node.layer)])

    def part(self, node: Node, *, needs_dx: bool) -> str:
        assert isinstance(node.layer, Composite)
        key = (node.layer, node.in_forms, needs_dx)
        if key not in self.parts:
            path = f"{self.path}.{node.name}" if self.path else node.name
            name = self.parts[key] = self.names.new(class_name(node.owner))
            graph = node.layer.graph(*node.in_shapes)
            outer, self.path = self.path, path
            text = GraphSource(graph, self, path, needs_dx=needs_dx).text(f"class {name}:\n{told(graph)}")
            self.path = outer
            self.written.append(text)
        return self.parts[key]

    def draws(self, node: Node) -> bool:
        if isinstance(node.layer, Composite):
            return any(map(self.draws, node.layer.graph(*node.in_shapes).nodes))
        return "random" in self._asked(type(node.layer))

    def reads_needs_dx(self, node: Node) -> bool:
        return "needs_dx" in self._asked(type(node.layer))

    def returned(self, path: str, node: Node) -> Returned:
        several = len(node.reads) > 1
        if isinstance(node.layer, Composite):
            inner = node.layer.graph(*node.in_shapes)
            forms = enumerate(inner.input_forms)
            return Returned(several, tuple(f.kind != "float" or k in inner.integer_inputs for k, f in forms))
        found = self._silent.get(path, Returned(several, ()))
        return found if len(found.none) == len(node.reads) else Returned(several, (True,) * len(node.reads))

    def _asked(self, kind: type) -> set[str]:
        if kind not in self.asked:
            self.asked[kind] = self.shaken.asked_by(OPERATIONS[kind])
        return self.asked[kind]

    def _end(self) -> str:
        return END.format(read=self.wording.called(read_tensors), test=self.wording.called(self_test), dtype=self.dtype)


def leaves(graph: Graph) -> Iterator[Layer]:
    """The layers of a graph that are none themselves, those of graphs inside among them."""
    for node in graph.nodes:
        if isinstance(node.layer, Composite):
            yield from leaves(node.layer.graph(*node.in_shapes))
        else:
            yield node.layer


def told(graph: Graph) -> str:
    """The docstring of a class: what goes in and what comes out."""
    named = zip(graph.input_names, graph.input_forms, strict=True)
    inputs, outputs = [f"{comment(name)} {form}" for name, form in named], list(map(str, graph.out_forms))
    line = f'    """{", ".join(inputs)} → {", ".join(outputs)}"""'
    if len(line) <= WIDTH:
        return line
    rows = [*inputs, *(f"→ {output}" for output in outputs)]
    return "\n".join([f'    """{rows[0]}', *(f"    {row}" for row in rows[1:]), '    """'])
