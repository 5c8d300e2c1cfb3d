"""The pages that commands make are what the commands make, and PyTorch's modules are there but for one in twenty."""

from __future__ import annotations

from math import floor

import covered
import pytest
import reference

import isograd as ig


def test_the_page_of_what_there_is_of_pytorch_is_true() -> None:
    text = covered.PAGE.read_text(encoding="utf-8")
    assert text == covered.page(text)


def test_the_reference_is_what_the_docstrings_say() -> None:
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page()


@pytest.mark.parametrize("suite", covered.SUITES)
def test_every_name_of_pytorchs_stands_somewhere(suite: str) -> None:
    rows = list(covered.rows(suite))
    assert len(rows) > 10
    assert all(row.ours in ig.__all__ for row in rows if row.ours is not None)


def test_at_most_one_in_twenty_of_torch_nns_modules_is_left_out() -> None:
    rows = list(covered.rows("torch.nn"))
    out = [row.theirs for row in rows if row.ours is None]
    assert len(out) <= floor(len(rows) * covered.MOST_LEFT_OUT), out


def test_nothing_is_excused_that_is_there() -> None:
    assert not [name for name in covered.LEFT_OUT if name in ig.__all__]
    known = {name for names in covered.SUITES.values() for name in names}
    assert {*covered.LEFT_OUT, *covered.OTHERWISE} <= known
