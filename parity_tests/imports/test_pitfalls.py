"""What an export bends or loses without a word is imported right, or refused by name and line."""

from __future__ import annotations

import pytest

import isograd as ig
from imports.comparing import compare
from imports.pitfalls import draws, gradients, modes, norms, numbers, sequences, sharing, structures, writes
from imports.pitfalls.table import REFUSED, RIGHT

THEMES = (draws, gradients, modes, norms, numbers, sequences, sharing, structures, writes)


@pytest.mark.parametrize(("name", "dtype"), [(name, ("float32", "float64")[k % 2]) for k, name in enumerate(RIGHT)])
def test_a_module_is_imported_right(name: str, dtype: str) -> None:
    """Outputs, gradients and buffers, in training and in evaluation, of another batch than that of the example."""
    pitfall = RIGHT[name]
    rows = pitfall.rows + 2
    called = (pitfall.called(rows), pitfall.keywords(rows))
    args, kwargs = pitfall.example(pitfall.rows), pitfall.keywords(pitfall.rows)
    verdict = compare(pitfall.module(), args, kwargs, called=called, dtype=dtype)
    assert not verdict.failed


@pytest.mark.parametrize("name", REFUSED)
def test_a_module_is_refused_by_its_path_and_line(name: str) -> None:
    pitfall = REFUSED[name]
    with pytest.raises(ig.SpecError) as error:
        ig.from_torch(pitfall.module(), pitfall.example(3), example_kwargs=pitfall.keywords(3))
    told = str(error.value)
    assert pitfall.got in told
    assert pitfall.path in told
    assert pitfall.line in told
