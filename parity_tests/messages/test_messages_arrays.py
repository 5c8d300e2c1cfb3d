"""What a user reads who gives something that is no array: word for word, in both engines, nothing changed by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from message_helpers import BOTH, LABELS, VALUES, X, memory, raised, spoilt, trained
from scipy.sparse import csr_matrix
from tables import Labelled

import isograd as ig

CLASSES, NUMBERS = ig.CrossEntropyLoss(), ig.MSELoss()

MESSAGES: dict[str, tuple[Any, Callable[[Any], Any], str]] = {
    "a sparse matrix": (
        CLASSES,
        lambda t: t.fit((csr_matrix(X), LABELS)),
        """DataError: inputs
  wanted an array, or a list, table, column or tensor that becomes one
  got    csr_matrix of shape (6, 5)
  fix    x.toarray(), or a Dataset of your own that does so batch by batch""",
    ),
    "a sparse matrix to a network": (
        CLASSES,
        lambda t: t.net.forward(csr_matrix(X)),
        """DataError: input 0
  wanted an array, or a list, table, column or tensor that becomes one
  got    csr_matrix of shape (6, 5)
  fix    x.toarray(), or a Dataset of your own that does so batch by batch""",
    ),
    "sparse rows in a list": (
        CLASSES,
        lambda t: t.net.predict([csr_matrix(X[:1])]),
        """DataError: input 0[0]
  wanted a number
  got    csr_matrix of shape (1, 5)
  fix    x.toarray(), or a Dataset of your own that does so batch by batch""",
    ),
    "a sparse tensor": (
        CLASSES,
        lambda t: t.predict(torch.tensor(X).to_sparse()),
        """DataError: data
  wanted an array, or a list, table, column or tensor that becomes one
  got    Tensor of shape (6, 5)
  fix    x.to_dense(), or a Dataset of your own that does so batch by batch""",
    ),
    "ragged lists": (
        CLASSES,
        lambda t: t.fit(([[1.0, 2.0], [3.0]], [0, 1])),
        """DataError: inputs
  wanted rows of one length
  got    rows of 1, 2 entries
  fix    cut or pad them to one length""",
    ),
    "raggedness below the rows": (
        CLASSES,
        lambda t: t.step([[[1.0], [1.0, 2.0]]], [0]),
        """DataError: data
  wanted rows of one length
  got    rows of several lengths
  fix    cut or pad them to one length""",
    ),
    "None for x": (
        CLASSES,
        lambda t: t.net.forward(None),
        """DataError: input 0
  wanted an array, or a list, table, column or tensor that becomes one
  got    None
  fix    give an array of numbers""",
    ),
    "None for y": (
        CLASSES,
        lambda t: t.fit((X, None)),
        """DataError: targets
  wanted an array, or a list, table, column or tensor that becomes one
  got    None
  fix    give an array of numbers""",
    ),
    "None among numbers": (
        NUMBERS,
        lambda t: t.evaluate((X, spoilt(VALUES.astype(object), (2, 1), None))),
        """DataError: targets[2, 1]
  wanted a number
  got    None
  fix    drop or fill the missing entries, 1 of 18""",
    ),
    "one number for x": (
        CLASSES,
        lambda t: t.predict(3.0),
        """ShapeError: inputs 0
  wanted an entry for each sample
  got    a single value
  fix    batch first; for one sample, x[None]""",
    ),
    "one number for y": (
        CLASSES,
        lambda t: t.evaluate((X, 3.0)),
        """ShapeError: targets
  wanted an entry for each sample
  got    a single value
  fix    batch first; for one sample, x[None]""",
    ),
    "a dict for x": (
        CLASSES,
        lambda t: t.fit(({"a": X[:, 0]}, LABELS)),
        """DataError: inputs
  wanted an array, or a list, table, column or tensor that becomes one
  got    dict
  fix    np.column_stack(list(x.values())), or a tuple of arrays for several inputs""",
    ),
    "a dict of data": (
        CLASSES,
        lambda t: t.fit({"x": X, "y": LABELS}),
        """DataError: data
  wanted an (x, y) pair, a Dataset, or a map-style data set of (x, y) samples
  got    dict
  fix    trainer.fit((x, y), …)""",
    ),
    "a table of data": (
        CLASSES,
        lambda t: t.evaluate(Labelled(X, LABELS)),
        """DataError: data
  wanted an (x, y) pair, a Dataset, or a map-style data set of (x, y) samples
  got    Labelled
  fix    trainer.fit((x, y), …)""",
    ),
    "a sparse matrix of data": (
        CLASSES,
        lambda t: t.fit(csr_matrix(X)),
        """DataError: data
  wanted an (x, y) pair, a Dataset, or a map-style data set of (x, y) samples
  got    csr_matrix
  fix    trainer.fit((x, y), …)""",
    ),
    "three parts of data": (
        CLASSES,
        lambda t: t.fit((X, LABELS, LABELS)),
        """DataError: data
  wanted an (x, y) pair, a Dataset, or a map-style data set of (x, y) samples
  got    tuple of 3
  fix    trainer.fit((x, y), …)""",
    ),
    "a generator": (
        CLASSES,
        lambda t: t.net.predict(row for row in X),
        """DataError: input 0
  wanted an array, or a list, table, column or tensor that becomes one
  got    generator
  fix    np.array(list(x))""",
    ),
    "a set": (
        CLASSES,
        lambda t: t.fit((X, {0, 1, 2})),
        """DataError: targets
  wanted an array, or a list, table, column or tensor that becomes one
  got    set
  fix    np.array(list(x))""",
    ),
    "a function": (
        CLASSES,
        lambda t: t.net.predict(print),
        """DataError: input 0
  wanted an array, or a list, table, column or tensor that becomes one
  got    builtin_function_or_method
  fix    give an array of numbers""",
    ),
    "masked entries": (
        CLASSES,
        lambda t: t.fit((np.ma.masked_greater(X, 0.9), LABELS)),
        """DataError: inputs
  wanted no masked entries
  got    2 of 30 masked
  fix    drop those samples, or fill them: x.filled(0)""",
    ),
    "masked labels": (
        CLASSES,
        lambda t: t.fit((X, np.ma.masked_equal(LABELS, 1))),
        """DataError: targets
  wanted no masked entries
  got    2 of 6 masked
  fix    drop those samples, or fill them: x.filled(0)""",
    ),
    "masked rows in a list": (
        CLASSES,
        lambda t: t.net.predict([np.ma.masked_greater(row, 0.9) for row in X]),
        """DataError: input 0
  wanted no masked entries
  got    2 of 5 masked
  fix    drop those samples, or fill them: x.filled(0)""",
    ),
    "numbers beyond 64 bits": (
        CLASSES,
        lambda t: t.fit((X, [2**70, *LABELS[1:]])),
        """DataError: targets
  wanted numbers of 64 bits
  got    a larger one
  fix    scale the numbers""",
    ),
    "labels of text": (
        CLASSES,
        lambda t: t.fit((X, ["ash", "oak", "elm", "ash", "oak", "elm"])),
        """DataError: CrossEntropyLoss()
  wanted whole-number class indices
  got    <U3
  fix    labels, classes = ig.encode_labels(targets)""",
    ),
    "labels of text in objects": (
        CLASSES,
        lambda t: t.step(X, np.array(["ash", "oak"] * 3, object)),
        """DataError: CrossEntropyLoss()
  wanted whole-number class indices
  got    <U3
  fix    labels, classes = ig.encode_labels(targets)""",
    ),
    "labels of text with a gap": (
        CLASSES,
        lambda t: t.evaluate((X, ["ash", None, "elm", "ash", None, "elm"])),
        """DataError: targets[1]
  wanted text, as elsewhere
  got    None
  fix    drop or fill the missing entries, 2 of 6""",
    ),
    "labels of two kinds": (
        CLASSES,
        lambda t: t.fit((X, ["ash", 1, 2, 0, 1, 2])),
        """DataError: targets[1]
  wanted text, as elsewhere
  got    1
  fix    give numbers alone, or text alone""",
    ),
    "a column of text": (
        CLASSES,
        lambda t: t.predict([[1.0, "ash"], [2.0, "oak"]]),
        """DataError: data[0, 1]
  wanted a number
  got    'ash'
  fix    give numbers alone; ig.encode_labels makes numbers of a column of text""",
    ),
    "dy of text": (
        CLASSES,
        lambda t: (t.net.forward(X), t.net.backward(VALUES.astype(str))),
        """DataError: dy 0
  wanted numbers
  got    <U32
  fix    convert it to floats""",
    ),
    "None for dy": (
        CLASSES,
        lambda t: (t.net.forward(X), t.net.backward(None)),
        """DataError: dy 0
  wanted an array, or a list, table, column or tensor that becomes one
  got    None
  fix    give an array of numbers""",
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
