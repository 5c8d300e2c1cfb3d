"""Every formula in a docstring that can be run is run; the README's code works when it is pasted."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import pkgutil
import re
from pathlib import Path

import pytest

import isograd

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(
    info.name
    for info in pkgutil.walk_packages(isograd.__path__, "isograd.")
    if not info.name.startswith("isograd.examples")
)


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.failed == 0


def test_there_are_doctests_to_run() -> None:
    found = sum(len(t.examples) for n in MODULES for t in doctest.DocTestFinder().find(importlib.import_module(n)))
    assert found > 20


def readme_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


def test_the_readmes_code_runs_and_prints_the_report_that_the_readme_shows() -> None:
    code = readme_blocks("python")[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    shown = next(block for block in readme_blocks("text") if "verdict" in block)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    assert [_words(line) for line in printed.getvalue().split("\n\n")[0:]] == [
        _words(line) for line in shown.split("\n\n")
    ]


def _words(text: str) -> list[str]:
    """The text without its figures, which differ in the last digits from machine to machine."""
    return re.sub(r"\d+(\.\d+)?(e[-+]\d+)?", "#", text).split()
