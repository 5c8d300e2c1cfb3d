"""A process in which one module of isograd has other text: forked before any module of isograd is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

from mutation.forks import WORKERS, forked, taken

from trust.record import Fault

SECONDS = 60.0  # of the processor, before a process is ended: then nobody has seen anything
NEVER_ENDED, RAISED = "the process was ended", "the run itself"  # which forks.py tells of work that raised
Work = Callable[[Fault], Any]


def plant(fault: Fault) -> None:
    """From here on this process finds the module as the fault has it."""
    assert fault.module not in sys.modules, f"{fault.module} is imported already"
    as_they_are = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        if fullname == fault.module:
            return compile(fault.source, self.path, "exec", dont_inherit=True)
        return as_they_are(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


def in_processes(works: Iterable[tuple[Any, Callable[[], Any]]], workers: int = WORKERS) -> Iterator[tuple[Any, Any]]:
    """(key, what its work returned, or how it ended), each in a process of its own, so many at a time."""
    running: dict[int, tuple[Any, Path]] = {}
    for key, work in works:
        if len(running) >= workers:
            yield ended(running)
        pid, told = forked(work, SECONDS)
        running[pid] = key, told
    while running:
        yield ended(running)


def ended(running: dict[int, tuple[Any, Path]]) -> tuple[Any, Any]:
    pid, status = os.wait()
    key, told = running.pop(pid)
    if os.WIFSIGNALED(status):
        told.unlink()
        return key, NEVER_ENDED
    found = taken(told)
    assert found != RAISED, f"{key}: could not be asked"
    return key, found
