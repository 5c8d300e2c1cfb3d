"""A module of isograd as its source: what each of its names is bound to, and which names a piece of it reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from inspect import getsource
from typing import TypeAlias

PACKAGE = "isograd."
Statement: TypeAlias = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign
Function: TypeAlias = ast.FunctionDef | ast.Lambda
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Place:
    """A name at the top of a module of isograd."""

    module: str
    name: str


@dataclass(frozen=True)
class Import:
    """A name that comes from elsewhere: `from module import name as alias`, or `import module as alias`."""

    module: str
    name: str | None
    alias: str


class Module:
    """The source of one module."""

    def __init__(self, name: str) -> None:
        self.name = name
        text = getsource(import_module(name))
        self.lines = text.splitlines()
        self.tree = ast.parse(text)
        self.bound: dict[str, Statement | Import] = {}
        self.notes: dict[str, ast.Expr] = {}  # the string below an assignment
        self._read(self.tree.body)

    @property
    def doc(self) -> str:
        return ast.get_docstring(self.tree) or ""

    def _read(self, body: list[ast.stmt]) -> None:
        before: str | None = None
        for statement in body:
            if isinstance(statement, ast.Expr) and before is not None:
                self.notes[before] = statement
            before = None
            match statement:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    self.bound[name] = statement
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                    self.bound[name] = statement
                    before = name
                case ast.Assign(targets=[ast.Tuple(elts=names)]):
                    self.bound |= {name.id: statement for name in names if isinstance(name, ast.Name)}
                case ast.AugAssign(target=ast.Name(id=name)):
                    raise NotImplementedError(f"{self.name}: {name} is made by several statements; write it in one")
                case ast.ImportFrom(module=str(module), names=names):
                    for entry in names:
                        alias = entry.asname or entry.name
                        self.bound[alias] = Import(module, entry.name, alias)
                case ast.Import(names=names):
                    for entry in names:
                        self.bound[entry.asname or entry.name] = Import(entry.name, None, entry.asname or entry.name)
                case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=inner):
                    self._read(inner)


@cache
def module(name: str) -> Module:
    """A module, read once."""
    return Module(name)


@cache
def resolved(place: Place) -> Place | Import | None:
    """Where a name of a module is made: in a module of isograd, elsewhere, or, a built-in one, nowhere."""
    found = module(place.module).bound.get(place.name)
    if not isinstance(found, Import):
        return None if found is None else place
    if found.name is None or not found.module.startswith(PACKAGE):
        return found
    return resolved(Place(found.module, found.name))


def statement_of(place: Place) -> Statement:
    """What makes a name."""
    found = module(place.module).bound[place.name]
    assert not isinstance(found, Import)
    return found


@cache
def places_read(name: str, node: ast.AST) -> tuple[tuple[ast.Name, Place], ...]:
    """The names of isograd's that a piece of a module reads, and where they are made."""
    found = ((read, resolved(Place(name, read.id))) for read in names_read(node))
    return tuple((read, target) for read, target in found if isinstance(target, Place))


def names_read(node: ast.AST, bound: frozenset[str] = frozenset()) -> Iterator[ast.Name]:
    """The names in a piece of source that are not its own, annotations among them."""
    match node:
        case ast.Name(id=name):
            if name not in bound:
                yield node
        case ast.FunctionDef() | ast.Lambda():
            yield from _of_function(node, bound)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            inner = bound | {name for part in node.generators for name in _stored(part.target)}
            for child in ast.iter_child_nodes(node):
                yield from names_read(child, inner)
        case ast.ClassDef():
            own = bound | {name for part in node.body for name in _stored(part)}
            for part in (*node.decorator_list, *node.bases, *node.keywords):
                yield from names_read(part, bound)
            for part in node.body:
                yield from names_read(part, bound if isinstance(part, ast.FunctionDef) else own)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from names_read(child, bound)


def _of_function(node: Function, bound: frozenset[str]) -> Iterator[ast.Name]:
    every = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg)
    given = [argument for argument in every if argument is not None]
    outside: list[ast.AST] = [argument.annotation for argument in given if argument.annotation is not None]
    outside += [value for value in (*node.args.defaults, *node.args.kw_defaults) if value is not None]
    body: list[ast.stmt] | list[ast.expr] = [node.body] if isinstance(node, ast.Lambda) else node.body
    if isinstance(node, ast.FunctionDef):
        outside += node.decorator_list
        outside += [node.returns] if node.returns is not None else []
    for part in outside:
        yield from names_read(part, bound)
    inner = bound | {argument.arg for argument in given} | {name for part in body for name in _stored(part)}
    for part in body:
        yield from names_read(part, inner)


def _stored(node: ast.AST) -> Iterator[str]:
    """The names that a statement binds, those of functions and comprehensions within it left out."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.ExceptHandler(name=str(name)):
            yield name
            for child in ast.iter_child_nodes(node):
                yield from _stored(child)
        case _:
            if not isinstance(node, (ast.Lambda, *COMPREHENSIONS)):
                for child in ast.iter_child_nodes(node):
                    yield from _stored(child)
