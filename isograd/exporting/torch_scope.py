"""The classes of one source: a graph's own, those of its parts and of the models inside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from isograd.core.base.errors import SpecError
from isograd.core.graph.composite import Composite
from isograd.core.graph.nodes import Graph, Node
from isograd.exporting.torch_class import ClassWriter
from isograd.exporting.torch_facts import Facts
from isograd.exporting.torch_holders import WIDTH, sequence
from isograd.exporting.torch_names import camel, spellings
from isograd.exporting.torch_plan import Part


@dataclass
class Written:
    """A class of the source."""

    name: str
    body: str
    forms: str  # what goes in and out where it stands first
    paths: list[str] = field(default_factory=list)


class Classes:
    """The classes, in the order in which they are read; equal ones once."""

    def __init__(self, tied: dict[str, str], taken: set[str]) -> None:
        self.tied, self.taken = tied, taken
        self.written: dict[tuple[str, str], Written] = {}  # by body, without comments, and base class
        self.modules: set[str] = set()  # the paths of all modules
        self.frozen: set[str] = set()  # the paths of parameters that are not trained

    def name_of(self, writer: ClassWriter, wanted: str, path: str, forms: str) -> str:
        """The name of the class that a part is written as: where one like it stands already, that one."""
        key, body = (writer.body(told=False), writer.base), writer.body()
        if key not in self.written:
            name = next(name for name in spellings(wanted) if name not in self.taken)
            self.taken.add(name)
            self.written[key] = Written(name, body, forms)
        found = self.written[key]
        found.body = body if body == found.body else key[0]
        found.paths.append(path)
        return found.name

    def texts(self) -> list[str]:
        """The source of each."""
        found = []
        for (_, base), each in self.written.items():
            paths = list(dict.fromkeys(each.paths))
            more = f", {paths[1]}" if len(paths) == 2 else f" and {len(paths) - 1} more" if len(paths) > 2 else ""
            told = docstring(f"{paths[0]}{more}: {each.forms}")
            found.append(f"class {each.name}({base}):\n    {told}\n\n{each.body}")
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
        return f"{self.classes.name_of(writer, wanted or camel(path), path, ends)}()"

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
        changed = [note if note != before else "" for before, note in pairwise(["", *notes])]
        return sequence(head, texts, changed if told else ())

    def _forms(self, slots: Sequence[int]) -> str:
        return ", ".join(str(self.graph.forms[slot]) for slot in slots)


def docstring(text: str) -> str:
    """The text as a docstring, cut where it is longer than a line."""
    text = text if len(text) < WIDTH - 10 else f"{text[: WIDTH - 12]}…"
    return '"""' + text.replace("\\", "\\\\").replace('"', "'") + '"""'
