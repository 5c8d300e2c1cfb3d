"""The classes of one source: a graph's own, those of its parts and of the models inside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isograd.core.base.errors import SpecError
from isograd.core.base.forms import Form
from isograd.core.graph.composite import Composite
from isograd.core.graph.nodes import Graph, Node
from isograd.exporting.torch_class import ClassWriter
from isograd.exporting.torch_facts import Facts
from isograd.exporting.torch_holders import sequence
from isograd.exporting.torch_names import camel, spellings
from isograd.exporting.torch_plan import Part


class Classes:
    """The classes, in the order in which they are read; equal ones once."""

    def __init__(self, tied: dict[str, str], taken: set[str]) -> None:
        self.tied, self.taken = tied, taken
        self.names: dict[tuple[str, str], str] = {}  # {(body, base class): name}
        self.told: dict[tuple[str, str], list[str]] = {}  # the paths that each stands at
        self.shapes: dict[tuple[str, str], str] = {}
        self.modules: set[str] = set()  # the paths of all modules
        self.frozen: set[str] = set()  # the paths of parameters that are not trained

    def name_of(self, body: tuple[str, str], wanted: str, path: str, shapes: str) -> str:
        """The name of the class with this body and base, which is written once."""
        if body not in self.names:
            self.names[body] = next(name for name in spellings(wanted) if name not in self.taken)
            self.taken.add(self.names[body])
        self.shapes.setdefault(body, shapes)
        self.told.setdefault(body, []).append(path)
        return self.names[body]

    def texts(self) -> list[str]:
        """The source of each."""
        found = []
        for body, name in self.names.items():
            paths = list(dict.fromkeys(self.told[body]))
            more = f", {paths[1]}" if len(paths) == 2 else f" and {len(paths) - 1} more" if len(paths) > 2 else ""
            told = docstring(f"{paths[0]}{more}: {self.shapes[body]}")
            found.append(f"class {name}({body[1]}):\n    {told}\n\n{body[0]}")
        return found


class Scope:
    """One graph of the source."""

    def __init__(self, classes: Classes, graph: Graph, prefix: str = "") -> None:
        self.classes, self.graph, self.prefix = classes, graph, prefix
        self.facts = Facts(graph, prefix, classes.tied)
        for node in graph.nodes:
            self._make(node)
        classes.frozen |= {f"{prefix}{path}" for path, frozen in self.facts.adopted.items() if frozen}
        self.planner = self.facts.planner()
        self.part = self.planner.plan()

    def _make(self, node: Node) -> None:
        """Enter the text of a node's module; one that is called again is the first one, where it is the same."""
        facts, home = self.facts, self.facts.homes[node.name]
        if isinstance(node.layer, Composite):
            inner = Scope(self.classes, node.layer.graph(*node.in_shapes), f"{self.prefix}{home}.")
            kind = type(node.layer).__name__
            text = inner.text(inner.part, "" if kind in ("Model", "Sequential") else kind)
        else:
            text = facts.leaf_text(node)
        if facts.texts.setdefault(home, text) == text:
            return
        if node.weights or node.buffers:
            raise SpecError(
                f"{self.prefix}{node.name}, {node.layer!r}",
                wanted="a shared layer that is one module wherever it is called",
                got="one that is made otherwise for each of the shapes that it is called on",
                fix="call it on values of one shape",
            )
        taken = {*facts.homes.values(), *facts.texts}
        path = next(f"{home}_{k}" for k in range(2, len(taken) + 3) if f"{home}_{k}" not in taken)
        facts.homes[node.name], facts.texts[path] = path, text

    def text(self, part: Part, wanted: str = "") -> str:
        """What makes the module of a part; `wanted` is the name of its class, where it has one."""
        if self.planner.is_chain(part):
            return self.chain(part, "nn.Sequential")
        writer = self.writer(part)
        path = f"{self.prefix}{part.path}".rstrip(".")
        reads, writes = writer.ends
        ends = f"{self._forms(reads)} → {self._forms(writes)}"
        return f"{self.classes.name_of((writer.body(), writer.base), wanted or camel(path), path, ends)}()"

    def writer(self, part: Part) -> ClassWriter:
        found = ClassWriter(self.facts, part, self.text, self.planner.evaluated)
        self.classes.modules |= {f"{self.prefix}{part.below(path)}" for path in found.holder.paths()}
        return found

    def chain(self, part: Part, head: str, *, told: bool = False) -> str:
        """The modules of a part that is nn.Sequential; with `told` what each of them gives."""
        texts, notes = [], []
        for step in part.steps:
            path = step.path if isinstance(step, Part) else self.facts.homes[step.name]
            self.classes.modules.add(f"{self.prefix}{path}")
            texts.append(self.text(step) if isinstance(step, Part) else self.facts.text(step))
            notes.append(str(self.graph.forms[step.writes[0]]))
        return sequence(head, texts, notes if told else ())

    def _forms(self, slots: Sequence[int]) -> str:
        return ", ".join(str(self.graph.forms[slot]) for slot in slots)


def docstring(text: str) -> str:
    """The text as a docstring."""
    return '"""' + text.replace("\\", "\\\\").replace('"', "'") + '"""'
