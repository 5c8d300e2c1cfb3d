"""The texts of what the layers over whole numbers and over time refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from message_helpers import BOTH, raised

import isograd as ig
from isograd.core.base.types import Array
from isograd.core.layers.base import Layer

STEPS = np.zeros((2, 5, 3))
X, WORDS, NUMBER, STATE = ig.Input((5, 3)), ig.Input((5,)), ig.Input(()), ig.Input((4,))


def read(layer: Any, *arrays: Any, backend: str = "numpy") -> Any:
    """The first output of a model of this layer alone, for these arrays."""
    ends = [ig.Input(np.shape(array)[1:]) for array in arrays]
    y = layer(*ends)
    model = ig.Model(inputs=ends, outputs=y[0] if isinstance(y, tuple) else y)
    return ig.build(model, backend=backend).forward(*arrays)


REJECTED: dict[str, tuple[Callable[[], Any], str]] = {
    "a padding row beyond the table": (
        lambda: ig.Embedding(4, 2, padding_idx=4),
        """SpecError: Embedding(4, 2, padding_idx=4)
  wanted padding_idx in −4…3
  got    4
  fix    name a row of the table""",
    ),
    "a padding row before the table": (
        lambda: ig.Embedding(4, 2, padding_idx=-5),
        """SpecError: Embedding(4, 2, padding_idx=-5)
  wanted padding_idx in −4…3
  got    -5
  fix    name a row of the table""",
    ),
    "the last step of what is no sequence": (
        lambda: ig.Sequential([ig.LastStep()], input_shape=(3,)),
        """ShapeError: layer 1 of 1, LastStep()
  wanted (N, T, F): features at every step
  got    (N, 3)
  path   (N, 3)
  fix    batch first, then time, then features""",
    ),
    "a length for every step": (
        lambda: ig.LastStep()(X, lengths=WORDS),
        """ShapeError: LastStep()
  wanted lengths (N,), one number for each sample
  got    (N, 5)
  path   (N, 5, 3)   and   (N, 5)
  fix    lengths=ig.Input(())""",
    ),
    "lengths given twice": (
        lambda: ig.LastStep()(X, NUMBER, lengths=NUMBER),
        """ShapeError: LastStep()
  wanted 1 to 2 inputs
  got    3
  path   (N, 5, 3)   and   (N,)   and   (N,)
  fix    call it with 1 to 2 graph values""",
    ),
    "dropout between the layers of one layer": (
        lambda: ig.LSTM(4, dropout=0.5),
        """SpecError: LSTM(4, dropout=0.5)
  wanted num_layers=2 or more: dropout stands between layers
  got    num_layers=1
  fix    drop dropout=, or put ig.Dropout behind this layer""",
    ),
    "a projection to as many features": (
        lambda: ig.LSTM(4, proj_size=4),
        """SpecError: LSTM(4, proj_size=4)
  wanted proj_size below hidden_size=4
  got    4
  fix    a smaller proj_size, or 0 for none""",
    ),
    "one step for a whole layer": (
        lambda: ig.Sequential([ig.LSTM(4)], input_shape=(3,)),
        """ShapeError: layer 1 of 1, LSTM(4)
  wanted (N, T, F): features at every step
  got    (N, 3)
  path   (N, 3)
  fix    batch first, then time, then features""",
    ),
    "a state of too many layers": (
        lambda: ig.GRU(4)(X, ig.Input((2, 4))),
        """ShapeError: GRU(4)
  wanted x, after it a state (N, 1, 4) or none, and lengths (N,) or none
  got    (N, 5, 3) and (N, 2, 4)
  path   (N, 5, 3)   and   (N, 2, 4)
  fix    a state has one row for each layer and direction, batch first; lengths=ig.Input(())""",
    ),
    "h without c": (
        lambda: ig.LSTM(4)(X, ig.Input((1, 4))),
        """ShapeError: LSTM(4)
  wanted x, after it a state (N, 1, 4) and (N, 1, 4) or none, and lengths (N,) or none
  got    (N, 5, 3) and (N, 1, 4)
  path   (N, 5, 3)   and   (N, 1, 4)
  fix    a state has one row for each layer and direction, batch first; lengths=ig.Input(())""",
    ),
    "h as wide as c where it is projected": (
        lambda: ig.LSTM(4, proj_size=2)(X, (ig.Input((1, 4)), ig.Input((1, 4)))),
        """ShapeError: LSTM(4, proj_size=2)
  wanted x, after it a state (N, 1, 2) and (N, 1, 4) or none, and lengths (N,) or none
  got    (N, 5, 3) and (N, 1, 4) and (N, 1, 4)
  path   (N, 5, 3)   and   (N, 1, 4)   and   (N, 1, 4)
  fix    a state has one row for each layer and direction, batch first; lengths=ig.Input(())""",
    ),
    "a length for every step of a recurrence": (
        lambda: ig.GRU(4)(X, lengths=WORDS),
        """ShapeError: GRU(4)
  wanted x, after it a state (N, 1, 4) or none, and lengths (N,) or none
  got    (N, 5, 3) and (N, 5)
  path   (N, 5, 3)   and   (N, 5)
  fix    a state has one row for each layer and direction, batch first; lengths=ig.Input(())""",
    ),
    "more inputs than a recurrence has": (
        lambda: ig.GRU(4)(X, X, X, X),
        """ShapeError: GRU(4)
  wanted 1 to 3 inputs
  got    4
  path   (N, 5, 3)   and   (N, 5, 3)   and   (N, 5, 3)   and   (N, 5, 3)
  fix    call it with 1 to 3 graph values""",
    ),
    "a sequence for a cell": (
        lambda: ig.RNNCell(4)(X),
        """ShapeError: RNNCell(4)
  wanted x (N, F), and after it a state (N, 4) or none
  got    (N, 5, 3)
  path   (N, 5, 3)
  fix    give one step and its state; for a whole sequence, ig.RNN""",
    ),
    "a state of another width": (
        lambda: ig.GRUCell(5)(ig.Input((3,)), STATE),
        """ShapeError: GRUCell(5)
  wanted x (N, F), and after it a state (N, 5) or none
  got    (N, 3) and (N, 4)
  path   (N, 3)   and   (N, 4)
  fix    give one step and its state; for a whole sequence, ig.GRU""",
    ),
    "h without c for a cell": (
        lambda: ig.LSTMCell(4)(ig.Input((3,)), STATE),
        """ShapeError: LSTMCell(4)
  wanted x (N, F), and after it a state (N, 4) and (N, 4) or none
  got    (N, 3) and (N, 4)
  path   (N, 3)   and   (N, 4)
  fix    give one step and its state; for a whole sequence, ig.LSTM""",
    ),
    "more inputs than a cell has": (
        lambda: ig.LSTMCell(4)(ig.Input((3,)), (STATE, STATE, STATE)),
        """ShapeError: LSTMCell(4)
  wanted 1 to 3 inputs
  got    4
  path   (N, 3)   and   (N, 4)   and   (N, 4)   and   (N, 4)
  fix    call it with 1 to 3 graph values""",
    ),
    "words that a layer computes": (
        lambda: ig.Model(inputs=WORDS, outputs=ig.Embedding(4, 2)(ig.Tanh()(WORDS))),
        """SpecError: Model
  wanted whole numbers straight from an ig.Input at input 0 of 'embedding', Embedding(4, 2)
  got    the output of 'tanh'
  fix    make them an Input of the model: computed values have gradients, whole numbers none""",
    ),
    "words that a layer computes, in a Sequential": (
        lambda: ig.Sequential([ig.Linear(5), ig.OneHot(4)], input_shape=(3,)),
        """SpecError: Sequential
  wanted whole numbers straight from an ig.Input at input 0 of '1', OneHot(4)
  got    the output of '0'
  fix    make them an Input of the model: computed values have gradients, whole numbers none""",
    ),
    "lengths that a layer computes": (
        lambda: ig.Model(inputs=[X, NUMBER], outputs=ig.LastStep()(X, lengths=ig.ReLU()(NUMBER))),
        """SpecError: Model
  wanted whole numbers straight from an ig.Input at input 1 of 'last_step', LastStep()
  got    the output of 'relu'
  fix    make them an Input of the model: computed values have gradients, whole numbers none""",
    ),
    "words that are computed with": (
        lambda: ig.Model(inputs=WORDS, outputs=[ig.Embedding(4, 2)(WORDS), ig.Linear(2)(WORDS)]),
        """SpecError: Model
  wanted an Input of their own for the whole numbers that 'embedding' reads
  got    'input', which 'linear' computes with
  fix    give the model two Inputs""",
    ),
}


@pytest.mark.parametrize("why", REJECTED)
def test_what_does_not_fit_is_explained_when_the_model_is_built(why: str) -> None:
    build, text = REJECTED[why]
    assert raised(build) == text


UNREADABLE: dict[str, tuple[tuple[Layer, *tuple[Array, ...]], str]] = {
    "a word beyond the table": (
        (ig.Embedding(4, 2), np.array([[0, 1], [2, 4]])),
        """DataError: input 0[1, 1]
  wanted whole numbers 0…3
  got    4
  fix    mend the data, or change the layer that reads it""",
    ),
    "a word before the table": (
        (ig.Embedding(4, 2, padding_idx=-1), np.array([[0, 1], [-1, 3]])),
        """DataError: input 0[1, 0]
  wanted whole numbers 0…3
  got    -1
  fix    mend the data, or change the layer that reads it""",
    ),
    "a class beyond all": (
        (ig.OneHot(3), np.array([0, 3])),
        """DataError: input 0[1]
  wanted whole numbers 0…2
  got    3
  fix    mend the data, or change the layer that reads it""",
    ),
    "words as floats": (
        (ig.Embedding(4, 2), np.array([[0.0, 1.0], [2.0, 3.0]])),
        """DataError: input 0
  wanted whole numbers 0…3
  got    float64
  fix    values.astype('int64')""",
    ),
    "words as yes and no": (
        (ig.Embedding(4, 2), np.array([[True, False]])),
        """DataError: input 0
  wanted whole numbers 0…3
  got    bool
  fix    values.astype('int64')""",
    ),
    "an empty sample": (
        (ig.LastStep(), STEPS, np.array([5, 0])),
        """DataError: input 1[1]
  wanted whole numbers 1…5
  got    0
  fix    mend the data, or change the layer that reads it""",
    ),
    "a sample longer than the rest": (
        (ig.GRU(4), STEPS, np.array([3, 6])),
        """DataError: input 1[1]
  wanted whole numbers 1…5
  got    6
  fix    mend the data, or change the layer that reads it""",
    ),
    "lengths as floats": (
        (ig.LSTM(4), STEPS, np.array([3.0, 5.0])),
        """DataError: input 1
  wanted whole numbers 1…5
  got    float64
  fix    values.astype('int64')""",
    ),
}


@BOTH
@pytest.mark.parametrize("why", UNREADABLE)
def test_whole_numbers_that_no_layer_can_read_are_named(why: str, backend: str) -> None:
    given, text = UNREADABLE[why]
    assert raised(lambda: read(*given, backend=backend)) == text
