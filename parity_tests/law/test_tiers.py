"""The tables of the two tiers name tests that are there, and each tier is run."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tiers import FIRST, SLOW

ROOT = Path(__file__).resolve().parents[2]
FILES = {path.name: path for path in (ROOT / "parity_tests").rglob("test_*.py")}


@pytest.mark.parametrize("name", SLOW)
def test_what_is_listed_as_slow_is_there(name: str) -> None:
    tree = ast.parse(FILES[name].read_text())
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert {entry.split("[")[0] for entry in SLOW[name]} <= functions


def test_what_is_begun_first_is_there() -> None:
    assert set(FIRST) <= set(FILES)


def test_ci_runs_both_tiers_from_a_clean_checkout() -> None:
    commands = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line.startswith("make ")]
    assert commands == ["make clean", "make test", "make test-slow"]


@pytest.mark.slow
def test_a_test_of_the_second_tier_is_not_run_in_the_first(request: pytest.FixtureRequest) -> None:
    assert request.config.getoption("markexpr") != "not slow"
