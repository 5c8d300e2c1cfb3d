"""One class of the source: a part of a graph, its modules in __init__, its nodes a line each in forward()."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from itertools import groupby

from isograd.core.graph.nodes import Node
from isograd.exporting.torch_carried import PIECES
from isograd.exporting.torch_facts import Facts
from isograd.exporting.torch_holders import WIDTH, Holder, broken, indented, noted
from isograd.exporting.torch_homes import entry_at
from isograd.exporting.torch_names import POOL, Names
from isograd.exporting.torch_plan import Part, read_by
from isograd.exporting.torch_words import LIKE, Line


@dataclass(frozen=True)
class Row:
    """A line of forward(): what is assigned, what to, a comment, whether training alone runs it."""

    target: str
    text: str
    note: str
    training: bool


class ClassWriter:
    """Writes a part that is no nn.Sequential."""

    def __init__(self, facts: Facts, part: Part, text_of: Callable[[Part], str], evaluated: Set[str]) -> None:
        self.facts, self.part, self.graph = facts, part, facts.graph
        self.text_of, self.evaluated = text_of, evaluated
        self.holder = Holder(whole=True)
        self.after: list[str] = []  # what __init__ does when all is made
        self._declare()
        self.last = self._last_uses()
        self.names = Names(PIECES)

    @property
    def ends(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The slots of the arguments, and of what is returned."""
        inputs = self.part.reads if self.part.path else tuple(range(len(self.graph.input_forms)))
        return inputs, self.part.writes if self.part.path else self.graph.outputs

    def _declare(self) -> None:
        inner = tuple(f"{step.path}." for step in self.part.steps if isinstance(step, Part)) or ("\0",)
        for step in self.part.steps:
            if isinstance(step, Part):
                self.holder.at(self.part.within(step.path)).text = self.text_of(step)
            else:
                self._declare_node(step)
        for entry in self.graph.entries:
            here = not self.part.path or entry.path.startswith(f"{self.part.path}.")
            if here and not entry.path.startswith(inner) and entry.path not in self.facts.adopted:
                self.holder.put_value(self.part.within(entry.path), entry)

    def _declare_node(self, node: Node) -> None:
        path = self.part.within(self.facts.homes[node.name])
        text = self.facts.text(node)
        if text:
            self.holder.at(path).text = text
        else:
            for stored in self.facts.loose(node):
                self.holder.put_value(self.part.within(stored.path), stored)
        for name, slot in node.given if node.name in self.facts.holding else ():
            entry = entry_at(self.graph, slot)
            assert entry is not None
            if not entry.trained and name in node.layer.weights(*node.in_shapes):
                frozen = f"{self.holder.access_value(f'{path}.{name}')}.requires_grad_(False)"
                self.after += [frozen] * (frozen not in self.after)

    def _last_uses(self) -> dict[int, int]:
        """{slot: the last step that reads it}; behind all of them for what is returned."""
        found: dict[int, int] = {}
        for k, step in enumerate(self.part.steps):
            found |= dict.fromkeys(step.reads if isinstance(step, Part) else read_by([step]), k)
        return found | dict.fromkeys(self.ends[1], len(self.part.steps))

    @property
    def base(self) -> str:
        """The class that this one adds to."""
        return self.holder.kind

    def body(self, more: Sequence[str] = (), *, told: bool = True) -> str:
        """Everything below the class's docstring; `more` is what __init__ does at its end; `told`: with comments."""
        forward = self.forward(told=told)
        made = [text for text, _ in repeated([(text, "") for text in self.holder.statements()])]
        if LIKE in forward:
            made.append('self.register_buffer("_like", torch.zeros(()), persistent=False)  # has our dtype and device')
        made += [*self.after, *more]
        if not made:
            return indented([forward])
        return indented(["def __init__(self) -> None:", indented(["super().__init__()", *made]), "", forward])

    def forward(self, *, told: bool) -> str:
        """The method, the forms of values as comments where they change."""
        self.names = Names(PIECES)
        slots = self._name_inputs()
        inputs = [f"{self.names.of[slot]}: Tensor" for slot in slots]
        rows = [row for k, step in enumerate(self.part.steps) for row in self._rows(k, step)]
        same = [not told or (k > 0 and row.note == rows[k - 1].note) for k, row in enumerate(rows)]
        rows = [replace(row, note="") if bare else row for row, bare in zip(rows, same, strict=True)]
        counts = {len(self.ends[1])} if self.part.path else {len(self.graph.outputs_in(m)) for m in (True, False)}
        one, several = "Tensor", f"tuple[{', '.join(['Tensor'] * max(counts))}]"
        gives = one if counts == {1} else several if len(counts) == 1 else "Tensor | tuple[Tensor, ...]"
        lines = [f"def forward({', '.join(['self', *inputs])}) -> {gives}:"]
        return "\n".join([lines[0], indented([*self._folded(rows[: self._end(rows)]), *self._returns(rows)])])

    def _name_inputs(self) -> tuple[int, ...]:
        """The slots of the arguments, each under its name."""
        slots = self.ends[0]
        if self.part.path:
            for slot in slots:
                entry, kind = entry_at(self.graph, slot), self.graph.forms[slot].kind
                wanted = {"float": "", "integer": "index", "boolean": "mask"}[kind]
                self.names.give(slot, wanted if entry is None else entry.path.rpartition(".")[2])
        else:
            for slot, name in enumerate(self.graph.input_names):
                self.names.give(slot, "x" if name == "input" else name)
        return slots

    def value(self, slot: int) -> str:
        """What stands in a slot, as forward() reaches it."""
        if slot in self.names.of:
            return self.names.of[slot]
        entry = entry_at(self.graph, slot)
        assert entry is not None
        text = self.holder.access_value(self.part.within(entry.path))
        return f"{text}.bool()" if entry.form.kind == "boolean" else text

    def _rows(self, k: int, step: Node | Part) -> list[Row]:
        training = not self.part.path and not self._is_evaluated(step)
        if isinstance(step, Part):
            x = tuple(self.value(slot) for slot in step.reads)
            line = Line(f"{self.holder.access(self.part.within(step.path))}({', '.join(x)})")
        else:
            x = tuple(self.value(slot) for slot in step.reads)
            given = {name: self.value(slot) for name, slot in step.given if step.name not in self.facts.holding}
            here = self.holder.access(self.part.within(self.facts.homes[step.name]))
            line = self.facts.line(step, x, here, given)
        names = self._assign(k, step)
        forms = [self.graph.forms[slot] for slot in step.writes]
        target = (line.target or ", ".join(["{}"] * len(names))).format(*names).replace("(_, _)", "_")
        read = [str(form) for name, form in zip(names, forms, strict=True) if name != "_"]
        rows = [Row(target, line.text, read[0] if len(read) == 1 else "", training)]
        for name, then in zip(names, line.then, strict=False):
            rows += [Row(name, then.format(name), "", training)] * (bool(then) and name != "_")
        self.names.drop(slot for slot, last in self.last.items() if last <= k)
        return rows

    def _is_evaluated(self, step: Node | Part) -> bool:
        node = step if isinstance(step, Node) else step.nodes[0]
        return node.name in self.evaluated

    def _assign(self, k: int, step: Node | Part) -> list[str]:
        """The names of what a step gives: that of an input which nothing else reads goes on, where it can."""
        reads = step.reads if isinstance(step, Part) else read_by([step])
        dying = [slot for slot in dict.fromkeys(reads) if self.last[slot] == k and slot in self.names.of]
        going_on = [slot for slot in dying if self.names.of[slot] in POOL]
        found = []
        for slot in step.writes:
            if slot not in self.last:
                found.append("_")
                continue
            old = next((s for s in going_on if self.graph.forms[s].kind == self.graph.forms[slot].kind), None)
            if old is None:
                found.append(self.names.give(slot))
            else:
                going_on.remove(old)
                found.append(self.names.reuse(old, slot))
        return found

    def _end(self, rows: Sequence[Row]) -> int:
        """How many rows stand before the return: the last one is returned as it is, where nothing else is."""
        alone = not self._differs and len(self.ends[1]) == 1 and rows and rows[-1].target == self.value(self.ends[1][0])
        return len(rows) - 1 if alone else len(rows)

    @property
    def _differs(self) -> bool:
        """Whether evaluation returns less than training."""
        return not self.part.path and self.graph.outputs_in(True) != self.graph.outputs_in(False)

    def _returns(self, rows: Sequence[Row]) -> list[str]:
        if self._end(rows) < len(rows):
            return [noted(broken(f"return {rows[-1].text}", WIDTH - 8), rows[-1].note)]
        if not self._differs:
            return [self._return(self.ends[1])]
        training, evaluated = (self._return(self.graph.outputs_in(mode)) for mode in (True, False))
        return ["if self.training:", indented([training]), evaluated]

    def _return(self, slots: Sequence[int]) -> str:
        return f"return {', '.join(map(self.value, slots))}"

    def _folded(self, rows: Sequence[Row]) -> list[str]:
        """The rows as lines: those of training alone below an if, calls of all modules of a list in a loop."""
        lines: list[str] = []
        for training, group in groupby(rows, key=lambda row: row.training):
            told = [(f"{row.target} = {row.text}", row.note) for row in group]
            for listed in self.holder.lists():
                told = looped(told, *listed)
            texts = [noted(broken(text, WIDTH - (12 if training else 8)), note) for text, note in repeated(told)]
            lines += ["if self.training:", indented(texts)] if training else texts
        return lines


Told = tuple[str, str]
"""A line, and a comment that may stand behind it."""


def looped(lines: list[Told], name: str, count: int) -> list[Told]:
    """The lines, with a loop where each module of the list is called in its turn and in the same way.

    >>> looped([("x = self.h[0](x)", "(N, 3)"), ("x = self.h[1](x)", "")], "self.h", 2)
    [('for block in self.h:', ''), ('    x = block(x)', '(N, 3)')]
    """
    for k in range(len(lines) - count + 1):
        each = {text.replace(f"{name}[{place}](", "block(") for place, (text, _) in enumerate(lines[k : k + count])}
        if count > 1 and len(each) == 1 and "block(" in next(iter(each)):
            loop = (f"for block in {name}:", ""), (indented(list(each)), lines[k][1])
            return [*lines[:k], *loop, *lines[k + count :]]
    return lines


def repeated(lines: list[Told]) -> list[Told]:
    """The lines, with a loop over names where three or more say the same of modules that have names as keys.

    >>> repeated([('x = self["2"](x)', ""), ('x = self["3"](x)', ""), ('x = self["5"](x)', "")])
    [('for name in ("2", "3", "5"):', ''), ('    x = self[name](x)', '')]
    """
    keys = [re.findall(r'\[("\w+")\]', text) for text, _ in lines]
    bare = [
        text.replace(f"[{key[0]}]", "[name]") if len(key) == 1 else ""
        for (text, _), key in zip(lines, keys, strict=True)
    ]
    found: list[Told] = []
    k = 0
    while k < len(lines):
        stop = k + 1
        while stop < len(lines) and bare[k] and bare[stop] == bare[k]:
            stop += 1
        if stop - k > 2:
            found.append((f"for name in ({', '.join(key for (key,) in keys[k:stop])}):", ""))
            found.append((indented([bare[k]]), lines[k][1]))
        else:
            found += lines[k:stop]
        k = stop
    return found
