"""Gradients that are zero but for rounding are equal, whatever rounding left of them; a wrong one is still seen."""

from __future__ import annotations

import numpy as np
import pytest

import isograd as ig
from isograd.core.parity.stages import end_to_end

SEEDS = range(12)
X, Y = np.random.default_rng(0).normal(size=(6, 2, 4, 4)), np.arange(6) % 3
MODEL = ig.Sequential(
    [ig.Conv2d(3, 3, padding=1), ig.BatchNorm2d(), ig.ReLU(), ig.Flatten(), ig.Linear(3)], input_shape=(2, 4, 4)
)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_bias_before_a_normalisation_is_no_failure(seed: int) -> None:
    """The normalisation takes away what the bias adds, so its gradient is a sum of terms that cancel."""
    report = ig.check_parity(MODEL, X, Y, loss=ig.CrossEntropyLoss(), seed=seed)
    assert report.passed, str(report)
    rows = [row for row in report.rows if (row.stage, row.path, row.what) == ("end to end", "0.bias", "gradient")]
    assert {row.dtype for row in rows} == {"float64", "float32"}


@pytest.mark.parametrize("what", ["gradient", "gradient of the loss"])
def test_a_wrong_gradient_of_such_a_bias_is_seen(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    right = end_to_end.Whole.measured
    nets = iter(["left", "right", "left with its inputs moved"])

    def wrong(self: end_to_end.Whole, net: object, inputs: object) -> object:
        found = right(self, net, inputs)  # type: ignore[arg-type]
        if next(nets) == "right":
            found["0.bias", what] = found["0.bias", what] + 1e-6 * np.abs(found["0.weight", what]).max()
        return found

    monkeypatch.setattr(end_to_end.Whole, "measured", wrong)
    report = ig.check_parity(MODEL, X, Y, loss=ig.CrossEntropyLoss(), dtypes=("float64",))
    assert [(row.path, row.what) for row in report.rows if row.failed] == [("0.bias", what)]
