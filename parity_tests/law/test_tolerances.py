"""No test sets a tolerance of its own: what is close enough stands in core/parity/matching.py alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from isograd.core.parity.matching import FLIP_FACTOR, FLIPPED, NOISE_FACTOR, TOLERANCE

TESTS = Path(__file__).resolve().parents[1]
OPTIONS = {"rtol", "atol", "rel", "abs", "tol", "tolerance", "places", "decimal", "delta", "nulp", "maxulp"}
CLOSE = {"allclose", "isclose", "approx", "assertAlmostEqual", "assert_almost_equal", "assert_array_almost_equal"}
CLOSE |= {"assert_allclose", "assert_approx_equal", "assert_array_almost_equal_nulp", "assert_array_max_ulp"}
ROUNDING = {"round", "around"}
ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
WORDS = ("no", "one", "two", "three", "four")
SMALL = 0.05  # a bound below it is one on a rounding error; what is learned or measured is held to larger ones


def name_of(node: ast.AST) -> str:
    """The last part of a dotted name, or the name that is imported."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.alias(name=name):
            return name
    return ""


def is_small(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float) and 0 < abs(node.value) < SMALL


def tolerances(source: str) -> Iterator[str]:
    """Every place where `source` says by itself how close is close enough."""
    for node in ast.walk(ast.parse(source)):
        found = name_of(node) in CLOSE
        if isinstance(node, ast.Call):
            found = any(option.arg in OPTIONS for option in node.keywords)
            if name_of(node.func) == "exceeds":
                found |= any(is_small(part) for argument in node.args for part in ast.walk(argument))
        elif isinstance(node, ast.Compare):
            parts = list(ast.walk(node))
            found = any(isinstance(part, ast.Call) and name_of(part.func) in ROUNDING for part in parts)
            found |= any(isinstance(op, ORDER) for op in node.ops) and any(map(is_small, parts))
        if found:
            yield f"line {getattr(node, 'lineno', '?')}: {ast.unparse(node)}"


FILES = sorted(str(path.relative_to(TESTS)) for path in TESTS.rglob("*.py"))


@pytest.mark.parametrize("name", FILES)
def test_a_test_file_sets_no_tolerance(name: str) -> None:
    found = list(tolerances((TESTS / name).read_text()))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "np.testing.assert_allclose(a, b)",
        "assert np.allclose(a, b)",
        "from math import isclose",
        "assert a == approx(b)",
        "assert a == pytest.approx(b, abs=1e-3)",
        "close(a, b, rtol=limit)",
        "assert abs(a - b) < 1e-3",
        "assert 1e-9 >= np.abs(a - b).max()",
        "assert np.all(np.abs(a - b) <= 2 * 1e-6 * np.abs(b))",
        "assert not difference(a, b).exceeds(1e-6)",
        "assert not difference(a, b).exceeds(100 * 1e-9)",
        "assert round(a, 3) == 0.125",
        "assert a.round(3).tolist() == b",
    ],
)
def test_a_tolerance_is_seen(source: str) -> None:
    assert list(tolerances(source))


@pytest.mark.parametrize(
    "source",
    [
        "assert np.array_equal(a, b)",
        'assert not difference(a, b).exceeds(TOLERANCE["node", "float64"])',
        "assert accuracy > 0.9",
        "assert optimizer.lr == 0.001",
        "assert row.allowed == 2e-14",
        "x = round(a, 3)",
    ],
)
def test_what_is_no_tolerance_is_let_be(source: str) -> None:
    assert not list(tolerances(source))


def test_the_one_table_is_the_one_that_the_page_tells() -> None:
    """docs/parity.md says what is allowed; a table that allows more is another one."""
    page = (TESTS.parent / "docs/parity.md").read_text()
    told = {}
    for stage, cells in re.findall(r"^\| (node|locked step|free run) \|(.*)\|$", page, re.MULTILINE):
        limits = dict(re.findall(r"(float\d\d): (\de-\d+)", cells))
        told |= {(stage, dtype): float(limit) for dtype, limit in limits.items()}
    assert told
    assert {(stage, dtype): told.get((stage, dtype), told["node", dtype]) for stage, dtype in TOLERANCE} == TOLERANCE
    assert f"| {NOISE_FACTOR:g} times the noise floor |" in page
    assert f"a floor of more than {FLIPPED / NOISE_FACTOR:g} is no rounding any more, and allows {FLIPPED:g}." in page
    assert f"no more than {dict(enumerate(WORDS))[int(FLIP_FACTOR)]} times the floor" in page
