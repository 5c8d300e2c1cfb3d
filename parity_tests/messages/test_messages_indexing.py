"""What a user reads where places cannot be named, or values made: where, wanted, got, fix, word for word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from message_helpers import BOTH, raised

import isograd as ig
from isograd.core.base.forms import BATCH, Form, Kind, Size
from isograd.core.graph.values import Input


def value(*axes: Size, kind: Kind = "float") -> Input:
    """An entrance of any axes."""
    return Input.of(Form(axes, kind))


x, i = ig.Input((3, 4)), ig.Input((3,), kind="integer")

MESSAGES: dict[str, tuple[Callable[[], Any], str]] = {
    "an index of other axes": (
        lambda: ig.Gather(1)(x, i),
        """ShapeError: Gather(1)
  wanted an index of as many axes as the value, with at most its places on every other axis
  got    (N, 3) integer for (N, 3, 4)
  path   (N, 3, 4)   and   (N, 3) integer
  fix    bring the index to the value's axes with Expand, View or Slice""",
    ),
    "an index of floats": (
        lambda: ig.Gather(1)(x, x),
        """ShapeError: Gather(1)
  wanted whole numbers
  got    (N, 3, 4)
  path   (N, 3, 4)   and   (N, 3, 4)
  fix    ig.Cast("integer") before it""",
    ),
    "an index of two axes": (
        lambda: ig.IndexSelect(1)(x, i),
        """ShapeError: IndexSelect(1)
  wanted an index (k,)
  got    (N, 3) integer
  path   (N, 3, 4)   and   (N, 3) integer
  fix    View it so, or ig.Index, which takes any""",
    ),
    "an axis without an index": (
        lambda: ig.Index((1, 2))(x, i),
        """ShapeError: Index((1, 2))
  wanted one index for each of at=(1, 2)
  got    1
  path   (N, 3, 4)   and   (N, 3) integer
  fix    give as many as axes""",
    ),
    "a mask as an index": (
        lambda: ig.Index((1,))(x, ig.Input((3,), kind="boolean")),
        """ShapeError: Index((1,))
  wanted indices of whole numbers
  got    (N, 3) boolean
  path   (N, 3, 4)   and   (N, 3) boolean
  fix    a mask takes as many values as it has True: Where, Multiply or MaskedFill keep the size""",
    ),
    "axes out of order": (
        lambda: ig.Index((2, 1))(x, i, i),
        """ShapeError: Index((2, 1))
  wanted one axis or more, the first ones first
  got    at=(2, 1)
  path   (N, 3, 4)   and   (N, 3) integer   and   (N, 3) integer
  fix    order the indices by their axes""",
    ),
    "a value that does not broadcast": (
        lambda: ig.IndexPut((1,))(x, ig.Input((5,)), value(2, kind="integer")),
        """ShapeError: IndexPut((1,))
  wanted shapes of equal rank whose axes are equal or 1
  got    (N, 5) and (N, 2, 4)
  path   (N, 3, 4)   and   (N, 5)   and   (2,) integer
  fix    bring them to one shape with Linear, Reshape or Flatten""",
    ),
    "booleans added up": (
        lambda: ig.IndexPut((0,), accumulate=True)(
            value(3, kind="boolean"), value(2, kind="boolean"), value(2, kind="integer")
        ),
        """ShapeError: IndexPut((0,), accumulate=True)
  wanted numbers, which add up
  got    (3,) boolean
  path   (3,) boolean   and   (2,) boolean   and   (2,) integer
  fix    ig.Cast makes them""",
    ),
    "a source of other axes": (
        lambda: ig.Scatter(1)(x, value(BATCH, 2, 4, kind="integer"), i),
        """ShapeError: Scatter(1)
  wanted an index of as many axes as the value, with at most its places on every other axis
  got    (N, 2, 4) integer for (N, 3) integer
  path   (N, 3, 4)   and   (N, 2, 4) integer   and   (N, 3) integer
  fix    bring the index to the value's axes with Expand, View or Slice""",
    ),
    "a source of another kind": (
        lambda: ig.Scatter(1)(x, value(BATCH, 2, 4, kind="integer"), value(BATCH, 2, 4, kind="integer")),
        """ShapeError: Scatter(1)
  wanted a source of float values
  got    (N, 2, 4) integer
  path   (N, 3, 4)   and   (N, 2, 4) integer   and   (N, 2, 4) integer
  fix    ig.Cast('float') makes them of others""",
    ),
    "booleans scattered and added up": (
        lambda: ig.ScatterAdd(0)(value(3, kind="boolean"), value(2, kind="integer"), value(2, kind="boolean")),
        """ShapeError: ScatterAdd(0)
  wanted numbers, which add up
  got    (3,) boolean
  path   (3,) boolean   and   (2,) integer   and   (2,) boolean
  fix    ig.Cast makes them""",
    ),
    "a value of another kind": (
        lambda: ig.Full((2,), 0.5, kind="integer"),
        """SpecError: Full((2,), 0.5, kind='integer')
  wanted a value that is integer
  got    0.5
  fix    change kind=""",
    ),
    "rows that nobody shows": (
        lambda: ig.Full(("N", 2), 1)(),
        """ShapeError: Full(('N', 2), 1)
  wanted one more input, the last, whose rows are N
  got    none
  fix    call it with a value that has the batch in front as well, such as the model's Input""",
    ),
    "an end that is none": (
        lambda: ig.Arange(0, "x"),
        """SpecError: Arange(0, 'x')
  wanted stop: a number, or "N", "4N" for as many places as the batch gives
  got    'x'
  fix    change stop=""",
    ),
    "counting from one to the rows": (
        lambda: ig.Arange(1, "N"),
        """SpecError: Arange(1, 'N')
  wanted start 0 and step=1 where stop is "N"
  got    start 1, step=1
  fix    add and multiply what it makes""",
    ),
    "steps that lead nowhere": (
        lambda: ig.Arange(0, 3, step=0),
        """SpecError: Arange(0, 3, step=0)
  wanted finite numbers of the kind, which is integer or float, and a step that is not 0
  got    0 … 3, step=0, kind='integer'
  fix    whole numbers, or kind="float\"""",
    ),
    "more places than an array has": (
        lambda: ig.Arange(0, 2**63 - 1, step=0.25, kind="float"),
        """SpecError: Arange(0, 9223372036854775807, step=0.25, kind='float')
  wanted at most 9223372036854775807 places
  got    more
  fix    a larger step=""",
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_places_that_cannot_be_named_are_explained(name: str) -> None:
    action, text = MESSAGES[name]
    assert raised(action) == text


def read_at(layer: ig.Layer, *given: np.ndarray, backend: str) -> None:
    """A network of one layer, asked once."""
    kinds: list[Kind] = ["integer" if v.dtype.kind == "i" else "float" for v in given]
    ends = [ig.Input(v.shape[1:], kind=kind) for v, kind in zip(given, kinds, strict=True)]
    ig.build(ig.Model(inputs=ends, outputs=layer(*ends)), backend=backend).forward(*given)


def places(*numbers: int) -> np.ndarray:
    """An index (2, 1, 2)"""
    return np.array([[[0, 1]], [[*numbers]]])


X = np.zeros((2, 3, 2), np.float32)
ROWS = np.array([0, 2])
WRONG: dict[str, tuple[ig.Layer, tuple[np.ndarray, ...], tuple[int, int, int]]] = {
    "gathered behind the end": (ig.Gather(1), (X, places(3, 0)), (0, 2, 3)),
    "gathered in front": (ig.Gather(-1), (X, places(1, -1)), (0, 1, -1)),
    "selected": (ig.IndexSelect(0), (X, ROWS), (0, 1, 2)),
    "indexed behind the end": (ig.Index((0,)), (X, ROWS), (-2, 1, 2)),
    "indexed in front": (ig.Index((1,)), (X, np.array([2, -4])), (-3, 2, -4)),
    "written": (ig.IndexPut((1,)), (X, X[:, :1], np.array([0, 5])), (-3, 2, 5)),
    "scattered": (ig.Scatter(2), (X, places(0, 2), X), (0, 1, 2)),
    "added": (ig.ScatterAdd(1), (X, places(7, 0), X), (0, 2, 7)),
}


@BOTH
@pytest.mark.parametrize("name", WRONG)
def test_a_number_that_is_no_place_is_refused_by_every_engine(name: str, backend: str) -> None:
    layer, given, (least, most, got) = WRONG[name]
    text = f"""DataError: {layer!r}, an index
  wanted whole numbers {least}…{most}
  got    {got}
  fix    mend the data, or what computes the index"""
    assert raised(lambda: read_at(layer, *given, backend=backend)) == text


@BOTH
def test_the_first_and_the_last_place_are_places(backend: str) -> None:
    for layer, given, (least, most, _) in WRONG.values():
        right = [np.clip(v, least, most) if v.dtype.kind == "i" else v for v in given]
        read_at(layer, *right, backend=backend)
