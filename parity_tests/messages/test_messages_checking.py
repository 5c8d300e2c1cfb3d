"""What a user reads who hands in what nobody can judge: ig.check_operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from message_helpers import raised

import isograd as ig


class Odd:
    def __init__(self, colour: str) -> None:
        self.colour = colour

    def forward(self, x: Any) -> Any:
        return x

    def backward(self, dy: Any) -> Any:
        return dy


class Stepper:
    def __init__(self, colour: str) -> None:
        self.colour = colour

    def step(self, params: Any, grads: Any) -> None:
        """Nothing."""


def same(x: Any) -> Any:
    return x


def needing(x: Any, colour: str) -> Any:
    return x


def of(mine: Any, like: Any, **asked: Any) -> Callable[[], object]:
    return lambda: ig.check_operation(mine, like=like, **asked)


MESSAGES = {
    "nothing to call": (
        of("nothing", ig.ReLU()),
        """SpecError: check_operation(mine, …)
  wanted (forward, backward), an object or class with both, or a torch.autograd.Function
  got    'nothing'
  fix    write forward(x) and backward(dy)""",
    ),
    "one function": (
        of((same,), ig.ReLU()),
        f"""SpecError: check_operation(mine, …)
  wanted (forward, backward), an object or class with both, or a torch.autograd.Function
  got    ({same!r},)
  fix    check_operation((forward, backward), like=…)""",
    ),
    "no loss": (
        of(3, ig.MSELoss()),
        """SpecError: check_operation(mine, …)
  wanted forward(prediction, target) and backward(), or one function that returns the value and the gradient
  got    3
  fix    loss = lambda p, t: (value, gradient)""",
    ),
    "no optimizer": (
        of(3, ig.SGD(0.1)),
        """SpecError: check_operation(mine, …)
  wanted an object or class with step(params, grads), or a function (w, g, state) → (w, state)
  got    3
  fix    write step(params, grads)""",
    ),
    "like what": (
        of((same, same), "relu"),
        """SpecError: check_operation(mine, like=…)
  wanted the description of a layer, a loss or an optimizer
  got    'relu'
  fix    like=ig.Conv2d(8, 3)""",
    ),
    "a graph": (
        of((same, same), ig.Sequential([ig.ReLU()], input_shape=(3,))),
        """SpecError: check_operation(mine, like=…)
  wanted the description of a layer, a loss or an optimizer
  got    Sequential([ReLU()])
  fix    like=ig.Conv2d(8, 3)""",
    ),
    "a layer that draws": (
        of((same, same), ig.Dropout(0.5)),
        """SpecError: check_operation(…, like=Dropout(0.5))
  wanted a layer that draws nothing: its own numbers would be others
  got    Dropout
  fix    hand in the part that draws nothing""",
    ),
    "text as input": (
        of((same, same), ig.ReLU(), x=np.array(["a", "b"])),
        """DataError: check_operation(x=…): input 0
  wanted a batch of numbers, of at least two samples
  got    <U1[2]
  fix    x=rng.normal(size=(4, …)); of several inputs a tuple""",
    ),
    "one sample": (
        of((same, same), ig.ReLU(), x=np.ones((1, 3))),
        """DataError: check_operation(x=…): input 0
  wanted a batch of numbers, of at least two samples
  got    float64[1, 3]
  fix    x=rng.normal(size=(4, …)); of several inputs a tuple""",
    ),
    "inputs that do not fit": (
        of((same, same), ig.Conv2d(2, 3), x=np.ones((2, 3))),
        """ShapeError: Conv2d(2, 3)
  wanted (N, C, H, W)
  got    (N, 3)
  path   (N, 3)
  fix    bring the input to this form, with Reshape for example""",
    ),
    "no case fits": (
        of((same, same), ig.GroupNorm(7)),
        """SpecError: check_operation(mine, like=GroupNorm(7))
  wanted inputs that the layer takes
  got    none among the cases of GroupNorm
  fix    give a batch of them: x=rng.normal(size=(4, …))""",
    ),
    "no single number": (
        of(same, ig.MSELoss(reduction="none")),
        """SpecError: check_operation(…, like=MSELoss(reduction='none'))
  wanted a loss that is one number
  got    reduction='none'
  fix    reduction='mean' or 'sum'""",
    ),
    "a loss of several predictions": (
        of(same, ig.TripletMarginLoss()),
        """SpecError: check_operation(…, like=TripletMarginLoss())
  wanted a loss of predictions (N, C)
  got    TripletMarginLoss
  fix    ig.check_gradients and ig.check_parity judge it as part of a model""",
    ),
    "a search": (
        of(Stepper, ig.LBFGS()),
        """SpecError: check_operation(…, like=LBFGS(1.0))
  wanted an optimizer whose step is of one weight at a time
  got    LBFGS
  fix    ig.check_parity judges it as part of a training""",
    ),
    "a constructor": (
        of(Odd, ig.ReLU()),
        """SpecError: Odd(… colour)
  wanted parameters that are options of ReLU
  got    colour
  fix    hand in an object, or what makes one: lambda: Odd(colour=…)""",
    ),
    "an optimizer's constructor": (
        of(Stepper, ig.SGD(0.1)),
        """SpecError: Stepper(… colour)
  wanted parameters that are options of SGD
  got    colour
  fix    hand in an object, or what makes one: lambda: Stepper(colour=…)""",
    ),
    "a parameter of forward": (
        of((needing, same), ig.ReLU()),
        """SpecError: needing(… colour)
  wanted parameters that are inputs, weights (there are none) or a mode
  got    colour
  fix    give it a default, or hand in what needs none: lambda: Mine(…)""",
    ),
}


@pytest.mark.parametrize("why", MESSAGES)
def test_what_cannot_be_judged_is_refused_in_words(why: str) -> None:
    ask, told = MESSAGES[why]
    assert raised(ask) == told
