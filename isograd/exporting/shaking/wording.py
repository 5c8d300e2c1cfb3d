"""What was found as source: imports in order, then each module's part under a heading, helpers before their users."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from textwrap import indent
from typing import Any, get_type_hints

from isograd.core.base.description import default_of
from isograd.exporting.shaking.facts import checks_in, entries_of, is_description, place_of, thing_at
from isograd.exporting.shaking.literals import literal, type_text
from isograd.exporting.shaking.page import heading, import_lines
from isograd.exporting.shaking.reading import Import, Place, Statement, module, places_read, statement_of
from isograd.exporting.shaking.shaken import Shaken, in_order, is_cached, is_dropped, noted

DATACLASS = Import("dataclasses", "dataclass", "dataclass")
FIELD = Import("dataclasses", "field", "field")


class Wording:
    """Writes what a `Shaken` carries, every name as it is called there."""

    def __init__(self, shaken: Shaken) -> None:
        self.shaken = shaken
        self.imports: set[Import] = set()

        self.missing: set[Place] = set()

    def name(self, thing: Place | Import) -> str:
        """What a name is called: an import is then one that is written, and what is not carried is `missing`."""
        if isinstance(thing, Import):
            self.imports.add(thing)
            return thing.alias
        place = self.shaken.substituted(thing)
        if place not in self.shaken.names:
            self.missing.add(place)
            return place.name
        return self.shaken.names[place]

    def called(self, thing: Any) -> str:
        """What a function or class of isograd is called."""
        return self.name(place_of(thing))

    def value(self, value: Any) -> str:
        """An option as source."""
        return literal(value, self.name)

    def made(self, layer: Any) -> tuple[str, list[str]]:
        """The class that makes a layer again, and its arguments: options that are carried and not their defaults."""
        kept = self.options_of(type(layer))
        parts = []
        for name, (by_name, default) in kept.items():
            value = getattr(layer, name)
            if not by_name:
                parts.append(self.value(value))
            elif default is MISSING or value != default or type(value) is not type(default):
                parts.append(f"{name}={self.value(value)}")
        return self.called(type(layer)), parts

    def options_of(self, kind: type) -> dict[str, tuple[bool, Any]]:
        """{option: (whether it is given by name, its default)} of a carried description, those by position first."""
        found: dict[str, tuple[bool, Any]] = {}
        for place in self._lineage(kind):
            known = {f.name: f for f in fields(kind)}
            for name, member in self.shaken.members_of(place):
                if isinstance(member, ast.FunctionDef) and is_cached(member):
                    found[name] = (True, MISSING)
                elif name in known and name in vars(thing_at(place)).get("__annotations__", {}):
                    found[name] = (bool(known[name].kw_only), default_of(known[name]))
        return dict(sorted(found.items(), key=lambda entry: entry[1][0]))

    def _lineage(self, kind: type) -> list[Place]:
        every = [Place(base.__module__, base.__name__) for base in reversed(kind.__mro__)]
        return [place for place in every if place in self.shaken.places]

    def carried(self) -> str:
        """All that is carried, module by module."""
        return "\n\n\n".join(f"{heading(name)}\n\n\n{self._module(name)}" for name in self.modules())

    def modules(self) -> list[str]:
        """The modules that something is carried of, each after those that it reads."""
        found: list[str] = []
        begun: set[str] = set()
        reads: dict[str, set[str]] = {}
        for place in self.shaken.places:
            targets = {read.module for facts in self.shaken.facts_of(place) for read in facts.reads}
            reads.setdefault(place.module, set()).update(targets)

        def visit(name: str) -> None:
            if name not in begun:
                begun.add(name)
                for other in sorted(reads.get(name, ())):
                    visit(other)
                found.append(name)

        for name in sorted(reads):
            visit(name)
        return found

    def _module(self, name: str) -> str:
        text, before = "", None
        written: set[int] = set()
        for place in sorted((place for place in self.shaken.places if place.module == name), key=in_order):
            statement = statement_of(place)
            if id(statement) in written:  # one of several names that are given in one line
                continue
            written.add(id(statement))
            large = isinstance(statement, (ast.FunctionDef, ast.ClassDef))
            if before is not None:
                text += "\n\n\n" if large or before else "\n" + "\n" * self._noted(place)
            text += self._piece(place, statement)
            before = large
        return text

    def _noted(self, place: Place) -> bool:
        return place.name in module(place.module).notes

    def _piece(self, place: Place, statement: Statement) -> str:
        match statement:
            case ast.FunctionDef():
                return self._function(place, statement)
            case ast.ClassDef() if is_description(place):
                return self._description(place, statement)
            case ast.ClassDef():
                return self._class(place, statement)
        return self._assignment(place, statement)

    def _assignment(self, place: Place, statement: Any) -> str:
        table = entries_of(statement)
        text = self._lines(place, statement)
        if table is not None and place not in self.shaken.whole:
            text = self._table(place, statement, table)
        note = module(place.module).notes.get(place.name)
        return text if note is None else f"{text}\n{self._lines(place, note)}"

    def _table(self, place: Place, statement: Statement, table: ast.Dict) -> str:
        """A table with the entries alone that are read: on lines of their own, or all on one."""
        kept = self.shaken.entries.get(place, set())
        lines = module(place.module).lines
        pairs = zip(table.keys, table.values, strict=True)
        spans = {key.value: (key, value) for key, value in pairs if isinstance(key, ast.Constant)}
        if statement.lineno != statement.end_lineno:
            others = [span for name, span in spans.items() if name not in kept]
            return self._lines(place, statement, [(key.lineno, value.end_lineno) for key, value in others])
        line = lines[statement.lineno - 1].encode()
        parts = [line[key.col_offset : value.end_col_offset] for name, (key, value) in spans.items() if name in kept]
        return (line[: table.col_offset + 1] + b", ".join(parts) + b"}").decode()

    def _function(self, place: Place, statement: ast.FunctionDef) -> str:
        left_out = [(part.lineno, part.end_lineno) for part in statement.decorator_list if is_dropped(part)]
        return self._lines(place, statement, left_out, self.shaken.names[place])

    def _class(self, place: Place, statement: ast.ClassDef) -> str:
        first = min([statement.lineno, *(part.lineno for part in statement.decorator_list)])
        head = self._range(place, statement, first, statement.body[0].lineno - 1, (), self.shaken.names[place])
        parts = []
        for _, member in self.shaken.members_of(place):
            parts.append((isinstance(member, ast.FunctionDef), self._lines(place, member)))
            note = noted(statement, member)
            if note is not None:
                parts.append((False, self._lines(place, note)))
        return f"{head.rstrip()}\n{self._body(statement, parts)}"

    def _description(self, place: Place, statement: ast.ClassDef) -> str:
        kind = thing_at(place)
        bases = [self.shaken.names[base] for base in self._bases(kind)]
        head = f"@{self.name(DATACLASS)}(frozen=True, kw_only=True)\n"
        head += f"class {self.shaken.names[place]}{'(' + ', '.join(bases) + ')' if bases else ''}:"
        known = {f.name: f for f in fields(kind)}
        own = get_type_hints(kind) if known else {}
        parts: list[tuple[bool, str]] = []
        for name, member in self.shaken.members_of(place):
            if isinstance(member, ast.FunctionDef) and is_cached(member):
                parts.insert(0, (False, f"    {name}: {ast.unparse(member.returns)}"))  # type: ignore[arg-type]
            elif name in known:
                parts.append((False, f"    {name}: {type_text(own[name], self.name)}{self._default(known[name])}"))
            elif isinstance(member, ast.FunctionDef):
                left_out = [(part.lineno, part.end_lineno) for part in checks_in(member)]
                parts.append((True, self._lines(place, member, left_out)))
            else:
                parts.append((False, self._lines(place, member)))
        return f"{head}\n{self._body(statement, parts)}"

    def _default(self, f: Any) -> str:
        default = default_of(f)
        given = "" if default is MISSING else self.value(default)
        if f.kw_only:
            return f" = {given}" if given else ""
        default_text = f", default={given}" if given else ""
        return f" = {self.name(FIELD)}(kw_only=False{default_text})"

    def _bases(self, kind: type) -> list[Place]:
        """The nearest bases that are carried."""
        found: list[Place] = []
        for base in kind.__bases__:
            place = Place(base.__module__, base.__name__)
            found += [place] if place in self.shaken.places else self._bases(base)
        return list(dict.fromkeys(found))

    def _body(self, statement: ast.ClassDef, parts: Iterable[tuple[bool, str]]) -> str:
        doc = ast.get_docstring(statement, clean=False)
        text, before = "", None
        if doc is not None:
            node = statement.body[0]
            text, before = segment(statement, node, self), True
        for is_method, part in parts:
            text += ("\n\n" if is_method or before else "\n") if text else ""
            text += part
            before = is_method
        return text or "    pass"

    def _lines(
        self,
        place: Place,
        node: Any,
        left_out: Iterable[tuple[int, int | None]] = (),
        called: str | None = None,
    ) -> str:
        first = min([node.lineno, *(part.lineno for part in getattr(node, "decorator_list", ()))])
        return self._range(place, node, first, node.end_lineno, left_out, called)

    def _range(
        self,
        place: Place,
        node: ast.AST,
        first: int,
        last: int,
        left_out: Iterable[tuple[int, int | None]],
        called: str | None = None,
    ) -> str:
        """Whole lines of the source, without some, every name as it is called in the source that is written."""
        lines = {k: module(place.module).lines[k - 1] for k in range(first, last + 1)}
        for line, start, end, name in sorted(self._renamed(place, node), reverse=True):
            if line in lines:
                raw = lines[line].encode()
                lines[line] = (raw[:start] + name.encode() + raw[end:]).decode()
        if called is not None and called != place.name:
            line = node.lineno  # type: ignore[attr-defined]
            lines[line] = lines[line].replace(f" {place.name}", f" {called}", 1)
        for begin, stop in left_out:
            for k in range(begin, (stop or begin) + 1):
                lines.pop(k, None)
        return "\n".join(lines.values())

    def _renamed(self, place: Place, node: ast.AST) -> Iterator[tuple[int, int, int, str]]:
        """(line, first byte, last, name) of what is called otherwise there."""
        for read, target in places_read(place.module, node):
            name = self.shaken.names.get(self.shaken.substituted(target))
            if name is not None and name != read.id:
                yield read.lineno, read.col_offset, read.end_col_offset or 0, name

    def imported(self, *more: Import) -> str:
        """The imports of all that is carried, and of `more`."""
        return import_lines({*self.shaken.imports, *self.imports, *more})


def segment(statement: ast.ClassDef, node: ast.stmt, wording: Wording) -> str:
    """A docstring as it stands."""
    doc = ast.get_docstring(statement, clean=True) or ""
    lines = doc.split("\n")
    if len(lines) == 1:
        return f'    """{doc}"""'
    return indent("\n".join([f'"""{lines[0]}', *lines[1:], '"""']), "    ")
