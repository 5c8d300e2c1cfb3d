"""The loss of a data set is one number, however the data are cut into batches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from training_helpers import BOTH

import isograd as ig
from isograd.core.learning.losses import Loss
from isograd.core.parity.cases import LOSS_CASES, LossCase
from isograd.core.parity.loss_arrays import loss_arrays
from isograd.core.parity.matching import TOLERANCE, difference

ROWS = 23
ALLOWED = TOLERANCE["free run", "float64"]
CASES = [(kind, case) for kind, cases in LOSS_CASES.items() for case in cases if case.loss.reduction != "none"]
OTHER = {"numpy": "torch", "torch": "numpy"}


def whole(backend: str, loss: Loss, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The loss of all predictions at once, by this engine alone."""
    value, _ = ig.get_backend(backend).evaluate_loss(loss, prediction, target, np.float64(1))
    return np.asarray(value)


def evaluated(backend: str, losses: Any, inputs: Any, targets: Any, batch_size: int) -> np.ndarray:
    """The loss that a trainer finds, of a model that hands its inputs on."""
    ends = [ig.Input(x.shape[1:]) for x in inputs]
    model = ig.Model(inputs=ends, outputs=[ig.Identity()(end) for end in ends])
    trainer = ig.Trainer(ig.build(model, backend=backend, dtype="float64"), loss=losses, optimizer=ig.SGD())
    return np.asarray(trainer.evaluate((tuple(inputs), tuple(targets)), batch_size=batch_size)["loss"])


@BOTH
@pytest.mark.parametrize("batch_size", [5, 7, 64])
@pytest.mark.parametrize(("kind", "case"), CASES, ids=lambda v: getattr(v, "why", getattr(v, "__name__", "")))
def test_every_loss_of_a_data_set_is_that_of_one_batch(
    backend: str, kind: type, case: LossCase, batch_size: int
) -> None:
    prediction, target = loss_arrays(replace(case, shape=(ROWS, *case.shape[1:])))
    expected = whole(OTHER[backend], case.loss, prediction, target)
    found = evaluated(backend, (case.loss,), [prediction], [target], batch_size)
    assert not difference(found, expected).exceeds(ALLOWED)


@BOTH
@pytest.mark.parametrize("batch_size", [5, 7, 64])
def test_losses_of_several_outputs_are_each_weighed_by_their_own(backend: str, batch_size: int) -> None:
    """A sum, a mean over what is not ignored, and one with class weights; the first batch has nothing to count."""
    rng = np.random.default_rng(2)
    losses = (
        ig.L1Loss(reduction="sum"),
        ig.CrossEntropyLoss(ignore_index=1),
        None,
        ig.CrossEntropyLoss(weight=(0.2, 5.0, 1.0)),
    )
    inputs = [rng.normal(size=(ROWS, 3)) for _ in losses]
    labels = np.sort(rng.integers(0, 3, ROWS))[::-1].copy()
    ignored = np.where(np.arange(ROWS) < 8, 1, labels)
    targets = [rng.normal(size=(ROWS, 3)), ignored, labels]
    trained = [(loss, x) for loss, x in zip(losses, inputs, strict=True) if loss is not None]
    parts = [whole(OTHER[backend], loss, x, t) for (loss, x), t in zip(trained, targets, strict=True)]
    assert not difference(evaluated(backend, losses, inputs, targets, batch_size), sum(parts)).exceeds(ALLOWED)


@BOTH
def test_where_nothing_counts_there_is_no_loss(backend: str) -> None:
    loss = ig.NLLLoss(ignore_index=0)
    assert np.isnan(evaluated(backend, (loss,), [np.ones((6, 3))], [np.zeros(6, np.int64)], 4))


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_an_error_in_an_evaluation_says_in_which_batch_and_of_which_sample(backend: str) -> None:
    x, y = np.zeros((20, 4)), np.zeros(20, int)
    y[17] = 9
    model = ig.Sequential([ig.Linear(3)], input_shape=(4,))
    trainer = ig.Trainer(ig.build(model, backend=backend), loss=ig.CrossEntropyLoss(), optimizer=ig.SGD(0.1))
    with pytest.raises(ig.DataError) as error:
        trainer.evaluate((x, y), batch_size=8)
    assert error.value.where.startswith("batch 3 of 3, sample 17: ")
