"""with_input_shapes: the same description, and so the same weights, for inputs of other shapes."""

from __future__ import annotations

import numpy as np
import pytest
from message_helpers import raised

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference


def steps_model(steps: int = 7) -> ig.Model:
    """Every kind of inner model: one that infers its shapes, one fixed to them, one around a fixed one; one shared."""
    x, h = ig.Input((steps,), name="text"), ig.Input((4,))
    e = ig.Embedding(9, 6)(x)
    a = ig.Input((steps, 6))
    fixed = ig.Model(inputs=a, outputs=ig.ReLU()(ig.Linear(6)(a)), name="fixed")
    around = ig.Residual([fixed, ig.Tanh()])
    inferred = ig.Sequential([ig.Linear(4), ig.Tanh()], name="inferred")
    y = inferred(around(e))
    state = ig.Tanh()(ig.Linear(4)(ig.LastStep()(y)) + ig.Linear(4)(h))
    return ig.Model(inputs=(x, h), outputs=(ig.Linear(9)(inferred(ig.Linear(6)(y))), state))


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_model_of_one_step_computes_the_first_step_of_many(backend: str) -> None:
    model = steps_model()
    one = model.with_input_shapes((1,), (4,))
    assert one.input_shapes == ((1,), (4,))
    weights = ig.build(model, backend=backend, dtype="float64").state_dict()
    net = ig.build(model, weights, backend=backend, dtype="float64")
    short = ig.build(one, weights, backend=backend, dtype="float64")
    rng = np.random.default_rng(0)
    x, h = rng.integers(0, 9, (3, 7)), rng.normal(size=(3, 4))
    whole, _ = net.forward(x, h)
    first, _ = short.forward(x[:, :1], h)
    assert first.shape == (3, 1, 9)
    assert not difference(first[:, 0], whole[:, 0]).exceeds(TOLERANCE["node", "float64"])


def test_there_and_back_gives_the_same_description() -> None:
    model = steps_model()
    assert model.with_input_shapes((1,), (4,)) != model
    assert model.with_input_shapes((1,), (4,)).with_input_shapes((7,), (4,)).to_json() == model.to_json()
    shared = ig.Tanh()
    chain = ig.Sequential([shared, ig.Linear(5), shared], input_shape=(7, 5), name="chain")
    assert chain.with_input_shapes((2, 5)) == ig.Sequential(
        [shared, ig.Linear(5), shared], input_shape=(2, 5), name="chain"
    )


CASES = [
    (
        lambda: steps_model().with_input_shapes((1,), (5,)),
        """ShapeError: with_input_shapes((1,), (5,))
  wanted shapes that leave every weight as it is: linear_1.weight (4, 4)
  got    (4, 5)
  fix    change axes that no weight spans, such as the number of steps""",
    ),
    (
        lambda: steps_model().with_input_shapes((1,)),
        """ShapeError: with_input_shapes((1,))
  wanted 2 shapes, one an input
  got    1
  fix    as (7,), (4,), without the batch axis""",
    ),
    (
        lambda: ig.Sequential([ig.Conv1d(2, 3)], input_shape=(1, 4)).with_input_shapes((4,)),
        """ShapeError: Conv1d(2, 3)
  wanted (N, C, W)
  got    (N, 4)
  path   (N, 4)
  fix    bring the input to this form, with Reshape for example""",
    ),
]


@pytest.mark.parametrize(("call", "text"), CASES)
def test_a_shape_that_does_not_fit_gets_a_clear_error(call, text) -> None:  # type: ignore[no-untyped-def]
    assert raised(call) == text
