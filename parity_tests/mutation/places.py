"""Where faults can sit: every node of a module's functions, found in its source without importing it."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from mutation.equivalent import reason
from mutation.faults import KINDS

OPERATIONS = ("operations",)
EVERY_KIND = tuple(KINDS)
Function = ast.FunctionDef | ast.Assign
"""A function, a method, or an entry of a table that is a lambda."""


@dataclass(frozen=True)
class Mutant:
    """One fault: the kind, the function it sits in, the text before and after, and its place in the module."""

    kind: str
    module: str
    function: str  # "f", "Class.method" or "TABLE[Entry]"
    line: int
    before: str
    after: str
    place: tuple[int, int, str, int]  # number of the function, of the node in it; which faults, which of them

    @functools.cached_property
    def tree(self) -> ast.Module:
        """The changed module."""
        tree = parsed(self.module)
        f, s, family, k = self.place
        here = sites_of(functions_of(tree)[f][1])[s]
        _, new = list(KINDS[family](here))[k]
        changed: ast.Module = _Swap(here, new).visit(tree)
        return ast.fix_missing_locations(changed)

    def __str__(self) -> str:
        return f"{self.function}, line {self.line}, {self.kind}: {self.before}  →  {self.after}"


@functools.cache
def source_file(module: str) -> Path:
    """The file of one of our modules, installed or in a checkout."""
    found = PathFinder.find_spec("isograd")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    parts = module.split(".")[1:]
    for root in (package, package.parent):
        stem = root.joinpath(*parts)
        for path in (stem.with_suffix(".py"), stem / "__init__.py"):
            if path.is_file():
                return path
    raise FileNotFoundError(module)


def parsed(module: str) -> ast.Module:
    return ast.parse(source_file(module).read_text())


def functions_of(tree: ast.Module) -> list[tuple[str, Function]]:
    """(name, node) of the module's functions, its classes' methods and the lambdas that it enters into tables."""
    found: list[tuple[str, Function]] = []
    found += [(node.name, node) for node in tree.body if isinstance(node, ast.FunctionDef)]
    for kind in tree.body:
        if isinstance(kind, ast.ClassDef):
            found += [(f"{kind.name}.{node.name}", node) for node in kind.body if isinstance(node, ast.FunctionDef)]
    for node in tree.body:
        match node:
            case ast.Assign([ast.Subscript(ast.Name(table), entry)], ast.Lambda()):
                found.append((f"{table}[{ast.unparse(entry).rpartition('.')[2]}]", node))
    return found


def sites_of(function: Function) -> list[ast.AST]:
    """The nodes of a function's code: neither its annotations nor its decorators."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = [function.value.body] if isinstance(function, ast.Assign) else list(function.body)  # type: ignore[attr-defined]
    while waiting:
        node = waiting.pop()
        if is_silent(node):
            continue
        found.append(node)
        if isinstance(node, ast.FunctionDef):
            waiting += node.body
        elif isinstance(node, ast.AnnAssign):
            waiting += [node.value] if node.value else []
        else:
            waiting += ast.iter_child_nodes(node)
    return sorted(found, key=lambda n: (getattr(n, "lineno", 0), getattr(n, "col_offset", 0)))


def is_silent(node: ast.AST) -> bool:
    """Whether only the words of an error stand here, which tests of messages hold, or what no sound run needs."""
    match node:
        case ast.Call(ast.Name(name)) | ast.Call(ast.Attribute(_, name)):
            return name.endswith("Error")
        case ast.keyword("strict"):
            return True
    return isinstance(node, (ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom))


def mutants_of(module: str, kinds: Sequence[str] = OPERATIONS) -> Iterator[Mutant]:
    """Every fault of these kinds in every function of a module, one at a time."""
    for f, (name, function) in enumerate(functions_of(parsed(module))):
        seen: set[tuple[int, str]] = set()
        for s, site in enumerate(sites_of(function)):
            for family in kinds:
                for k, (kind, replacement) in enumerate(KINDS[family](site)):
                    before, after = shown(site), shown(replacement)
                    if before == after or (s, after) in seen or reason(module, name, before, after):
                        continue
                    seen.add((s, after))
                    yield Mutant(kind, module, name, line_of(site, function), before, after, (f, s, family, k))


def line_of(site: ast.AST, function: Function) -> int:
    return getattr(site, "lineno", function.lineno)


def shown(node: ast.AST) -> str:
    """A node as text; of an `if` its condition alone."""
    if isinstance(node, ast.If):
        return f"if {ast.unparse(node.test)}"
    return ast.unparse(node).strip()


def with_probes(module: str) -> ast.Module:
    """A module each of whose functions says `reached_(module, name)` when it is entered."""
    tree = parsed(module)
    for name, function in functions_of(tree):
        told = ast.Call(ast.Name("reached_", ast.Load()), [ast.Constant(module), ast.Constant(name)], [])
        if isinstance(function, ast.FunctionDef):
            start = 1 if ast.get_docstring(function) is not None else 0
            function.body.insert(start, ast.Expr(told))
        else:
            assert isinstance(function.value, ast.Lambda)
            both = ast.Tuple([told, function.value.body], ast.Load())
            function.value.body = ast.Subscript(both, ast.Constant(1), ast.Load())
    return ast.fix_missing_locations(tree)


class _Swap(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)
