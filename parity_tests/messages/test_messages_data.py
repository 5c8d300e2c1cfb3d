"""What a user reads when a batch does not fit: word for word, in both engines, and with nothing changed by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from message_helpers import BOTH, LABELS, VALUES, X, memory, raised, spoilt, trained

import isograd as ig

CLASSES, LOGITS, NUMBERS = ig.CrossEntropyLoss(), ig.BCEWithLogitsLoss(), ig.MSELoss()

MESSAGES: dict[str, tuple[Any, Callable[[Any], Any], str]] = {
    "features": (
        CLASSES,
        lambda t: t.net.forward(np.ones((2, 6))),
        """ShapeError: input 0
  wanted (N, 5) with N ≥ 1
  got    (2, 6)
  fix    batch first; for one sample, x[None]""",
    ),
    "one sample without a batch axis": (
        CLASSES,
        lambda t: t.step(np.ones(5), LABELS[:1]),
        """ShapeError: input 0
  wanted (N, 5) with N ≥ 1
  got    (5,)
  fix    batch first; for one sample, x[None]""",
    ),
    "an empty batch": (
        CLASSES,
        lambda t: t.step(X[:0], LABELS[:0]),
        """ShapeError: input 0
  wanted (N, 5) with N ≥ 1
  got    (0, 5)
  fix    batch first; for one sample, x[None]""",
    ),
    "a prediction of too few features": (
        CLASSES,
        lambda t: t.net.predict(X[0, :4]),
        """ShapeError: input 0
  wanted (N, 5) with N ≥ 1
  got    (4,)
  fix    batch first; for one sample, x[None]""",
    ),
    "two inputs for one": (
        CLASSES,
        lambda t: t.step((X, X), LABELS),
        """ShapeError: forward
  wanted 1 inputs (N, 5)
  got    2
  fix    give one array for each ig.Input""",
    ),
    "text": (
        CLASSES,
        lambda t: t.net.forward(np.full((2, 5), "7")),
        """DataError: input 0
  wanted numbers
  got    <U1
  fix    convert it to floats""",
    ),
    "backward first": (
        CLASSES,
        lambda t: t.net.backward(VALUES),
        """ShapeError: backward
  wanted a forward first
  got    none since the weights were set
  fix    net.forward(x)""",
    ),
    "dy's shape": (
        CLASSES,
        lambda t: (t.net.forward(X), t.net.backward(VALUES[:2])),
        """ShapeError: backward
  wanted dy of shape (6, 3)
  got    (2, 3)
  fix    give one dy for each output""",
    ),
    "no dy": (
        CLASSES,
        lambda t: (t.net.forward(X), t.net.backward()),
        """ShapeError: backward
  wanted dy of shape (6, 3)
  got    none
  fix    give one dy for each output""",
    ),
    "a label too high": (
        CLASSES,
        lambda t: t.step(X, spoilt(LABELS, (4,), 3)),
        """DataError: CrossEntropyLoss(): target [4]
  wanted a class index 0…2
  got    3
  fix    mend the label, or widen the last layer beyond 3""",
    ),
    "a negative label": (
        CLASSES,
        lambda t: t.fit((X, spoilt(LABELS, (0,), -1))),
        """DataError: CrossEntropyLoss(): target [0]
  wanted a class index 0…2
  got    -1
  fix    mend the label, or widen the last layer beyond 3""",
    ),
    "labels as floats": (
        CLASSES,
        lambda t: t.step(X, LABELS * 1.0),
        """DataError: CrossEntropyLoss()
  wanted whole-number class indices
  got    float64
  fix    targets.astype('int64')""",
    ),
    "labels of another shape": (
        CLASSES,
        lambda t: t.step(X, LABELS[:, None]),
        """ShapeError: CrossEntropyLoss()
  wanted class indices (N,)
  got    targets (N, 1) for predictions (N, 3)
  fix    give one whole number for each prediction""",
    ),
    "probabilities of another shape": (
        CLASSES,
        lambda t: t.step(X, VALUES[:, :2]),
        """ShapeError: CrossEntropyLoss()
  wanted targets (N, 3)
  got    targets (N, 2) for predictions (N, 3)
  fix    reshape the targets, or change the model's last layer""",
    ),
    "a probability above 1": (
        LOGITS,
        lambda t: t.step(X, spoilt(VALUES, (2, 1), 1.5)),
        """DataError: BCEWithLogitsLoss(): target [2, 1]
  wanted a probability in [0, 1]
  got    1.5
  fix    scale the targets""",
    ),
    "targets of another shape": (
        NUMBERS,
        lambda t: t.step(X, VALUES[:, :1]),
        """ShapeError: MSELoss()
  wanted targets (N, 3)
  got    targets (N, 1) for predictions (N, 3)
  fix    reshape the targets, or change the model's last layer""",
    ),
    "targets of text": (
        NUMBERS,
        lambda t: t.step(X, VALUES.astype(str)),
        """DataError: MSELoss()
  wanted numeric targets
  got    <U32
  fix    convert them to floats; where they are classes, labels, classes = ig.encode_labels(targets)""",
    ),
    "too few targets": (
        NUMBERS,
        lambda t: t.step(X, VALUES[:4]),
        """ShapeError: targets
  wanted 6, one for each input
  got    4
  fix    give equal batches""",
    ),
    "a target that is one number": (
        NUMBERS,
        lambda t: t.step(X, 3.0),
        """ShapeError: targets
  wanted 6, one for each input
  got    a single number
  fix    give equal batches""",
    ),
    "targets for two losses": (
        NUMBERS,
        lambda t: t.step(X, (VALUES, VALUES)),
        """ShapeError: targets
  wanted 1, one for each loss
  got    2
  fix    give one array a loss""",
    ),
    "NaN in x of a step": (
        NUMBERS,
        lambda t: t.step(spoilt(X, (3, 1), np.nan), VALUES),
        """NonFiniteError: input 0[3, 1]
  wanted finite numbers
  got    nan
  fix    clean the data; no weight was changed by this batch""",
    ),
    "infinity in y of a step": (
        NUMBERS,
        lambda t: t.step(X, spoilt(VALUES, (5, 2), -np.inf)),
        """NonFiniteError: target 0[5, 2]
  wanted finite numbers
  got    -inf
  fix    clean the data; no weight was changed by this batch""",
    ),
}


@BOTH
@pytest.mark.parametrize("case", MESSAGES)
def test_the_message_is_this_and_nothing_changed(case: str, backend: str) -> None:
    loss, action, text = MESSAGES[case]
    trainer = trained(backend, loss)
    before = memory(trainer)
    assert raised(lambda: action(trainer)) == text
    assert memory(trainer) == before


@BOTH
def test_what_is_compared_would_show_a_step(backend: str) -> None:
    trainer = trained(backend, NUMBERS)
    before = memory(trainer)
    trainer.step(X, VALUES)
    after = memory(trainer)
    assert all(after[name] != before[name] for name in before)
