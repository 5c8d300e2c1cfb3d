"""Every formula in a docstring that can be run is run; the README's code works when it is pasted."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import re
from pathlib import Path

import pytest

from isograd.core.base.arrays import Namespace
from isograd.core.base.description import REGISTRY

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {"core": "isograd.core", "backends": "isograd.backends", "isograd": "isograd"}
MODULES = sorted(
    ".".join([name, *path.relative_to(ROOT / room).with_suffix("").parts]).removesuffix(".__init__")
    for room, name in ROOMS.items()
    for path in (ROOT / room).rglob("*.py")
)


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.failed == 0


def test_there_are_doctests_to_run() -> None:
    found = sum(len(t.examples) for n in MODULES for t in doctest.DocTestFinder().find(importlib.import_module(n)))
    assert found > 20


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


PAGES = [f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))]


def table_of(text: str) -> list[tuple[str, ...]]:
    """(stage, dtype, verdict) of a report's lines: its figures differ in their last digits between machines."""
    lines = [line for line in text.splitlines() if "  float" in line]
    return [(line[:11].strip(), *re.findall(r"float\d\d", line), line.split()[-1]) for line in lines]


def test_the_readmes_code_runs_and_prints_the_report_that_the_readme_shows() -> None:
    code = blocks("README.md", "python")[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    shown = next(block for block in blocks("README.md", "text") if "verdict" in block)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    told = printed.getvalue()
    assert table_of(told) == table_of(shown)
    assert len(table_of(told)) == 10
    unchanging = ("parity of", "4,810 weights", "PASSED")
    assert [line for line in told.splitlines() if line.startswith(unchanging)] == [
        line for line in shown.splitlines() if line.startswith(unchanging)
    ]


@pytest.mark.parametrize("code", [code for page in PAGES for code in blocks(page, "python")])
def test_the_code_of_the_pages_runs(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for family in ("custom_layer", "custom_loss"):  # its functions are the page's alone
        monkeypatch.setitem(REGISTRY, family, dict(REGISTRY[family]))
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code, "a page of docs/", "exec"), {})


SPEAKING = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
SPEAKING += [path for room in (*ROOMS, "examples", "benchmarks") for path in (ROOT / room).rglob("*.py")]
SENTENCE = 60  # characters in which the name may follow: "the book (Weidman 2019)"


@pytest.mark.parametrize("path", SPEAKING, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_book_is_named_where_it_is_first_spoken_of(path: Path) -> None:
    text = path.read_text()
    found = re.search(r"\bthe\s+book\b", text, re.IGNORECASE)
    assert found is None or "Weidman" in text[: found.end() + SENTENCE]


@pytest.mark.parametrize("page", ["README.md", *PAGES])
def test_the_links_of_a_page_lead_somewhere(page: str) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#]+)", text)
    lost = [t for t in targets if "://" not in t and not (ROOT / page).parent.joinpath(t).exists()]
    assert not lost


ENGINE = ROOT / "examples/jax_engine"
QUOTED = [*blocks("docs/engines.md", "py"), *blocks("docs/engines.md", "toml")]


@pytest.mark.parametrize("block", QUOTED, ids=lambda block: block.strip().splitlines()[0])
def test_the_page_on_engines_quotes_the_files_of_its_example(block: str) -> None:
    """They need JAX to run, so they are not run here: test_jax_engine.py judges the engine that they are part of."""
    files = [*ENGINE.rglob("*.py"), ENGINE / "pyproject.toml"]
    assert sum(block in file.read_text() for file in files) == 1


def test_the_page_on_autodiff_lists_the_whole_namespace() -> None:
    table = (ROOT / "docs/autodiff.md").read_text().split("| elementwise |")[1].split("\n\n")[0]
    listed = set(re.findall(r"`(\w+)`", table))
    assert listed == {name for name in vars(Namespace) if not name.startswith("_")}
