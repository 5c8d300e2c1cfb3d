"""What a user reads when values do not fit an operation on tensors: word for word."""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import Any

import numpy as np
import pytest
from message_helpers import raised

import isograd as ig
from isograd.core.base.forms import BATCH, Form

x = ig.Input((3, 4))
whole = ig.Input((4,), kind="integer")
truth = ig.Input((4,), kind="boolean")
turned = ig.Input.of(Form((3, BATCH)))
w = ig.Parameter((5, 4), name="w")


def divided(backend: str) -> Any:
    model = ig.Model(inputs=whole, outputs=ig.Binary("remainder")(whole, whole))
    return lambda: ig.build(model, backend=backend).forward(np.array([[1, 0, 2, 3]]))


TEXTS: dict[str, tuple[Callable[[], Any], str]] = {
    "values that do not broadcast": (
        lambda: ig.Add()(x, w),
        """ShapeError: Add()
  wanted axes that are equal or 1, from the last
  got    (N, 3, 4) and (5, 4)
  path   (N, 3, 4)   and   (5, 4)
  fix    bring them to one shape with View or Permute""",
    ),
    "samples of unequal rank": (
        lambda: ig.Add()(x, ig.Input(())),
        """ShapeError: Add()
  wanted shapes of equal rank whose axes are equal or 1
  got    (N, 3, 4) and (N,)
  path   (N, 3, 4)   and   (N,)
  fix    bring them to one shape with Linear, Reshape or Flatten""",
    ),
    "values of two kinds": (
        lambda: ig.Multiply()(whole, ig.Input((4,))),
        """ShapeError: Multiply()
  wanted floats or whole numbers, all of one kind
  got    (N, 4) integer and (N, 4)
  path   (N, 4) integer   and   (N, 4)
  fix    ig.Cast("float") before it""",
    ),
    "a matrix product of a weight": (
        lambda: ig.MatMul()(x, w),
        """ShapeError: MatMul()
  wanted a (…, i, k) and b (…, k, j)
  got    (N, 3, 4) and (5, 4)
  path   (N, 3, 4)   and   (5, 4)
  fix    reshape or transpose one of them, so that a's last axis is b's last but one""",
    ),
    "a broken number beside whole ones": (
        lambda: ig.Number("mul", 0.5)(whole),
        """ShapeError: Number('mul', 0.5)
  wanted a whole number beside whole numbers
  got    0.5 and (N, 4) integer
  path   (N, 4) integer
  fix    ig.Cast("float") before it""",
    ),
    "a float beside whole numbers that might be one": (
        lambda: ig.Clamp(min=1.0)(whole),
        """ShapeError: Clamp(min=1.0)
  wanted a whole number beside whole numbers
  got    1.0 and (N, 4) integer
  path   (N, 4) integer
  fix    1""",
    ),
    "whole numbers over 0": (
        lambda: ig.Number("remainder", 0)(whole),
        """ShapeError: Number('remainder', 0)
  wanted a divisor of whole numbers other than 0
  got    0
  path   (N, 4) integer
  fix    ig.Cast("float") before it""",
    ),
    "whole numbers over others of which one is 0, in NumPy": (
        divided("numpy"),
        """DataError: Binary('remainder')
  wanted divisors other than 0
  got    0
  fix    ig.Cast("float") of both gives ±∞""",
    ),
    "whole numbers over others of which one is 0, in PyTorch": (
        divided("torch"),
        """DataError: Binary('remainder')
  wanted divisors other than 0
  got    0
  fix    ig.Cast("float") of both gives ±∞""",
    ),
    "NaN as a number": (
        lambda: ig.MaskedFill(nan),
        """SpecError: MaskedFill(nan)
  wanted value: a number, which NaN is not
  got    nan
  fix    change value=""",
    ),
    "bounds exchanged": (
        lambda: ig.Clamp(min=1, max=0),
        """SpecError: Clamp(min=1, max=0)
  wanted min of at most max
  got    1 and 0
  fix    exchange them""",
    ),
    "no bound": (
        lambda: ig.Clamp(),
        """SpecError: Clamp()
  wanted a bound on one side at least
  got    none
  fix    Clamp(min=0)""",
    ),
    "a comparison of one value": (
        lambda: ig.Compare("gt")(x),
        """ShapeError: Compare('gt')
  wanted two values, or one and number=
  got    1 and number=None
  path   (N, 3, 4)
  fix    Compare("gt")(a, b)""",
    ),
    "not of two": (
        lambda: ig.Logic("not")(truth, truth),
        """ShapeError: Logic('not')
  wanted one value for not, two for others
  got    2
  path   (N, 4) boolean   and   (N, 4) boolean
  fix    Logic("and")(a, b), Logic("not")(a)""",
    ),
    "a mask of floats": (
        lambda: ig.MaskedFill(0.0)(x, x),
        """ShapeError: MaskedFill(0.0)
  wanted booleans
  got    (N, 3, 4)
  path   (N, 3, 4)   and   (N, 3, 4)
  fix    ig.Cast("boolean") before it""",
    ),
    "no axes to reduce": (
        lambda: ig.Reduce("sum", ()),
        """SpecError: Reduce('sum', ())
  wanted axes to reduce
  got    none
  fix    dims=None is all of them""",
    ),
    "an order of 0": (
        lambda: ig.Reduce("norm", ord=0),
        """SpecError: Reduce('norm', None, ord=0)
  wanted ord above 0
  got    0
  fix    ord=2, 1 or float('inf')""",
    ),
    "an axis that is not there": (
        lambda: ig.Reduce("sum", (3,))(x),
        """ShapeError: Reduce('sum', (3,))
  wanted dim in −3…2
  got    dim=3 for (N, 3, 4)
  path   (N, 3, 4)
  fix    name an axis of the value, the first with 0, the last with -1""",
    ),
    "one number, reduced": (
        lambda: ig.Reduce("sum")(ig.Reduce("sum")(x)),
        """ShapeError: Reduce('sum', None)
  wanted a value that has axes
  got    ()
  path   (N, 3, 4) → Reduce('sum', None) → ()
  fix    there is nothing to reduce""",
    ),
    "the spread of one value": (
        lambda: ig.Reduce("std", (1,))(ig.Input((1,))),
        """ShapeError: Reduce('std', (1,))
  wanted more than 1 values to spread
  got    1 in (N, 1)
  path   (N, 1)
  fix    correction=0""",
    ),
    "more of the largest than there are": (
        lambda: ig.TopK(5)(x),
        """ShapeError: TopK(5)
  wanted an axis of 5 places or more
  got    4 in (N, 3, 4)
  path   (N, 3, 4)
  fix    k=4""",
    ),
    "the largest of N": (
        lambda: ig.TopK(2, dim=0)(x),
        """ShapeError: TopK(2, dim=0)
  wanted an axis of 2 places or more
  got    N in (N, 3, 4)
  path   (N, 3, 4)
  fix    name an axis that does not grow with the batch""",
    ),
    "an equation that is none": (
        lambda: ig.Einsum("bii->b"),
        """SpecError: Einsum('bii->b')
  wanted letters a…z, A…Z, in every term at most once, behind -> some of those before it
  got    'bii->b'
  fix    Einsum('bik,bkj->bij')""",
    ),
    "an equation of others": (
        lambda: ig.Einsum("nij,jk->nik")(x, w),
        """ShapeError: Einsum('nij,jk->nik')
  wanted axes nij,jk->nik, one size a letter
  got    (N, 3, 4) and (5, 4)
  path   (N, 3, 4)   and   (5, 4)
  fix    change the equation""",
    ),
    "an equation of one value more": (
        lambda: ig.Einsum("nij,jk->nik")(x),
        """ShapeError: Einsum('nij,jk->nik')
  wanted 2 values
  got    1
  path   (N, 3, 4)
  fix    a term of the equation for each""",
    ),
    "queries and keys of two widths": (
        lambda: ig.ScaledDotProductAttention()(x, ig.Input((5, 6)), x),
        """ShapeError: ScaledDotProductAttention()
  wanted q (…, T, d), k (…, S, d), v (…, S, e)
  got    (N, 3, 4) and (N, 5, 6) and (N, 3, 4)
  path   (N, 3, 4)   and   (N, 5, 6)   and   (N, 3, 4)
  fix    bring them to these axes with Permute or View""",
    ),
    "a mask that hides too much": (
        lambda: ig.ScaledDotProductAttention()(x, x, x, ig.Input((3, 5), kind="boolean")),
        """ShapeError: ScaledDotProductAttention()
  wanted q (…, T, d), k (…, S, d), v (…, S, e), mask (…, T, S)
  got    (N, 3, 4) and (N, 3, 4) and (N, 3, 4) and (N, 3, 5) boolean
  path   (N, 3, 4)   and   (N, 3, 4)   and   (N, 3, 4)   and   (N, 3, 5) boolean
  fix    bring them to these axes with Permute or View""",
    ),
    "causal and a mask": (
        lambda: ig.ScaledDotProductAttention(causal=True)(x, x, x, ig.Input((3, 3))),
        """ShapeError: ScaledDotProductAttention(causal=True)
  wanted no mask with causal=True
  got    (N, 3, 3)
  path   (N, 3, 4)   and   (N, 3, 4)   and   (N, 3, 4)   and   (N, 3, 3)
  fix    put both into one mask""",
    ),
    "heads that serve no whole number": (
        lambda: ig.ScaledDotProductAttention(enable_gqa=True)(*[ig.Input((n, 3, 4)) for n in (3, 2, 2)]),
        """ShapeError: ScaledDotProductAttention(enable_gqa=True)
  wanted heads of k and v that divide those of q
  got    (N, 3, 3, 4) and (N, 2, 3, 4) and (N, 2, 3, 4)
  path   (N, 3, 3, 4)   and   (N, 2, 3, 4)   and   (N, 2, 3, 4)
  fix    enable_gqa=False""",
    ),
    "dropout of what is no batch": (
        lambda: ig.ScaledDotProductAttention(dropout=0.1)(w, w, w),
        """ShapeError: ScaledDotProductAttention(dropout=0.1)
  wanted a batch in front, to be dropped from
  got    (5, 4)
  path   (5, 4)   and   (5, 4)   and   (5, 4)
  fix    bring it there with Permute or View""",
    ),
    "softmax over the samples": (
        lambda: ig.Softmax(dim=0)(x),
        """ShapeError: Softmax(dim=0)
  wanted dim in 1…2 or −2…−1
  got    dim=0 for (N, 3, 4)
  path   (N, 3, 4)
  fix    name an axis of the sample: axis 0 is the batch, and samples are never mixed""",
    ),
    "a linear layer along N": (
        lambda: ig.Linear(2)(turned),
        """ShapeError: Linear(2)
  wanted (N, …, features)
  got    (N,)
  path   (3, N)
  fix    give every sample at least one feature""",
    ),
    "halves of N": (
        lambda: ig.GLU()(turned),
        """ShapeError: GLU()
  wanted an even number of places along dim=-1
  got    N in (3, N)
  path   (3, N)
  fix    one place more or less in what feeds this layer, or another dim=""",
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_the_message_of_an_operation_is_this(case: str) -> None:
    action, text = TEXTS[case]
    assert raised(action) == text
