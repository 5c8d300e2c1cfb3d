"""Plants one fault at a time in every operation of numpy_impl and prints caught / planted.

Run it by itself (`python parity_tests/mutants.py`, `--survivors` for details); test_mutants.py runs it too.
A mutant is an engine of its own, in tables of its own, so that the sound one is there beside it. It counts as caught
when the parity check of its own cases fails and blames that case and NumPy.
"""

from __future__ import annotations

import ast
import builtins
import copy
import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from isograd.backends.numpy_impl import NumpyBackend, program
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.base.description import REGISTRY
from isograd.core.graph.composite import Composite
from isograd.core.parity.pair import Pair
from isograd.core.parity.suite import suite

ROOT = "isograd.backends.numpy_impl"
COMPOSITES = [kind for kind in REGISTRY["layer"].values() if issubclass(kind, Composite)]
HELPERS = {
    f"{ROOT}.operations.products": {f"{ROOT}.operations.linear"},
    f"{ROOT}.operations.special": None,
    f"{ROOT}.operations.convolve": {f"{ROOT}.operations.conv", f"{ROOT}.operations.pool"},
    f"{ROOT}.operations.scans": {f"{ROOT}.operations.recurrent"},
    f"{ROOT}.operations.gru": {f"{ROOT}.operations.recurrent"},
    f"{ROOT}.operations.resample": {f"{ROOT}.operations.pool", f"{ROOT}.operations.resize"},
}
"""Modules without operations of their own, and whose operations use them (None: any may)."""

MODULES = sorted({f.__module__ for table in STANDARD for f in table.values()} | {program.__name__} | set(HELPERS))

EQUIVALENT = {
    ("__call__", "self.graph.slots - len(x)", "self.graph.slots + len(x)"): "spare slots are never read",
    ("__call__", "self.graph.slots - len(x)", "self.graph.slots"): "spare slots are never read",
    ("padded_sizes", "a.out - 1", "a.out + 1"): "room that no window reads",
    ("padded_sizes", "a.out - 1", "a.out"): "room that no window reads",
    ("adaptive_max_pool", "stops - starts", "stops + starts"): "repeats each window's last place more often",
    ("adaptive_max_pool", "stops - starts", "stops"): "repeats each window's last place more often",
    ("buffers", "lines.reshape(shape)", "lines.reshape(shape, order='F')"): "only axes of length one come and go",
    ("pieces", "row * count", "row"): "the size of a block of images",
    ("pieces", "row * count", "count"): "the size of a block of images",
    ("convolve_dx", "COPIES_FOR_AN_ADD * channels", "COPIES_FOR_AN_ADD"): "two ways to the same dx",
    ("convolve_dx", "COPIES_FOR_AN_ADD * channels", "channels"): "two ways to the same dx",
    **{
        (function, before, f"{before[:-1]}, order='F')"): "a vector has one reading order"
        for function, before in [
            ("class_weights", "weights.reshape(-1, *[1] * (p.ndim - 2))"),
            ("chosen", "np.arange(p.shape[1]).reshape(-1, *[1] * (p.ndim - 2))"),
        ]
    },
}
"""Changes that change nothing, each with the reason why: they are not faults, so nothing can catch them."""

SPEED_ALONE = {
    "blocks": "how a batch is cut into blocks changes no value",
    "row_bytes": "nor does it matter how large they are",
    "slice_length": "nor how many rows a product takes at a time",
}
"""Functions that decide nothing but speed."""


@dataclass(frozen=True)
class Mutant:
    """One fault: the kind, the function it sits in, the text before and after, and its place in the module."""

    kind: str
    module: str
    function: str
    line: int
    before: str
    after: str
    place: tuple[int, int, int]  # number of the function, of the node in it, of the fault at the node

    @functools.cached_property
    def tree(self) -> ast.Module:
        """The changed module."""
        tree = parsed(self.module)
        f, s, k = self.place
        here = sites_of(functions_of(tree)[f])[s]
        _, new = list(faults_of(here))[k]
        changed: ast.Module = _Swap(here, new).visit(tree)
        return ast.fix_missing_locations(changed)

    def __str__(self) -> str:
        return f"{self.function}, line {self.line}, {self.kind}: {self.before}  →  {self.after}"


def faults_of(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """(kind, replacement) of every fault that can sit at this node."""
    match node:
        case ast.BinOp(left, ast.Add(), right):
            yield "sign", ast.BinOp(left, ast.Sub(), right)
            yield "forgotten term", left
        case ast.BinOp(left, ast.Sub(), right):
            yield "sign", ast.BinOp(left, ast.Add(), right)
            yield "forgotten term", left
        case ast.BinOp(left, ast.Mult(), right):
            yield "missing factor", left
            yield "missing factor", right
        case ast.BinOp(left, ast.Div(), _):
            yield "missing factor", left
        case ast.BinOp(left, ast.MatMult(), right):
            yield "transposed", ast.BinOp(_transposed(left), ast.MatMult(), right)
        case ast.UnaryOp(ast.USub(), operand) if not isinstance(operand, ast.Constant):
            yield "sign", operand
        case ast.Attribute(value, "T"):
            yield "transposed", value
        case ast.Call(ast.Attribute(value, "swapaxes")):
            yield "transposed", value
        case ast.Call(ast.Attribute(_, "sum" | "max" | "mean"), [ast.Constant(axis), *_]) if isinstance(axis, int):
            yield "wrong axis", _with_axis(node, ast.Constant(1 - axis))
        case ast.Call(ast.Attribute(_, "sum" | "max" | "mean"), [ast.Attribute(_, "dim"), *_]):
            yield "wrong axis", _with_axis(node, ast.Constant(0))
        case ast.AugAssign(target, ast.Add(), value):
            yield "forgotten term", ast.Pass()
            yield "sign", ast.AugAssign(target, ast.Sub(), value)
        case ast.AugAssign(_, ast.Mult() | ast.Div(), _):
            yield "missing factor", ast.Pass()
        case ast.AugAssign(target, ast.Sub(), value):
            yield "forgotten term", ast.Pass()
            yield "sign", ast.AugAssign(target, ast.Add(), value)
        case ast.Assign([ast.Subscript(ast.Name("grads"), _)], _):
            yield "forgotten term", ast.Pass()
        case ast.Call(function, positional, [ast.keyword("axis", _)]):
            yield "wrong axis", ast.Call(function, positional, [ast.keyword("axis", ast.Constant(0))])
        case ast.Call(ast.Attribute(_, "reshape"), _, []):
            yield "transposed", ast.Call(node.func, node.args, [ast.keyword("order", ast.Constant("F"))])
        case ast.Return(ast.Tuple([result, *rest])) if not isinstance(result, ast.Constant):
            yield "sign", ast.Return(ast.Tuple([ast.UnaryOp(ast.USub(), result), *rest], ast.Load()))
        case ast.Compare(left, [ast.Gt() | ast.GtE()], right):
            yield "wrong side", ast.Compare(left, [ast.Lt()], right)


def _transposed(matrix: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(matrix, "swapaxes", ast.Load()), [ast.Constant(-1), ast.Constant(-2)], [])


def _with_axis(call: ast.AST, axis: ast.expr) -> ast.AST:
    changed = copy.deepcopy(call)
    changed.args[0] = axis  # type: ignore[attr-defined]
    return changed


def parsed(module: str) -> ast.Module:
    return ast.parse(inspect.getsource(importlib.import_module(module)))


def functions_of(tree: ast.Module) -> list[ast.FunctionDef]:
    """The module's functions and its classes' methods."""
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    return [node for body in bodies for node in body if isinstance(node, ast.FunctionDef)]


def sites_of(function: ast.FunctionDef) -> list[ast.AST]:
    """The nodes of a function's code: neither its annotations nor its decorators."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        found.append(node)
        if isinstance(node, ast.FunctionDef):
            waiting += node.body
        elif isinstance(node, ast.AnnAssign):
            waiting += [node.value] if node.value else []
        else:
            waiting += ast.iter_child_nodes(node)
    return sorted(found, key=lambda n: (getattr(n, "lineno", 0), getattr(n, "col_offset", 0)))


def mutants_of(module: str) -> Iterator[Mutant]:
    """Every fault of every function of a module, one at a time."""
    for f, function in enumerate(functions_of(parsed(module))):
        for s, site in enumerate(sites_of(function)):
            for k, (kind, replacement) in enumerate(faults_of(site)):
                before, after = ast.unparse(site), ast.unparse(replacement)
                known = (function.name, before, after) in EQUIVALENT or function.name in SPEED_ALONE
                if not known and before != after:
                    yield Mutant(kind, module, function.name, site.lineno, before, after, (f, s, k))  # type: ignore[attr-defined]


class _Swap(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


class PrivateCopy:
    """The NumPy engine's modules a second time, one of them changed: Python's own know nothing of them.

    Each is executed afresh, with an import that finds the copies of the others; so whatever imported the changed
    function by name has the changed one, and the tables that fill as the modules are executed hold it.
    """

    def __init__(self, changed: Mapping[str, CodeType]) -> None:
        self.changed = changed
        self.modules: dict[str, ModuleType] = {}

    def module(self, name: str) -> ModuleType:
        """The copy of the module of this name, executed when it is first asked for."""
        if name not in self.modules:
            made = self.modules[name] = ModuleType(name)
            vars(made)["__builtins__"] = vars(builtins) | {"__import__": self.imported}
            exec(self.changed.get(name) or compiled(name), vars(made))
        return self.modules[name]

    def imported(
        self, name: str, scope: Any = None, local: Any = None, wanted: Sequence[str] | None = (), level: int = 0
    ) -> ModuleType:
        """What an import statement of a copy gets: `from name import wanted`, for the modules of the engine."""
        if not name.startswith(ROOT):
            return __import__(name, scope, local, wanted or (), level)
        made = self.module(name)
        for part in wanted or ():
            if part not in vars(made):
                setattr(made, part, self.module(f"{name}.{part}"))
        return made


@cache
def compiled(module: str) -> CodeType:
    """A module as it is."""
    return compile(inspect.getsource(importlib.import_module(module)), module, "exec")


def engine_with(mutant: Mutant, kind: type[NumpyBackend] = NumpyBackend) -> NumpyBackend:
    """An engine (of this kind) with this one fault, beside the sound one."""
    copy_of_all = PrivateCopy({mutant.module: compile(mutant.tree, mutant.module, "exec")})
    engine: NumpyBackend = getattr(copy_of_all.module(ROOT), kind.__name__)()
    return engine


def kinds_of(mutant: Mutant) -> list[type]:
    """The descriptions whose cases can see the mutant: its function's own, or for a helper all that may use it."""
    if mutant.module == program.__name__:
        return list(COMPOSITES)
    entries = [(kind, function) for table in STANDARD for kind, function in table.items()]
    own = [kind for kind, f in entries if (f.__module__, f.__name__) == (mutant.module, mutant.function)]
    if own:
        return own
    users = HELPERS.get(mutant.module, {mutant.module}) or MODULES
    return [kind for kind, f in entries if f.__module__ in users]


def verdict(mutant: Mutant, pair: Pair) -> str:
    """ "caught", or how it got away."""
    wanted = kinds_of(mutant)
    places = mutant.function, mutant.module.rpartition(".")[2]  # lstm_scan: LSTM first; gru.py: GRU
    likely = [kind for kind in wanted if any(place.startswith(kind.__name__.lower()) for place in places)]
    faulty = replace(pair, left=engine_with(mutant))
    cases = [(kind, why, check) for kind, why, check in suite(faulty) if kind in wanted]
    with np.errstate(all="ignore"):
        for _, why, check in sorted(cases, key=lambda case: case[0] not in likely):
            for rows, culprit in check():
                if any(row.failed for row in rows):
                    blamed = culprit.guilty if culprit else "nobody"
                    return "caught" if blamed == faulty.left.name else f"seen in {why!r}, but blamed is {blamed}"
    return "not seen"


def survey(report: Callable[[Mutant, str], None]) -> None:
    """Plant every mutant and tell `report` what became of it."""
    pair = Pair.named()
    for module in MODULES:
        for mutant in mutants_of(module):
            report(mutant, verdict(mutant, pair))


def main() -> int:
    counts: dict[str, list[int]] = {}
    lost: list[str] = []

    def count(mutant: Mutant, outcome: str) -> None:
        row = counts.setdefault(f"{mutant.module.removeprefix(f'{ROOT}.')}.{mutant.function}", [0, 0])
        row[0] += outcome == "caught"
        row[1] += 1
        if outcome != "caught":
            lost.append(f"{mutant}\n    {outcome}")
            print(lost[-1])

    survey(count)
    for name, (caught, number) in counts.items():
        print(f"{name:45} {caught:4} / {number}")
    caught, number = (sum(row[k] for row in counts.values()) for k in (0, 1))
    print(
        f"{'caught / planted':45} {caught:4} / {number}   ({len(EQUIVALENT)} changes known to change nothing left out)"
    )
    return int(caught != number)


if __name__ == "__main__":
    sys.exit(main())
