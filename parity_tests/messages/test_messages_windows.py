"""What cannot be padded, pooled or put back is told where the layer or the model is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from message_helpers import raised

import isograd as ig

x = ig.Input((3, 4))
image = ig.Input((2, 4, 4))
whole = ig.Input((2, 4, 4), kind="integer")

MESSAGES: dict[str, tuple[Callable[[], Any], str]] = {
    "a value where it is reflected": (
        lambda: ig.Pad((1, 0), mode="reflect", value=2),
        """SpecError: Pad((1, 0), mode='reflect', value=2)
  wanted no value= where what is there is taken (mode='reflect')
  got    value=2
  fix    drop it""",
    ),
    "sides of another image": (
        lambda: ig.ReflectionPad2d((1, 2)),
        """SpecError: ReflectionPad2d((1, 2))
  wanted a number, or (left, right, top, bottom)
  got    (1, 2)
  fix    give 4 numbers, or one""",
    ),
    "round what is cropped": (
        lambda: ig.CircularPad1d((-2, 3))(x),
        """ShapeError: CircularPad1d((-2, 3))
  wanted widths of at most 2 there, of what cropping leaves
  got    (-2, 3) for (N, 3, 4)
  path   (N, 3, 4)
  fix    smaller widths""",
    ),
    "more cropped than there is": (
        lambda: ig.Pad((-5, 7))(x),
        """ShapeError: Pad((-5, 7))
  wanted an axis that is left some places
  got    (-5, 7) for (N, 3, 4)
  path   (N, 3, 4)
  fix    smaller widths""",
    ),
    "bags of bags": (
        lambda: ig.EmbeddingBag(5, 2)(ig.Input((3, 4))),
        """ShapeError: EmbeddingBag(5, 2)
  wanted bags (N, L) of one number or more
  got    (N, 3, 4)
  path   (N, 3, 4)
  fix    bring the numbers to this form""",
    ),
    "weights of a mean": (
        lambda: ig.EmbeddingBag(5, 2)(ig.Input((3,)), ig.Input((3,))),
        """ShapeError: EmbeddingBag(5, 2)
  wanted one input
  got    (N, 3) with mode="mean"
  path   (N, 3)   and   (N, 3)
  fix    mode="sum" takes weights of that shape""",
    ),
    "too few weights": (
        lambda: ig.EmbeddingBag(5, 2, mode="sum")(ig.Input((3,)), ig.Input((2,))),
        """ShapeError: EmbeddingBag(5, 2, mode='sum')
  wanted a weight for every number, (N, 3)
  got    (N, 2) with mode="sum"
  path   (N, 3)   and   (N, 2)
  fix    mode="sum" takes weights of that shape""",
    ),
    "the largest of what is counted": (
        lambda: ig.EmbeddingBag(5, 2, mode="max", scale_grad_by_freq=True),
        """SpecError: EmbeddingBag(5, 2, scale_grad_by_freq=True, mode='max')
  wanted scale_grad_by_freq=False with mode="max", as torch
  got    True
  fix    mode="sum" or "mean", or drop it""",
    ),
    "divided by nothing": (
        lambda: ig.AvgPool2d(2, divisor_override=0),
        """SpecError: AvgPool2d(2, divisor_override=0)
  wanted a divisor that is not 0
  got    divisor_override=0
  fix    drop it""",
    ),
    "a root of order 0": (
        lambda: ig.LPPool2d(0, 2),
        """SpecError: LPPool2d(0, 2)
  wanted a norm_type that is not 0
  got    0
  fix    norm_type=2""",
    ),
    "a size for two axes": (
        lambda: ig.MaxUnpool2d(2, output_size=5),
        """SpecError: MaxUnpool2d(2, output_size=5)
  wanted output_size= of 2 entries, one for each axis, as torch
  got    5
  fix    output_size=(5, 5)""",
    ),
    "a size that nothing was pooled from": (
        lambda: ig.MaxUnpool2d(2, output_size=(8, 10))(image, whole),
        """ShapeError: MaxUnpool2d(2, output_size=(8, 10))
  wanted an output_size that differs from (8, 8) by less than stride on each axis
  got    (8, 10)
  path   (N, 2, 4, 4)   and   (N, 2, 4, 4) integer
  fix    give the size of what was pooled""",
    ),
    "indices of something else": (
        lambda: ig.MaxUnpool2d(2)(image, ig.Input((2, 4, 3), kind="integer")),
        """ShapeError: MaxUnpool2d(2)
  wanted a batch of samples and as many indices
  got    (N, 2, 4, 4) and (N, 2, 4, 3) integer
  path   (N, 2, 4, 4)   and   (N, 2, 4, 3) integer
  fix    give what MaxPool returns""",
    ),
    "all of it padding": (
        lambda: ig.MaxUnpool2d(2, padding=1)(ig.Input((2, 1, 1)), ig.Input((2, 1, 1), kind="integer")),
        """ShapeError: MaxUnpool2d(2, padding=1)
  wanted an output of at least one place on each axis
  got    (0, 0)
  path   (N, 2, 1, 1)   and   (N, 2, 1, 1) integer
  fix    less padding=""",
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_windows_that_cannot_be_are_explained(name: str) -> None:
    action, text = MESSAGES[name]
    assert raised(action) == text
