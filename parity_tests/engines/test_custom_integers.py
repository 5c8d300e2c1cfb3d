"""Custom layers whose function reads whole numbers: the places of a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from message_helpers import BOTH, raised

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference


@ig.custom(weights=lambda words: {"table": (6, 3)}, integers={"words": 6})
def looked_up(ops, words, w):  # type: ignore[no-untyped-def]
    return w["table"][words]


@ig.custom(integers={"place": range(1, 6)})
def picked(ops, place, x):  # type: ignore[no-untyped-def]
    return x[np.arange(len(x)), place - 1]


WORDS = np.array([[0, 5, 5, 2, 1], [3, 3, 4, 0, 0]])
ENDS = np.array([5, 1])


def model() -> ig.Model:
    words, place = ig.Input((5,)), ig.Input(())
    h, _ = ig.GRU(4)(looked_up(name="table")(words))
    return ig.Model(inputs=[words, place], outputs=ig.Linear(2)(picked()(place, h)))


def test_it_trains_alike_in_both_engines_and_its_gradients_are_slopes() -> None:
    y = np.array([0, 1])
    report = ig.check_parity(model(), (WORDS, ENDS), y, loss=ig.CrossEntropyLoss(), optimizer=ig.Adam(0.01), steps=3)
    assert report.passed, str(report)
    assert ig.check_gradients(model(), (WORDS, ENDS), y, loss=ig.CrossEntropyLoss()).passed
    assert ig.Model.from_json(model().to_json()) == model()


@BOTH
def test_it_is_the_built_in_layer(backend: str) -> None:
    """looked_up is Embedding, picked is LastStep: outputs and gradients."""
    words, place = ig.Input((5,)), ig.Input(())
    rows = ig.Embedding(6, 3, name="table")(words)
    built_in = ig.Model(inputs=[words, place], outputs=ig.LastStep()(rows, lengths=place))
    own = ig.Model(inputs=[words, place], outputs=picked()(place, looked_up(name="table")(words)))
    first = ig.build(built_in, backend=backend, dtype="float64")
    second = ig.build(own, {"table.table": first.state_dict()["table.weight"]}, backend=backend, dtype="float64")
    dy = np.arange(6.0).reshape(2, 3) + 1
    assert np.array_equal(first.forward(WORDS, ENDS), second.forward(WORDS, ENDS))
    (dx, dw), (own_dx, own_dw) = first.backward(dy), second.backward(dy)
    assert not difference(own_dw["table.table"], dw["table.weight"]).exceeds(TOLERANCE["node", "float64"])
    assert dx == own_dx == (None, None)


def two(ops, words, x):  # type: ignore[no-untyped-def]
    return x


def alone(ops, words):  # type: ignore[no-untyped-def]
    return words


UNKNOWN = "ig.custom: two\n  wanted integers= of inputs, words, x, each with a number or a range\n  got    {}\n"
FIX = "  fix    integers={'words': 65}"
MESSAGES: dict[str, tuple[Callable[[], Any], str]] = {
    "no input of this name": (
        lambda: ig.custom(integers={"tokens": 65})(two),
        "SpecError: " + UNKNOWN.format("'tokens': 65") + FIX,
    ),
    "no numbers at all": (
        lambda: ig.custom(integers={"words": 0})(two),
        "SpecError: " + UNKNOWN.format("'words': 0") + FIX,
    ),
    "a range with gaps": (
        lambda: ig.custom(integers={"words": range(0, 8, 2)})(two),
        "SpecError: " + UNKNOWN.format("'words': range(0, 8, 2)") + FIX,
    ),
    "whole numbers in a loss": (
        lambda: ig.custom(kind="loss", integers={"x": 3})(two),  # type: ignore[call-overload]
        """SpecError: ig.custom: two
  wanted integers= for layers alone
  got    integers= of a loss
  fix    kind="class loss\"""",
    ),
    "nothing to compute with": (
        lambda: ig.custom(integers={"words": 65})(alone),
        """SpecError: ig.custom: alone
  wanted floats to compute with: weights, or another input
  got    whole numbers alone
  fix    look them up in a weight; for rows of the identity there is ig.OneHot""",
    ),
    "a number beyond": (
        lambda: ig.build(model()).forward(WORDS + 1, ENDS),
        """DataError: input 0[0, 1]
  wanted whole numbers 0…5
  got    6
  fix    mend the data, or change the layer that reads it""",
    ),
    "what a layer computes": (
        lambda: ig.Sequential([ig.Linear(5), looked_up()], input_shape=(3,)),
        """SpecError: Sequential
  wanted whole numbers straight from an ig.Input at input 0 of '1', looked_up()
  got    the output of '0'
  fix    make them an Input of the model: computed values have gradients, whole numbers none""",
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_a_mistake_is_told(case: str) -> None:
    action, text = MESSAGES[case]
    assert raised(action) == text
