"""What a piece of source asks for: names, attributes, and options of descriptions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from isograd.core.base.description import Description
from isograd.exporting.shaking.reading import Import, Place, Statement, names_read, resolved

CHECKING = ("check", "_check")
"""How functions begin that only raise: a description that an export holds has been checked."""


@dataclass
class Facts:
    """What one piece asks for."""

    reads: set[Place] = field(default_factory=set)
    imports: set[Import] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    options: set[tuple[type, str]] = field(default_factory=set)  # of a description of this class, or one derived
    above: set[tuple[type, str]] = field(default_factory=set)  # super().name, asked by this class
    entries: set[tuple[Place, type, str]] = field(default_factory=set)  # TABLE[spec.option]


@cache
def thing_at(place: Place) -> Any:
    """The class, function or value itself."""
    return getattr(import_module(place.module), place.name)


def is_description(place: Place) -> bool:
    found = thing_at(place)
    return isinstance(found, type) and issubclass(found, Description)


def place_of(thing: Any) -> Place:
    """Where a class or function is made."""
    return Place(thing.__module__, thing.__name__)


def only_raises(statement: ast.stmt) -> bool:
    """Whether a statement checks, and computes nothing."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))):
            return name.startswith(CHECKING)
        case ast.If(orelse=[], body=[*_, ast.Raise()]):
            return True
    return False


def checks_in(method: ast.FunctionDef) -> list[ast.stmt]:
    """The statements of a description's method that only check."""
    return [statement for statement in method.body if only_raises(statement)]


def unchecked(method: ast.FunctionDef) -> ast.FunctionDef:
    """The method without them."""
    return changed(method, body=[statement for statement in method.body if not only_raises(statement)])


def changed(function: ast.FunctionDef, **parts: Any) -> ast.FunctionDef:
    """The function with other parts; the rest is shared."""
    return ast.FunctionDef(**{name: getattr(function, name) for name in function._fields} | parts)


def is_stub(method: ast.FunctionDef) -> bool:
    """Whether it only says what derived classes have."""
    return isinstance(method.body[-1], ast.Raise) and len(method.body) <= 2


class Asking:
    """Finds the facts of a piece of one module; `own` is the class whose method it is."""

    def __init__(self, module: str, substituted: Callable[[Place], Place], own: type | None = None) -> None:
        self.module, self.substituted, self.own = module, substituted, own
        self.facts = Facts()

    def of(self, *pieces: ast.AST) -> Facts:
        for piece in pieces:
            self._ask(piece)
        return self.facts

    def target(self, name: str) -> Place | Import | None:
        found = resolved(Place(self.module, name))
        return self.substituted(found) if isinstance(found, Place) else found

    def _ask(self, piece: ast.AST) -> None:
        described = self._described(piece)
        keyed: set[int] = set()
        for node in ast.walk(piece):
            match node:
                case ast.Attribute(value=ast.Name(id=name), attr=attr) if name in described:
                    self.facts.options |= {(kind, attr) for kind in described[name]}
                case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=attr) if self.own is not None:
                    self.facts.above.add((self.own, attr))
                case ast.Attribute(attr=attr):
                    self.facts.attributes.add(attr)
                case ast.Subscript(value=ast.Name(id=table) as at, slice=ast.Attribute(value=ast.Name(id=name))):
                    found = self.target(table)
                    if name in described and isinstance(found, Place):
                        option = node.slice.attr  # type: ignore[attr-defined]
                        self.facts.entries |= {(found, kind, option) for kind in described[name]}
                        keyed.add(id(at))
        for read in names_read(piece):
            found = self.target(read.id)
            if isinstance(found, Import):
                self.facts.imports.add(found)
            elif found is not None and id(read) not in keyed:
                self.facts.reads.add(found)

    def _described(self, piece: ast.AST) -> dict[str, list[type]]:
        """{argument: the descriptions that it is said to be}, of a function and of those within it."""
        found: dict[str, list[type]] = {}
        if self.own is not None and issubclass(self.own, Description):
            found["self"] = [self.own]
        for node in ast.walk(piece):
            if isinstance(node, ast.arg) and node.annotation is not None:
                kinds = list(self._kinds(node.annotation))
                if kinds:
                    found[node.arg] = kinds
        return found

    def _kinds(self, annotation: ast.expr) -> Iterator[type]:
        for node in ast.walk(annotation):
            if isinstance(node, ast.Name):
                target = self.target(node.id)
                if isinstance(target, Place) and is_description(target):
                    yield thing_at(target)


def entries_of(statement: Statement) -> ast.Dict | None:
    """The table that an assignment writes down, where its keys are texts."""
    value = getattr(statement, "value", None)
    if isinstance(value, ast.Dict) and all(
        isinstance(key, ast.Constant) and isinstance(key.value, str) for key in value.keys
    ):
        return value
    return None
