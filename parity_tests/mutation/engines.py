"""An engine with one fault beside the sound one, and whether the parity check of its own cases sees it."""

from __future__ import annotations

import builtins
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from isograd.backends.numpy_impl import NumpyBackend, program
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.base.description import REGISTRY, Description
from isograd.core.graph.composite import Composite
from isograd.core.parity.pair import Pair
from isograd.core.parity.suite import Check, suite
from mutation.places import Mutant, source_file, with_probes

NUMPY = "isograd.backends.numpy_impl"
TORCH = "isograd.backends.torch_impl"
COMPOSITES = [kind for kind in REGISTRY["layer"].values() if issubclass(kind, Composite)]
HELPERS = {
    f"{NUMPY}.operations.products": {f"{NUMPY}.operations.linear"},
    f"{NUMPY}.operations.special": None,
    f"{NUMPY}.operations.convolve": {f"{NUMPY}.operations.conv", f"{NUMPY}.operations.pool"},
    f"{NUMPY}.operations.depthwise": {f"{NUMPY}.operations.conv"},
    f"{NUMPY}.operations.channels": {f"{NUMPY}.operations.norm"},
    f"{NUMPY}.operations.scans": {f"{NUMPY}.operations.recurrent"},
    f"{NUMPY}.operations.gru": {f"{NUMPY}.operations.recurrent"},
    f"{NUMPY}.operations.resample": {f"{NUMPY}.operations.pool", f"{NUMPY}.operations.resize"},
}
"""Modules without operations of their own, and whose operations use them (None: any may)."""

SEARCHES = f"{NUMPY}.searching"
"""A search has no rule, entry by entry, by which a witness could say who is wrong: a part of its own, held by tests."""

MADE = {f.__module__ for table in STANDARD for f in table.values()} - {SEARCHES}
MODULES = sorted(MADE | {program.__name__} | set(HELPERS))
"""The NumPy engine's operations, losses, optimizers and clippings, and what walks a graph of them."""

WITHOUT_WITNESS = {"schedule", "initializer"}
"""Families of which a report tells that two engines differ, not who is wrong; an engine's error is raised as it is."""

Found = tuple[type[Description], str, Check]
"""(description, why the case is there, how to check it)"""


class PrivateCopy:
    """An engine's modules a second time, some of them changed: Python's own know nothing of them.

    Each is executed afresh, with an import that finds the copies of the others; so whatever imported the changed
    function by name has the changed one, and the tables that fill as the modules are executed hold it.
    """

    def __init__(self, changed: Mapping[str, CodeType], root: str = NUMPY, **more: Any) -> None:
        self.changed, self.root, self.more = changed, root, more
        self.modules: dict[str, ModuleType] = {}

    def module(self, name: str) -> ModuleType:
        """The copy of the module of this name, executed when it is first asked for."""
        if name not in self.modules:
            made = self.modules[name] = ModuleType(name)
            vars(made)["__builtins__"] = vars(builtins) | {"__import__": self.imported} | self.more
            exec(self.changed.get(name) or compiled(name), vars(made))
        return self.modules[name]

    def imported(
        self, name: str, scope: Any = None, local: Any = None, wanted: Sequence[str] | None = (), level: int = 0
    ) -> ModuleType:
        """What an import statement of a copy gets: `from name import wanted`, for the modules of the engine."""
        if not name.startswith(self.root):
            return __import__(name, scope, local, wanted or (), level)
        made = self.module(name)
        for part in wanted or ():
            if part not in vars(made):
                setattr(made, part, self.module(f"{name}.{part}"))
        return made


@cache
def compiled(module: str) -> CodeType:
    """A module as it is."""
    return compile(source_file(module).read_text(), module, "exec")


def engine_with(mutant: Mutant, kind: type[NumpyBackend] = NumpyBackend) -> Any:
    """An engine (of this kind, where it is NumPy's) with this one fault, beside the sound one."""
    root, name = (TORCH, "TorchBackend") if mutant.module.startswith(TORCH) else (NUMPY, kind.__name__)
    copy_of_all = PrivateCopy({mutant.module: compile(mutant.tree, mutant.module, "exec")}, root)
    return getattr(copy_of_all.module(root), name)()


def kinds_of(mutant: Mutant) -> list[type]:
    """The descriptions whose cases can see a NumPy mutant: its function's own, or for a helper all that may use it."""
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
    if mutant.module.startswith(TORCH):
        faulty = replace(pair, right=engine_with(mutant))
        cases, name = cases_of(faulty, mutant), faulty.right.name
    else:
        faulty = replace(pair, left=engine_with(mutant))
        cases, name = own_cases(faulty, mutant), faulty.left.name
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for kind, why, check in cases:
            try:
                wrong = list(islice((culprit for rows, culprit in check() if any(row.failed for row in rows)), 1))
            except Exception:
                if kind.family in WITHOUT_WITNESS:
                    return "caught"
                raise
            for culprit in wrong:
                blamed = culprit.guilty if culprit else "nobody"
                same = blamed == name or kind.family in WITHOUT_WITNESS
                return "caught" if same else f"seen in {why!r}, but blamed is {blamed}"
    return "not seen"


def own_cases(pair: Pair, mutant: Mutant) -> list[Found]:
    """The cases of the kinds that a NumPy mutant's function computes, the likeliest first."""
    wanted = kinds_of(mutant)
    places = mutant.function, mutant.module.rpartition(".")[2]  # lstm_scan: LSTM first; gru.py: GRU
    likely = [kind for kind in wanted if any(place.startswith(kind.__name__.lower()) for place in places)]
    cases = [(kind, why, check) for kind, why, check in suite(pair) if kind in wanted]
    return sorted(cases, key=lambda case: case[0] not in likely)


def cases_of(pair: Pair, mutant: Mutant) -> list[Found]:
    """The cases in which PyTorch's side runs the function that a mutant sits in."""
    reached = reached_by_cases()
    return [
        (kind, why, check) for kind, why, check in suite(pair) if (mutant.module, mutant.function) in reached[kind, why]
    ]


@cache
def reached_by_cases() -> Mapping[tuple[type, str], set[tuple[str, str]]]:
    """{case: the functions of the PyTorch engine that its check runs}"""
    found: dict[tuple[type, str], set[tuple[str, str]]] = {}
    here: set[tuple[str, str]] = set()
    names = [f"{TORCH}.{path.stem}" for path in source_file(TORCH).parent.glob("*.py") if path.stem != "__init__"]
    probed = {name: compile(with_probes(name), name, "exec") for name in names}
    engine = PrivateCopy(probed, TORCH, reached_=lambda *place: here.add(place)).module(TORCH).TorchBackend()
    for kind, why, check in suite(Pair.named("numpy", engine)):
        here.clear()
        for _ in check():
            pass
        found[kind, why] = set(here)
    return found
