"""Faults in what no table holds (trainer, judge, networks): planted in a fork of a collected test run.

The tests of a part are collected once, with the sound modules. Each mutant then gets a process of its own, forked from
there, in which the code of one function is replaced before the first test runs; so it costs those tests alone that
enter this function. Which do, and how long they take, is measured first, in a fork whose functions tell.
"""

from __future__ import annotations

import ast
import os
import pickle
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from itertools import accumulate
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from mutation.places import Function, Mutant, functions_of, with_probes

FOLDER = Path(__file__).resolve().parents[1]
WORKERS = 2
PATIENCE = 20.0, 5.0  # seconds, and times what the sound tests took, before a mutant counts as one that never ends
ASLEEP = 900.0  # seconds by the clock, whatever is computed in them
MEMORY = 1 << 35  # bytes of address space
Place = tuple[str, str]
"""(module, function)"""


@dataclass
class Ran:
    """What one test did when nothing was planted."""

    seconds: float
    passed: bool
    reached: set[Place]


@dataclass(eq=False)
class Planter:
    """The pytest plugin that runs the collected tests once for each mutant, and tells `report` what became of it."""

    mutants: Sequence[Mutant]
    report: Callable[[Mutant, str], None]
    workers: int = WORKERS
    most: float | None = None  # seconds of tests for each mutant, the quickest tests first; None: all of them
    failed: str | None = None  # in a fork: the test that fails there
    sound: dict[str, Ran] = field(default_factory=dict)
    running: dict[int, tuple[Mutant, Path]] = field(default_factory=dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        assert not report.failed, report.longreprtext

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.measure(session)
        for mutant in self.mutants:
            place = mutant.module, mutant.function
            tests = self.tests_of(session.items, place)
            if not tests:
                self.report(mutant, "not seen: no test enters the function")
                continue
            if len(self.running) >= self.workers:
                self.collect()
            seconds = sum(self.sound[item.nodeid].seconds for item in tests)
            work = partial(self.first_failure, tests, mutant)
            pid, told = forked(work, PATIENCE[0] + PATIENCE[1] * seconds)
            self.running[pid] = mutant, told
        while self.running:
            self.collect()
        return True

    def tests_of(self, items: Sequence[pytest.Item], place: Place) -> list[pytest.Item]:
        """The tests that enter a function, the quickest first."""
        entering = [item for item in items if place in self.sound[item.nodeid].reached]
        entering.sort(key=lambda item: self.sound[item.nodeid].seconds)
        so_far = accumulate(self.sound[item.nodeid].seconds for item in entering)
        few = [item for item, total in zip(entering, so_far, strict=True) if self.most is None or total <= self.most]
        return few or entering[:1]

    def measure(self, session: pytest.Session) -> None:
        """Which functions each test enters, and how long it takes; all must pass."""
        pid, told = forked(lambda: dict(self.all_tests(session.items)))
        os.waitpid(pid, 0)
        self.sound = taken(told)
        wrong = [name for name, ran in self.sound.items() if not ran.passed]
        assert not wrong, f"fail with nothing planted: {wrong}"

    def all_tests(self, items: Sequence[pytest.Item]) -> Iterator[tuple[str, Ran]]:
        reached: set[Place] = set()
        for module in sorted({mutant.module for mutant in self.mutants}):
            plant(module, with_probes(module), module, reached)
        for k, item in enumerate(items):
            reached.clear()
            self.failed, start = None, time.process_time()
            run(item, items[k + 1] if k + 1 < len(items) else None)
            yield item.nodeid, Ran(time.process_time() - start, self.failed is None, set(reached))

    def first_failure(self, items: Sequence[pytest.Item], mutant: Mutant) -> str | None:
        """The first test that fails with this fault."""
        plant(mutant.module, mutant.tree, mutant.function)
        for k, item in enumerate(items):
            run(item, items[k + 1] if k + 1 < len(items) else None)
            if self.failed is not None:
                return self.failed
        return None

    def collect(self) -> None:
        """Wait for one fork, and tell what became of its mutant."""
        pid, status = os.wait()
        mutant, told = self.running.pop(pid)
        if os.WIFSIGNALED(status):
            told.unlink()
            self.report(mutant, "caught")  # it never ends, or ends the process
            return
        found = taken(told)
        if isinstance(found, Exception):
            raise found
        self.report(mutant, "not seen" if found is None else "caught")


def run(item: pytest.Item, following: pytest.Item | None) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def forked(work: Callable[[], Any], seconds: float = 3600.0) -> tuple[int, Path]:
    """(process, file of what `work` returns there, or of the error);
    a signal ends it when its time is over."""
    handle, name = tempfile.mkstemp()
    os.close(handle)
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid, Path(name)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, ASLEEP)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    scratch = tempfile.mkdtemp()
    os.environ["PYTEST_DEBUG_TEMPROOT"] = scratch
    try:
        found = work()
    except BaseException as error:
        found = error if isinstance(error, NotPlanted) else "the run itself"
    shutil.rmtree(scratch, ignore_errors=True)
    Path(name).write_bytes(pickle.dumps(found))
    os._exit(0)


def taken(told: Path) -> Any:
    found = pickle.loads(told.read_bytes())
    told.unlink()
    return found


class NotPlanted(Exception):
    """A function that is not where the source says."""


def plant(module: str, tree: ast.Module, function: str, reached: set[Place] | None = None) -> None:
    """Give one function of a loaded module (or, with `reached`, all) the code that it has in `tree`."""
    loaded = import_module(module)
    code = compile(tree, str(loaded.__file__), "exec")
    if reached is not None:
        vars(loaded)["reached_"] = lambda *place: reached.add(place)
    for name, node in functions_of(tree):
        if reached is not None or name == function:
            target, new = loaded_function(loaded, name), code_of(code, name, node)
            if target.__code__.co_freevars != new.co_freevars:  # without its super()
                raise NotPlanted(f"{module}.{name}")
            target.__code__ = new


def loaded_function(module: Any, name: str) -> FunctionType:
    """The function itself, out of what decorators made of it."""
    table, _, entry = name.rstrip("]").partition("[")
    if entry:
        return next(f for key, f in getattr(module, table).items() if key.__name__ == entry)
    kind, _, method = name.rpartition(".")
    found: Any = vars(getattr(module, kind))[method] if kind else getattr(module, name)
    while not isinstance(found, FunctionType) or hasattr(found, "__wrapped__"):
        inner = [getattr(found, part) for part in ("__wrapped__", "__func__", "fget", "func") if hasattr(found, part)]
        if not inner:
            raise NotPlanted(f"{module.__name__}.{name}")
        found = inner[0]
    return found


def code_of(code: CodeType, name: str, node: Function) -> CodeType:
    """The code object of a function, a method or a table's lambda in that of its module."""
    inner = [part for part in code.co_consts if isinstance(part, CodeType)]
    if isinstance(node, ast.Assign):
        return next(part for part in inner if part.co_name == "<lambda>" and part.co_firstlineno == node.value.lineno)
    first, _, rest = name.partition(".")
    found = next(part for part in inner if part.co_name == first)
    return code_of(found, rest, node) if rest else found


def killed_by_tests(
    mutants: Sequence[Mutant], files: Sequence[str], report: Callable[[Mutant, str], None], most: float | None = None
) -> None:
    """Plant each mutant and run the tests of these files, and its module's doctests, that enter its function."""
    doctests = [f"front/test_docs.py::test_doctests[{name}]" for name in sorted({m.module for m in mutants})]
    options = ["-qq", "--no-header", "--no-summary", "--capture=no", "-p", "no:cacheprovider", "-p", "no:xdist"]
    options += ["--assert=plain"]  # what was imported before the fork cannot be rewritten
    options += ["--rootdir", str(FOLDER.parent), "-c", str(FOLDER.parent / "pyproject.toml")]
    named = [str(FOLDER / name) for name in (*files, *doctests)]
    code = pytest.main([*options, *named], [Planter(mutants, report, most=most)])
    assert code in (0, pytest.ExitCode.NO_TESTS_COLLECTED), f"pytest ended with {code!r}"
