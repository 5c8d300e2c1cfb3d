"""Where an engine raises, the verdict shows the line: the last one of the engine's or the user's own code."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.base.raised import told_with_line
from isograd.core.base.tree import nest

MODEL = ig.Sequential([ig.Linear(2)], input_shape=(3,))
X, Y = np.ones((4, 3)), np.ones((4, 2))


def raising(*given: Any, **options: Any) -> Any:
    return np.ones(2) + np.ones((2, 3)).reshape(given)  # NumPy raises below this line


def line_of(function: Any, words: str) -> int:
    lines, first = inspect.getsourcelines(function)
    return first + next(k for k, line in enumerate(lines) if words in line)


def broken(table: str, kind: type) -> NumpyBackend:
    entries = getattr(STANDARD, table).overlaid({kind: raising})
    return NumpyBackend(replace(STANDARD, **{table: entries}), name="broken")


@pytest.mark.parametrize(
    ("table", "kind", "stage"),
    [("operations", ig.Linear, "node"), ("losses", ig.MSELoss, "loss"), ("optimizers", ig.SGD, "locked step")],
)
def test_an_engine_that_raises_is_shown_with_its_line(table: str, kind: type, stage: str) -> None:
    report = ig.check_parity(
        MODEL, X, Y, loss=ig.MSELoss(), optimizer=ig.SGD(), steps=1, backends=["numpy", broken(table, kind)]
    )
    assert not report.passed
    told = str(report)
    assert f"(parity_tests/parity/test_lines.py:{line_of(raising, 'NumPy raises')})" in told


def test_what_core_raises_is_told_with_the_line_that_called_it() -> None:
    with pytest.raises(AttributeError) as caught:
        nest(None)  # type: ignore[arg-type]
    line = line_of(test_what_core_raises_is_told_with_the_line_that_called_it, "nest(None)")
    assert told_with_line(caught.value).endswith(f"(parity_tests/parity/test_lines.py:{line})")


def test_an_error_of_ours_says_itself_where_it_is() -> None:
    error = ig.BackendError("here", wanted="a", got="b", fix="c")
    assert told_with_line(error) == f"BackendError: {error}"
    assert told_with_line(KeyError("a")) == "KeyError: 'a'"  # never raised: no line
