"""What an __init__ makes: modules, parameters and buffers under dotted names, and how forward() reaches each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from keyword import iskeyword

from torch import nn

from isograd.core.graph.nodes import Stored

WIDTH = 120


class Holder:
    """A module's place: the text that makes it, or what stands under it."""

    def __init__(self, text: str = "", *, whole: bool = False) -> None:
        self.text, self.whole = text, whole  # `whole`: it is the class that is written
        self.children: dict[str, Holder] = {}
        self.values: dict[str, Stored] = {}

    @property
    def numbered(self) -> bool:
        """Whether it is written as an nn.ModuleList: modules named 0, 1, … and nothing else."""
        plain = all(child.text and not child.children and not child.values for child in self.children.values())
        in_order = list(self.children) == [str(k) for k in range(len(self.children))]
        return plain and in_order and bool(self.children) and not (self.text or self.values or self.whole)

    @property
    def keyed(self) -> bool:
        """Whether it is written as an nn.ModuleDict: its modules have names that are no attributes."""
        reserved = any(hasattr(nn.ModuleDict, name) for name in (*self.children, *self.values))
        return not self.text and not all(map(is_plain, self.children)) and not reserved and not self.numbered

    @property
    def kind(self) -> str:
        """The class that holds what stands under it."""
        return "nn.ModuleDict" if self.keyed else "nn.Module"

    def at(self, path: str) -> Holder:
        """The place of this path, made where there is none."""
        here = self
        for name in path.split(".") if path else ():
            here = here.children.setdefault(name, Holder())
        return here

    def put_value(self, path: str, stored: Stored) -> None:
        above, _, name = path.rpartition(".")
        self.at(above).values[name] = stored

    def access(self, path: str) -> str:
        """How forward() reaches the module at this path."""
        text, here = "self", self
        for name in path.split(".") if path else ():
            text += f"[{name}]" if here.numbered else here.reached(name)
            here = here.children.get(name, Holder())
        return text

    def reached(self, name: str) -> str:
        """What follows on the way to one of its modules."""
        if is_plain(name):
            return f".{name}"
        return f"[{quoted(name)}]" if self.keyed else f".get_submodule({quoted(name)})"

    def access_value(self, path: str) -> str:
        """How forward() reaches the parameter or buffer at this path."""
        above, _, name = path.rpartition(".")
        return f"{self.access(above)}.{name}" if is_plain(name) else f"getattr({self.access(above)}, {quoted(name)})"

    def statements(self, here: str = "self") -> Iterator[str]:
        """The lines that make all of it."""
        for name, stored in self.values.items():
            yield _made_value(here, name, stored)
        for name, child in self.children.items():
            text = child.text or (child.listed() if child.numbered else f"{child.kind}()")
            below = f"{here}{self.reached(name)}"
            made = f"{below} = {text}" if is_plain(name) or self.keyed else f"{here}.add_module({quoted(name)}, {text})"
            yield broken(made, WIDTH - 8)
            if not child.numbered:
                yield from child.statements(below)

    def lists(self, here: str = "self") -> Iterator[tuple[str, int]]:
        """(how it is reached, how many modules it has) of every nn.ModuleList."""
        for name, child in self.children.items():
            below = f"{here}{self.reached(name)}"
            if child.numbered:
                yield below, len(child.children)
            else:
                yield from child.lists(below)

    def listed(self) -> str:
        """Its modules in one nn.ModuleList."""
        return sequence("nn.ModuleList", [child.text for child in self.children.values()], listed=True)

    def paths(self, above: str = "") -> Iterator[str]:
        """The paths of all modules."""
        for name, child in self.children.items():
            yield f"{above}{name}"
            yield from child.paths(f"{above}{name}.")


def is_plain(name: str) -> bool:
    """Whether `self.name` reaches what is called so."""
    return name.isascii() and name.isidentifier() and not iskeyword(name) and not name.startswith("__")


def quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' if name.isprintable() else ascii(name)


def sequence(head: str, items: Sequence[str], notes: Sequence[str] = (), *, listed: bool = False) -> str:
    """head(a, b, …) on one line where there is room, else a line each; equal ones are said once."""
    if len(items) > 2 and len(set(items)) == 1 and not notes:
        every = f"{items[0]} for _ in range({len(items)})"
        return f"{head}([{every}])" if listed else f"{head}(*({every}))"
    opened, closed = ("([", "])") if listed else ("(", ")")
    flat = f"{head}{opened}{', '.join(items)}{closed}"
    if not notes and "\n" not in flat and len(flat) < WIDTH - 30:
        return flat
    lines = [f"{broken(item, WIDTH - 13)}," for item in items]
    lines = [noted(line, note) for line, note in zip(lines, notes, strict=True)] if notes else lines
    return f"{head}{opened}\n{indented(lines)}\n{closed}"


def noted(line: str, note: str) -> str:
    """The line with a comment behind it, where there is room."""
    last = line.rsplit("\n", 1)[-1]
    return f"{line}  # {note}" if note and len(last) + len(note) < WIDTH - 12 else line


def broken(text: str, room: int) -> str:
    """A line that is too long, what stands in its last brackets on a line of its own, or on several.

    >>> print(broken('x = f(a[0], "b, c", d)', 21))
    x = f(
        a[0], "b, c", d
    )
    >>> print(broken('x = f(a[0], "b, c", d)', 15))
    x = f(
        a[0],
        "b, c",
        d,
    )
    """
    if len(text) <= room or "\n" in text or text[-1:] not in (")", "]"):
        return text
    depth, quote, parts, last = 0, "", [""], 0
    for k, letter in enumerate(text):
        quote = "" if letter == quote else letter if letter in "\"'" and not quote else quote
        depth += 0 if quote else (letter in "([{") - (letter in ")]}")
        if depth == 1 and letter in "([{" and not quote:
            parts, last = [""], k
        elif depth == 1 and letter == "," and not quote:
            parts.append("")
        elif depth >= 1:
            parts[-1] += letter
    inside = [part.strip() for part in parts if part.strip()]
    flat = ", ".join(inside)
    inside = [flat] if len(flat) + 4 <= room else [f"{part}," for part in inside]
    return f"{text[: last + 1]}\n{indented(inside)}\n{text[-1]}"


def indented(lines: Sequence[str], by: int = 4) -> str:
    """The lines, each further right."""
    return "\n".join(" " * by + row if row else "" for line in lines for row in line.split("\n"))


def _made_value(here: str, name: str, stored: Stored) -> str:
    shape = ", ".join(map(str, stored.weight.shape)) or "()"
    zeros = f"torch.zeros({shape}{', dtype=torch.int64' if stored.weight.integers else ''})"
    if not stored.trained:
        return f"{here}.register_buffer({quoted(name)}, {zeros})"
    if is_plain(name):
        return f"{here}.{name} = nn.Parameter({zeros})"
    return f"{here}.register_parameter({quoted(name)}, nn.Parameter({zeros}))"
