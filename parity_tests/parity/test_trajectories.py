"""Whole training runs: 200 steps of the digits MLP with dropout, locked and free, in both dtypes."""

from __future__ import annotations

import pytest

import isograd as ig
from isograd.core.learning.optimizers import Optimizer
from isograd.core.parity.matching import TOLERANCE

OPTIMIZERS = [ig.SGD(0.1, momentum=0.9), ig.Adam(0.01), ig.SGD(0.1, momentum=0.9, velocity="step")]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_200_steps_of_the_digits_mlp_agree(optimizer: Optimizer) -> None:
    parts, _ = ig.standardize(ig.split(*ig.data.digits(), stratify=True))
    model = ig.Sequential([ig.Linear(64), ig.Tanh(), ig.Dropout(0.2), ig.Linear(10)], input_shape=(64,))
    report = ig.check_parity(
        model,
        parts.train.inputs[0],
        parts.train.targets[0],
        loss=ig.CrossEntropyLoss(),
        optimizer=optimizer,
        steps=200,
        batch_size=60,
    )
    assert report.passed, str(report)
    free = [row for row in report.rows if (row.stage, row.dtype) == ("free run", "float64")]
    assert {row.path for row in free} == {"0.weight", "0.bias", "3.weight", "3.bias", "loss"}
    assert {row.allowed for row in free} == {TOLERANCE["free run", "float64"]}
    locked = [row for row in report.rows if (row.stage, row.dtype) == ("locked step", "float64")]
    assert {row.note for row in locked} == {f"step {k}" for k in range(1, 201)}
    moved = [row for row in locked if row.path != "loss"]  # which is held against the noise floor
    assert {row.allowed for row in moved} == {TOLERANCE["locked step", "float64"]}
