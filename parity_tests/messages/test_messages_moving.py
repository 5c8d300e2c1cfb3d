"""What a user reads where values cannot be moved, cut, joined or padded: where, wanted, got, fix, word for word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from message_helpers import raised

import isograd as ig
from isograd.core.base.forms import BATCH, Form, Kind, Rows, Size
from isograd.core.graph.values import Input


def value(*axes: Size, kind: Kind = "float") -> Input:
    """An entrance of any axes."""
    return Input.of(Form(axes, kind))


x, i, two, table = ig.Input((3, 4)), ig.Input((3,), kind="integer"), value(Rows(2), 3), value(5, 4)

MESSAGES: dict[str, tuple[Callable[[], Any], str]] = {
    "axes left out": (
        lambda: ig.Permute((0, 2))(x),
        """ShapeError: Permute((0, 2))
  wanted every axis once
  got    (0, 2) for (N, 3, 4)
  path   (N, 3, 4)
  fix    name each axis of the value""",
    ),
    "an axis twice": (
        lambda: ig.Permute((0, 1, -2))(x),
        """ShapeError: Permute((0, 1, -2))
  wanted every axis once
  got    (0, 1, -2) for (N, 3, 4)
  path   (N, 3, 4)
  fix    name each axis once""",
    ),
    "an axis that is not there": (
        lambda: ig.Flip((3,))(x),
        """ShapeError: Flip((3,))
  wanted dim in −3…2
  got    dim=3 for (N, 3, 4)
  path   (N, 3, 4)
  fix    name an axis of the value, the first with 0, the last with -1""",
    ),
    "another number of values": (
        lambda: ig.View(("N", 7))(x),
        """ShapeError: View(('N', 7))
  wanted axes that hold as many values as the input
  got    (N, 7) of (N, 3, 4)
  path   (N, 3, 4)
  fix    change the axes""",
    ),
    "two axes grow, and no rows": (
        lambda: ig.View(("N", "N"))(value(BATCH, BATCH)),
        """ShapeError: View(('N', 'N'))
  wanted one more input, the last, whose rows are N
  got    none
  path   (N, N)
  fix    call it with a value that has the batch in front as well, such as the model's Input""",
    ),
    "rows of what has none": (
        lambda: ig.View(("N", "N"))(value(BATCH, BATCH), table),
        """ShapeError: View(('N', 'N'))
  wanted the batch in front of the last input
  got    (5, 4)
  path   (N, N)   and   (5, 4)
  fix    give a value whose rows are the batch's""",
    ),
    "axes that are none": (
        lambda: ig.View((2, -1)),
        """SpecError: View((2, -1))
  wanted axes: whole numbers of 0 or more, "N" or "4N" for those that grow with the batch
  got    (2, -1)
  fix    change axes=""",
    ),
    "an axis that cannot be repeated": (
        lambda: ig.Expand(("N", 5, 4))(x),
        """ShapeError: Expand(('N', 5, 4))
  wanted axes of one place, or of the places they shall have
  got    (N, 3, 4) for (N, 5, 4)
  path   (N, 3, 4)
  fix    View or Repeat first""",
    ),
    "a weight for every sample, and no rows": (
        lambda: ig.Expand(("N", 5, 4))(table),
        """ShapeError: Expand(('N', 5, 4))
  wanted one more input, the last, whose rows are N
  got    none
  path   (5, 4)
  fix    call it with a value that has the batch in front as well, such as the model's Input""",
    ),
    "shifts without an axis": (
        lambda: ig.Roll((1, 2), (0,)),
        """SpecError: Roll((1, 2), (0,))
  wanted one shift for each of the dims
  got    2 for 1
  fix    Roll((1, 2), (0, -1))""",
    ),
    "too few repeats": (
        lambda: ig.Repeat((2, 1))(x),
        """ShapeError: Repeat((2, 1))
  wanted a number for every axis
  got    (2, 1) for (N, 3, 4)
  path   (N, 3, 4)
  fix    1 leaves an axis as it is""",
    ),
    "rows repeated by rows": (
        lambda: ig.Repeat(("N", 1, 1))(x, x),
        """ShapeError: Repeat(('N', 1, 1))
  wanted at most N times the places of an axis
  got    N times N
  path   (N, 3, 4)   and   (N, 3, 4)
  fix    View makes two axes of it""",
    ),
    "no matrices": (
        lambda: ig.Tril()(ig.Input(())),
        """ShapeError: Tril(0)
  wanted matrices (…, i, j)
  got    (N,)
  path   (N,)
  fix    View makes them""",
    ),
    "a part of a batch": (
        lambda: ig.Slice(0, stop=2)(x),
        """ShapeError: Slice(0, stop=2)
  wanted all places of an axis that grows with the batch, or every step-th, where step divides their number
  got    Slice(0, stop=2) of (N, 3, 4)
  path   (N, 3, 4)
  fix    Split(("N", "N"), 0) takes 2N apart, View(("N", 2)) makes two axes of it""",
    ),
    "steps that do not divide the rows": (
        lambda: ig.Slice(0, step=3)(two),
        """ShapeError: Slice(0, step=3)
  wanted all places of an axis that grows with the batch, or every step-th, where step divides their number
  got    Slice(0, step=3) of (2N, 3)
  path   (2N, 3)
  fix    Split(("N", "N"), 0) takes 2N apart, View(("N", 2)) makes two axes of it""",
    ),
    "a place behind the last": (
        lambda: ig.Select(1, 3)(x),
        """ShapeError: Select(1, 3)
  wanted an index in −3…2
  got    3 for (N, 3, 4)
  path   (N, 3, 4)
  fix    name a place of the axis""",
    ),
    "a row that not every batch has": (
        lambda: ig.Select(0, 2)(two),
        """ShapeError: Select(0, 2)
  wanted an index in −2…1
  got    2 for (2N, 3)
  path   (2N, 3)
  fix    name a place of the axis""",
    ),
    "a source of another size": (
        lambda: ig.SliceScatter(1, stop=2)(x, x),
        """ShapeError: SliceScatter(1, stop=2)
  wanted a source (N, 2, 4), as what it replaces
  got    (N, 3, 4)
  path   (N, 3, 4)   and   (N, 3, 4)
  fix    bring it to this form""",
    ),
    "parts of less than the axis": (
        lambda: ig.Split((1, 1), 1)(x),
        """ShapeError: Split((1, 1), 1)
  wanted 2 places on axis 1
  got    (N, 3, 4)
  path   (N, 3, 4)
  fix    change sizes=: they add up to the axis""",
    ),
    "parts of the rows in ones": (
        lambda: ig.Split((1, 1), 0)(two),
        """ShapeError: Split((1, 1), 0)
  wanted 2 places on axis 0
  got    (2N, 3)
  path   (2N, 3)
  fix    change sizes=: they add up to the axis""",
    ),
    "parts in ones and rows": (
        lambda: ig.Split((1, "N"), 0),
        """SpecError: Split((1, 'N'), 0)
  wanted sizes: whole numbers of 0 or more, or for an axis that grows with the batch "N", "4N" alone
  got    (1, 'N')
  fix    change sizes=""",
    ),
    "parts that cannot lose their axis": (
        lambda: ig.Split((1, 2), 1, squeeze=True),
        """SpecError: Split((1, 2), 1, squeeze=True)
  wanted parts of one place where squeeze=True
  got    (1, 2)
  fix    drop squeeze=""",
    ),
    "values that do not fit each other": (
        lambda: ig.Stack()(x, table),
        """ShapeError: Stack()
  wanted values of one form
  got    (N, 3, 4) and (5, 4)
  path   (N, 3, 4)   and   (5, 4)
  fix    bring them to one form""",
    ),
    "a window that is too long": (
        lambda: ig.UnfoldDim(1, 4, 1)(x),
        """ShapeError: UnfoldDim(1, 4, 1)
  wanted at least 4 places on axis 1
  got    (N, 3, 4)
  path   (N, 3, 4)
  fix    a smaller size=, or another axis""",
    ),
    "kinds joined": (
        lambda: ig.Concat()(x, ig.Input((3, 4), kind="integer")),
        """ShapeError: Concat()
  wanted values of one kind
  got    (N, 3, 4) and (N, 3, 4) integer
  path   (N, 3, 4)   and   (N, 3, 4) integer
  fix    ig.Cast makes others of them""",
    ),
    "a table behind a batch": (
        lambda: ig.Concat(dim=0)(ig.Input((4,)), table),
        """ShapeError: Concat(dim=0)
  wanted on axis 0 places that all grow with the batch, or none that do
  got    (N, 4) and (5, 4)
  path   (N, 4)   and   (5, 4)
  fix    Expand a value to the rows of the batch first""",
    ),
    "widths without a partner": (
        lambda: ig.Pad((1,)),
        """SpecError: Pad((1,))
  wanted two widths, before and after, for each axis, from the last one on
  got    1 widths
  fix    Pad((0, 0, 1, 1)) pads the last axis but one""",
    ),
    "a batch padded": (
        lambda: ig.Pad((0, 0, 0, 0, 1, 0))(x),
        """ShapeError: Pad((0, 0, 0, 0, 1, 0))
  wanted widths of 0 on axes that grow with the batch
  got    (0, 0, 0, 0, 1, 0) for (N, 3, 4)
  path   (N, 3, 4)
  fix    pad other axes""",
    ),
    "axes that are not there": (
        lambda: ig.Pad((1,) * 8)(x),
        """ShapeError: Pad((1, 1, 1, 1, 1, 1, 1, 1))
  wanted a value of 4 axes or more
  got    (N, 3, 4)
  path   (N, 3, 4)
  fix    drop widths""",
    ),
    "reflected too far": (
        lambda: ig.Pad((4, 0), mode="reflect")(x),
        """ShapeError: Pad((4, 0), mode='reflect')
  wanted widths of at most 3 there
  got    (4, 0) for (N, 3, 4)
  path   (N, 3, 4)
  fix    smaller widths""",
    ),
    "nothing is left": (
        lambda: ig.Pad((-3, -2))(x),
        """ShapeError: Pad((-3, -2))
  wanted an axis that is left some places
  got    (-3, -2) for (N, 3, 4)
  path   (N, 3, 4)
  fix    smaller widths""",
    ),
    "half a whole number": (
        lambda: ig.Pad((1, 1), value=0.5)(i),
        """ShapeError: Pad((1, 1), value=0.5)
  wanted a value= that is integer
  got    0.5
  path   (N, 3) integer
  fix    a value= of the kind of what is padded""",
    ),
    "a window larger than the image": (
        lambda: ig.Unfold(5)(ig.Input((1, 4, 4))),
        """ShapeError: Unfold(5)
  wanted H of at least 5, for a window that spans 5
  got    H = 4 in (N, 1, 4, 4), 4 with its padding
  path   (N, 1, 4, 4)
  fix    a smaller kernel_size= or dilation=, more padding=, or fewer layers that shrink the image""",
    ),
    "columns of other windows": (
        lambda: ig.Fold((4, 4), 2)(ig.Input((8, 8))),
        """ShapeError: Fold((4, 4), 2)
  wanted (N, C·4, 9): 4 entries of 9 windows in every channel
  got    (N, 8, 8)
  path   (N, 8, 8)
  fix    change output_size, or what feeds it""",
    ),
    "an image without windows": (
        lambda: ig.Fold(2, 3),
        """SpecError: Fold(2, 3)
  wanted room for a window
  got    2
  fix    a larger output_size""",
    ),
    "more places than an array has": (
        lambda: ig.Repeat((2**62, 1, 1))(value(4, 1, 1)),
        """ShapeError: Repeat((4611686018427387904, 1, 1))
  wanted outputs of at most 64 axes, none of more than 9223372036854775807 places
  got    (18446744073709551616, 1, 1)
  path   (4, 1, 1)
  fix    change what feeds it""",
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_values_that_cannot_be_moved_are_explained(name: str) -> None:
    action, text = MESSAGES[name]
    assert raised(action) == text
