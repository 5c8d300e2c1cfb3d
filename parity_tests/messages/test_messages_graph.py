"""What a user reads when names or connections of a graph cannot be: word for word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from message_helpers import raised

import isograd as ig

a, b = ig.Input((4,)), ig.Input((5,))

MESSAGES: dict[str, tuple[Callable[[], Any], str]] = {
    "a Sequential without input_shape": (
        lambda: ig.build(ig.Sequential([ig.Linear(3)])),
        """SpecError: Sequential([Linear(3)])
  wanted input_shape=, one sample's shape
  got    none
  fix    ig.Sequential([…], input_shape=(64,))""",
    ),
    "two layers of one name, Sequential": (
        lambda: ig.Sequential([ig.Linear(3, name="h"), ig.Linear(3, name="h")]),
        """SpecError: Sequential
  wanted a name of its own for every layer
  got    two layers named 'h'
  fix    rename one; to share weights, put one layer object at both places""",
    ),
    "a name that is another's position": (
        lambda: ig.Sequential([ig.Linear(3, name="1"), ig.Linear(3)]),
        """SpecError: Sequential
  wanted a name of its own for every layer
  got    two layers named '1'
  fix    rename one; to share weights, put one layer object at both places""",
    ),
    "two layers of one name, Model": (
        lambda: ig.Model(inputs=a, outputs=ig.Linear(3, name="h")(ig.Linear(3, name="h")(a))),
        """SpecError: Model
  wanted a name of its own for every layer
  got    two layers named 'h'
  fix    rename one; to share weights, call one layer object twice""",
    ),
    "two inputs of one name": (
        lambda: ig.Model(
            inputs=(pair := (ig.Input((2,), name="x"), ig.Input((2,), name="x"))), outputs=pair[0] + pair[1]
        ),
        """SpecError: Model(inputs=…)
  wanted a name of its own for every input
  got    ['x', 'x']
  fix    rename one""",
    ),
    "an input and a layer of one name": (
        lambda: ig.Model(inputs=a, outputs=ig.Linear(4, name="input")(a) + a),
        """SpecError: Model
  wanted a name of its own for every input and layer
  got    an input and a layer named 'input'
  fix    rename one""",
    ),
    "a name with a dot": (
        lambda: ig.Sequential([ig.Linear(3, name="block.1")]),
        """SpecError: Linear(3)
  wanted a name without . # : | /, which separate names in paths
  got    'block.1'
  fix    rename it""",
    ),
    "an empty name": (
        lambda: ig.Sequential([ig.Linear(3, name="")]),
        """SpecError: Linear(3)
  wanted a name without . # : | /, which separate names in paths
  got    ''
  fix    rename it""",
    ),
    "a model's name that is none": (
        lambda: ig.Model(inputs=a, outputs=ig.ReLU()(a), name=5),
        """SpecError: Model(name=…)
  wanted a string
  got    5
  fix    name="encoder\"""",
    ),
    "an input that is not listed": (
        lambda: ig.Model(inputs=a, outputs=ig.Concat()(a, b)),
        """SpecError: Model
  wanted every Input that the outputs depend on, in inputs=
  got    Value(N, 5) is not among them
  fix    add it to inputs=""",
    ),
    "an input that feeds nothing": (
        lambda: ig.Model(inputs=[a, b], outputs=ig.ReLU()(a)),
        """SpecError: Model
  wanted inputs that the outputs depend on
  got    Value(N, 5) feeds no output
  fix    drop it""",
    ),
    "an input listed twice": (
        lambda: ig.Model(inputs=[a, a], outputs=ig.ReLU()(a)),
        """SpecError: Model(inputs=…)
  wanted each Input once
  got    one of them twice
  fix    drop one""",
    ),
    "inputs that are none": (
        lambda: ig.Model(inputs=(ig.ReLU()(a)), outputs=ig.ReLU()(a)),
        """SpecError: Model(inputs=…)
  wanted ig.Input values
  got    Value(N, 4)
  fix    ig.Model(inputs=ig.Input(…), outputs=…)""",
    ),
    "an Input with the batch axis": (
        lambda: ig.Input((None, 28)),
        """SpecError: Input((None, 28))
  wanted positive whole numbers, without the batch axis
  got    (None, 28)
  fix    give one sample's shape, such as (1, 28, 28)""",
    ),
    "a value plus a number": (
        lambda: a + 1,
        """SpecError: Value(N, 4) + 1
  wanted a graph value on both sides
  got    int
  fix    numbers and arrays enter a model through ig.Input""",
    ),
    "a number times a value": (
        lambda: 2.0 * a,
        """SpecError: Value(N, 4) * 2.0
  wanted a graph value on both sides
  got    float
  fix    numbers and arrays enter a model through ig.Input""",
    ),
    "an array minus a value": (
        lambda: np.ones(4) - a,
        """SpecError: Value(N, 4) - array([1., 1., 1., 1.])
  wanted a graph value on both sides
  got    ndarray
  fix    numbers and arrays enter a model through ig.Input""",
    ),
    "a layer called on an array": (
        lambda: ig.Linear(3)(np.ones((2, 4))),
        """SpecError: Linear(3) called on ndarray
  wanted graph values (ig.Input and what layers return)
  got    ndarray
  fix    build the model from ig.Input, then give arrays to net.forward""",
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_the_message_is_this_every_time(case: str) -> None:
    """Raised twice: the first use of a description may complete it, and must not change its words."""
    action, text = MESSAGES[case]
    assert raised(action) == text
    assert raised(action) == text
