"""Follows what source asks for to its end, for the layers of one model, and knows what each name is called there."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cached_property
from typing import Any

from isograd.core.layers.base import Layer
from isograd.exporting.shaking.facts import (
    Asking,
    Facts,
    changed,
    entries_of,
    is_description,
    is_stub,
    place_of,
    thing_at,
    unchecked,
)
from isograd.exporting.shaking.reading import PACKAGE, Import, Place, statement_of

DROPPED = ("implements", "implements_as_the_book", "describes")
"""Decorators that enter what they decorate in a table."""
UNASKED = {"__repr__", "__str__", "__getstate__", "__reduce__", "__post_init__"}
"""Methods that Python calls, and that computing needs none of."""
TAKEN = ("HERE", "Any", "Literal", "Model", "Path", "dataclass", "field", "inf", "load", "np", "replace")
"""What the lines around may be called, or import."""
KNOWN: dict[frozenset[tuple[Place, Place]], dict[tuple[Place, str], Facts]] = {}
"""What is known of pieces, by what stands for what: source does not change while it runs."""


class Shaken:
    """What is carried: functions, classes and constants of isograd, classes with those members alone that are read.

    `layers` are all of the model. A description becomes a frozen dataclass of the options that are read, and those
    that are given by position; what it computes once (a cached_property) is written as its value.
    """

    def __init__(self, layers: Iterable[Layer], substitutes: Mapping[Place, Place] | None = None) -> None:
        self.layers = tuple(layers)
        self.substitutes = dict(substitutes or {})
        self.places: set[Place] = set()
        self.members: dict[Place, set[str]] = {}
        self.entries: dict[Place, set[str]] = {}
        self.imports: set[Import] = set()
        self.attributes: set[str] = set()
        self.options: set[tuple[type, str]] = set()
        self.whole: set[Place] = set()  # tables that are read in other ways than by an option
        self._known = KNOWN.setdefault(frozenset(self.substitutes.items()), {})

    def need(self, *things: Any) -> None:
        """Carry these functions, classes or places, and all that they ask for."""
        for thing in things:
            place = thing if isinstance(thing, Place) else place_of(thing)
            self.whole.add(self.substituted(place))
            self.places.add(self.substituted(place))
        vars(self).pop("names", None)
        while self._grow():
            pass

    def substituted(self, place: Place) -> Place:
        return self.substitutes.get(place, place)

    def asked_by(self, thing: Any) -> set[str]:
        """The attributes that a function reads, and those that it calls."""
        waiting, seen, found = [place_of(thing)], set(), set()
        while waiting:
            place = waiting.pop()
            if place not in seen:
                seen.add(place)
                for facts in self.facts_of(place):
                    found |= facts.attributes
                    waiting += [read for read in facts.reads if isinstance(statement_of(read), ast.FunctionDef)]
        return found

    def members_of(self, place: Place) -> Iterator[tuple[str, ast.stmt]]:
        """(name, statement) of what a carried class keeps of its own, in the order of its source."""
        statement = statement_of(place)
        assert isinstance(statement, ast.ClassDef)
        for name, member in members(statement):
            if self._keeps(place, name, member):
                yield name, member

    def _keeps(self, place: Place, name: str, member: ast.stmt) -> bool:
        if is_description(place):
            return name in self.members.get(place, ())
        if not isinstance(member, ast.FunctionDef):
            return True
        if name.startswith("__") and name.endswith("__"):
            return name not in UNASKED
        return name in self.attributes

    def _grow(self) -> bool:
        """One round: whether it found more."""
        before = self._extent()
        for place in list(self.places):
            for facts in self.facts_of(place):
                self.places |= facts.reads | {table for table, _, _ in facts.entries}
                self.whole |= facts.reads
                self.imports |= facts.imports
                self.attributes |= facts.attributes
                self.options |= facts.options
                for kind, name in facts.above:
                    self._carry_member(kind.__mro__[1:], name)
                for table, kind, option in facts.entries:
                    self._carry_entries(table, kind, option)
        for kind in {type(layer) for layer in self.layers if place_of(type(layer)) in self.places}:
            self._carry_options(kind)
        return self._extent() != before

    def _extent(self) -> tuple[int, ...]:
        sizes = (len(self.places), len(self.imports), len(self.attributes), len(self.options), len(self.whole))
        return *sizes, sum(len(names) for names in (*self.members.values(), *self.entries.values()))

    def _carry_entries(self, table: Place, kind: type, option: str) -> None:
        used = {getattr(layer, option) for layer in self.layers if isinstance(layer, kind)}
        self.entries.setdefault(table, set()).update(used)

    def _carry_options(self, kind: type) -> None:
        """The members of a layer's class that are read of it, or given by position: what tells a reader which it is.

        Where a value stands for what the description computes once, the options that it is computed from do not.
        """
        read = {name for owner, name in self.options if issubclass(kind, owner)}
        for name in read:
            self._carry_member(kind.__mro__, name)
        if not any(isinstance(vars(base).get(name), cached_property) for base in kind.__mro__ for name in read):
            for f in fields(kind):
                if not f.kw_only:
                    self._carry_member(kind.__mro__, f.name)

    def _carry_member(self, among: Iterable[type], name: str) -> None:
        """The first of these classes that has a member, and it."""
        for kind in among:
            if name in vars(kind).get("__annotations__", {}) or name in vars(kind):
                place = place_of(kind)
                if not place.module.startswith(PACKAGE):
                    return
                member = dict(members(statement_of(place))).get(name)  # type: ignore[arg-type]
                if member is not None and not (isinstance(member, ast.FunctionDef) and is_stub(member)):
                    self.places.add(place)
                    self.members.setdefault(place, set()).add(name)
                return

    def facts_of(self, place: Place) -> Iterator[Facts]:
        """Of a carried function or constant; of a class, of each of its members that are kept."""
        statement = statement_of(place)
        match statement:
            case ast.ClassDef() if is_description(place):
                for name, member in self.members_of(place):
                    yield self._facts(place, name, *self._pieces(place, name, member))
            case ast.ClassDef():
                head = (*statement.decorator_list, *statement.bases)
                yield self._facts(place, "", *head)
                for name, member in self.members_of(place):
                    yield self._facts(place, name, member)
            case ast.FunctionDef():
                yield self._facts(place, "", bare(statement))
            case _:
                table = entries_of(statement)
                if table is None or place in self.whole:
                    yield self._facts(place, "", statement)
                else:
                    yield from self._facts_of_table(place, statement, table)

    def _facts_of_table(self, place: Place, statement: Any, table: ast.Dict) -> Iterator[Facts]:
        if isinstance(statement, ast.AnnAssign):
            yield self._facts(place, ":", statement.annotation)
        for key, value in zip(table.keys, table.values, strict=True):
            name = str(key.value)  # type: ignore[union-attr]
            if name in self.entries.get(place, ()):
                yield self._facts(place, name, value)

    def _pieces(self, place: Place, name: str, member: ast.stmt) -> tuple[ast.AST, ...]:
        """What a member of a description asks for: a method without its checks, a value's type, no field's."""
        if isinstance(member, ast.FunctionDef):
            if is_cached(member):
                return (member.returns,) if member.returns is not None else ()
            return (unchecked(member),)
        kind = thing_at(place)
        return () if is_dataclass(kind) and name in {f.name for f in fields(kind)} else (member,)

    def _facts(self, place: Place, name: str, *pieces: ast.AST) -> Facts:
        key = (place, name)
        if key not in self._known:
            own = thing_at(place) if isinstance(statement_of(place), ast.ClassDef) else None
            self._known[key] = Asking(place.module, self.substituted, own).of(*pieces)
        return self._known[key]

    @cached_property
    def names(self) -> dict[Place | Import, str]:
        """What everything is called, once nothing more is needed: by its own name, a second one by its module's too."""
        found: dict[Place | Import, str] = {imported: imported.alias for imported in sorted(self.imports, key=str)}
        taken = {*found.values(), *dir(builtins), *TAKEN}
        for place in sorted(self.places, key=in_order):
            name = place.name if place.name not in taken else _told_apart(place)
            taken.add(name)
            found[place] = name
        return found


def in_order(place: Place) -> tuple[str, int]:
    return place.module, statement_of(place).lineno


def _told_apart(place: Place) -> str:
    stem = place.module.rpartition(".")[2]
    return f"{stem.capitalize()}{place.name}" if place.name[0].isupper() else f"{stem}_{place.name.lstrip('_')}"


def noted(statement: ast.ClassDef, member: ast.stmt) -> ast.stmt | None:
    """The string below what a class assigns."""
    after = statement.body[statement.body.index(member) + 1 :][:1]
    is_text = after and isinstance(after[0], ast.Expr) and not isinstance(member, ast.FunctionDef)
    return after[0] if is_text else None


def members(statement: ast.ClassDef) -> Iterator[tuple[str, ast.stmt]]:
    """(name, statement) of what a class defines by name."""
    for part in statement.body:
        match part:
            case ast.FunctionDef(name=name):
                yield name, part
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name, part
            case ast.Assign(targets=[ast.Name(id=name)]) if name != "__doc__":
                yield name, part


def is_cached(method: ast.FunctionDef) -> bool:
    return any(isinstance(part, ast.Name) and part.id == "cached_property" for part in method.decorator_list)


def bare(function: ast.FunctionDef) -> ast.FunctionDef:
    """A function without the decorators that enter it in a table."""
    return changed(function, decorator_list=[part for part in function.decorator_list if not is_dropped(part)])


def is_dropped(decorator: ast.expr) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(target, ast.Name) and target.id in DROPPED
