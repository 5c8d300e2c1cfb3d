"""Metrics, against figures worked out by hand and against scikit-learn's."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score, root_mean_squared_error
from training_helpers import LABELS, X, Y

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference


def test_metrics_against_figures_worked_out_by_hand_and_scikit_learn() -> None:
    p, t = np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.5]]), np.array([[1.0, 1.0], [0.0, 1.0], [2.0, 2.5]])
    assert ig.MAE().value(p, t) == (1 + 0 + 0 + 2 + 1 + 2) / 6
    assert ig.RMSE().value(p, t) == ((1 + 4 + 1 + 4) / 6) ** 0.5
    assert ig.R2().value(p, t) == ((1 - 2 / 2) + (1 - 8 / 1.5)) / 2
    assert ig.Accuracy().value(p, np.array([0, 0, 0])) == 2 / 3
    assert ig.Accuracy().value(p, np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])) == 2 / 3
    assert ig.Accuracy().value(np.array([[0.3], [-0.1], [0.7]]), np.array([[1], [0], [0]])) == 2 / 3
    allowed = TOLERANCE["node", "float64"]
    for metric, theirs in (
        (ig.MAE(), mean_absolute_error(Y, X[:, :2])),
        (ig.R2(), r2_score(Y, X[:, :2])),
        (ig.RMSE(), root_mean_squared_error(Y.ravel(), X[:, :2].ravel())),
    ):
        assert not difference(np.float64(metric.value(X[:, :2], Y)), np.float64(theirs)).exceeds(allowed)
    assert ig.Accuracy().value(X, LABELS) == accuracy_score(LABELS, X.argmax(1))


def test_nats_and_bits_against_scikit_learns_log_loss() -> None:
    rng = np.random.default_rng(3)
    logits, targets = rng.normal(size=(7, 5, 4)) * 3, rng.integers(0, 4, (7, 5))
    p = np.exp(logits - logits.max(-1, keepdims=True))
    rows = (p / p.sum(-1, keepdims=True)).reshape(35, 4)
    nats = -np.mean(np.log(rows[np.arange(35), targets.ravel()]))
    allowed = TOLERANCE["node", "float64"]
    theirs = log_loss(targets.ravel(), rows, labels=range(4))
    assert not difference(np.float64(nats), np.float64(theirs)).exceeds(allowed)
    for metric, truth in ((ig.Nats(dim=-1), nats), (ig.Bits(dim=-1), nats / np.log(2))):
        assert not difference(np.float64(metric.value(logits, targets)), np.float64(truth)).exceeds(allowed)
    columns = np.moveaxis(logits, -1, 1)
    assert ig.Nats().value(columns, targets) == ig.Nats(dim=-1).value(logits, targets)
    assert np.isfinite(ig.Nats().value(np.array([[1e4, -1e4]]), np.array([1])))


def test_a_single_logit_of_0_is_class_0() -> None:
    """σ(0) = ½ is not above one half; of two equal logits, too, the first is the larger."""
    for prediction in (np.zeros(2), np.zeros((2, 1)), np.zeros((2, 2))):
        assert ig.Accuracy().value(prediction, np.array([0, 1])) == 0.5
        assert ig.Accuracy().value(prediction, np.array([0, 0])) == 1.0


def test_classes_stand_along_the_axis_after_the_batch() -> None:
    """(N, C, T): as CrossEntropyLoss has them; another axis is asked for by dim=."""
    scores = np.array([[[3.0, 0.0, 0.0], [1.0, 2.0, 1.0]], [[0.0, 5.0, 0.0], [9.0, 1.0, 4.0]]])
    target = np.array([[0, 1, 1], [1, 0, 0]])
    assert ig.Accuracy().value(scores, target) == 5 / 6
    assert ig.Accuracy(dim=-1).value(scores.swapaxes(1, 2), target) == 5 / 6


def test_a_column_of_predictions_stands_beside_a_row_of_targets() -> None:
    """(N, 1) against (N,): sample by sample, not every one with every other."""
    column, row = np.array([[1.0], [2.0], [4.0]]), np.array([1.0, 2.0, 3.0])
    for metric, value in ((ig.MSE(), 1 / 3), (ig.MAE(), 1 / 3), (ig.R2(), 0.5)):
        assert metric.value(column, row) == value
