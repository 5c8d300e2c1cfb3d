"""Losses by themselves: their values one by one, the gradients of targets, and the ends of what they take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from training_helpers import BOTH

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference

RNG = np.random.default_rng(0)
ALLOWED = TOLERANCE["node", "float64"]


@BOTH
def test_a_teacher_gets_the_gradient_of_its_probabilities(backend: str) -> None:
    """Cross-entropy of probabilities that are a softmax of a teacher's logits: as autograd has it of both."""
    p, logits = RNG.normal(size=(2, 6, 4))
    teacher = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    found = ig.loss_gradients(ig.CrossEntropyLoss(), p, teacher, of_target=True, backend=backend)
    q, t = (torch.tensor(v, requires_grad=True) for v in (p, teacher))
    value = nn.CrossEntropyLoss()(q, t)
    value.backward()
    for mine, theirs in zip(found, (value.detach(), q.grad, t.grad), strict=True):
        assert theirs is not None
        assert not difference(np.asarray(mine), theirs.numpy()).exceeds(ALLOWED)


@BOTH
def test_a_loss_by_itself_is_one_value_a_row_and_takes_several_predictions_and_a_dy(backend: str) -> None:
    a, b, c = RNG.normal(size=(3, 5, 4))
    loss, dy = ig.TripletMarginLoss(reduction="none"), RNG.normal(size=5)
    found = ig.loss_gradients(loss, (a, b, c), (), dy=dy, backend=backend)
    ends = [torch.tensor(v, requires_grad=True) for v in (a, b, c)]
    value = nn.TripletMarginLoss(reduction="none")(*ends)
    value.backward(torch.tensor(dy))
    assert found.dtarget is None
    assert not difference(found.value, value.detach().numpy()).exceeds(ALLOWED)
    for mine, end in zip(found.dprediction, ends, strict=True):
        assert end.grad is not None
        assert not difference(mine, end.grad.numpy()).exceeds(ALLOWED)


def test_what_has_no_gradient_of_targets_says_so() -> None:
    with pytest.raises(ig.DataError) as error:
        ig.loss_gradients(ig.CrossEntropyLoss(), np.zeros((2, 3)), np.array([0, 1]), of_target=True)
    assert str(error.value) == (
        "CrossEntropyLoss()\n"
        "  wanted targets that it is differentiable in\n"
        "  got    int64 targets\n"
        "  fix    of_target=False, or floating targets of a loss that takes any"
    )
    with pytest.raises(ig.SpecError, match="a loss description"):
        ig.loss_gradients(nn.MSELoss(), np.zeros(2), np.zeros(2))  # type: ignore[arg-type]


def test_logarithms_of_binary_cross_entropy_end_at_minus_100() -> None:
    """Predictions of exactly 0 and 1, wrong and right: value and gradient as torch's."""
    p, t = np.array([0.0, 1.0, 0.0, 1.0, 0.5]), np.array([1.0, 0.0, 0.0, 1.0, 0.25])
    mine, theirs = (ig.loss_gradients(ig.BCELoss(reduction="none"), p, t, backend=b) for b in ("numpy", "torch"))
    assert mine.value[:4].tolist() == [100, 100, 0, 0]
    assert np.isfinite(mine.dprediction).all()
    assert not difference(mine.value, theirs.value).exceeds(ALLOWED)
    assert not difference(mine.dprediction, theirs.dprediction).exceeds(ALLOWED)


@BOTH
def test_a_prediction_outside_of_what_a_loss_takes_is_told(backend: str) -> None:
    with pytest.raises(ig.DataError) as outside:
        ig.loss_gradients(ig.BCELoss(), np.array([0.5, 1.5]), np.ones(2), backend=backend)
    assert str(outside.value) == (
        "BCELoss()\n"
        "  wanted predictions in [0, 1]\n"
        "  got    one outside\n"
        "  fix    end the model with Sigmoid(), or take BCEWithLogitsLoss()"
    )
    with pytest.raises(ig.DataError) as negative:
        ig.loss_gradients(
            ig.GaussianNLLLoss(), (np.zeros((2, 1)), np.full((2, 1), -1.0)), np.ones((2, 1)), backend=backend
        )
    assert str(negative.value) == (
        "GaussianNLLLoss()\n"
        "  wanted variances of 0 or more\n"
        "  got    a negative one\n"
        "  fix    ig.Softplus() before the second prediction"
    )


@BOTH
def test_predictions_that_are_no_numbers_are_told_by_the_node_that_made_them(backend: str) -> None:
    model = ig.Sequential([ig.Linear(1, name="end"), ig.Sigmoid()], input_shape=(2,))
    net = ig.build(model, {"end.weight": np.full((1, 2), np.nan), "end.bias": np.zeros(1)}, backend=backend)
    trainer = ig.Trainer(net, loss=ig.BCELoss(), optimizer=ig.SGD(0.1))
    with pytest.raises(ig.NonFiniteError, match="first at node 'end'"):
        trainer.step(np.ones((3, 2)), np.ones((3, 1)))


@BOTH
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_alignments_as_torch_counts_them(backend: str, reduction: Any) -> None:
    """Log-probabilities of torch's layout, rows of several lengths, one too long for its steps."""
    logits = RNG.normal(size=(7, 4, 5))
    words, times, lengths = RNG.integers(1, 5, (4, 3)), np.array([7, 6, 5, 2]), np.array([3, 0, 2, 3])
    q = torch.tensor(logits, requires_grad=True)
    theirs = nn.CTCLoss(reduction=reduction, zero_infinity=True)(
        q.log_softmax(2), torch.tensor(words), torch.tensor(times), torch.tensor(lengths)
    )
    theirs.sum().backward()
    found = ig.loss_gradients(
        ig.CTCLoss(reduction=reduction, zero_infinity=True),
        logits.transpose(1, 0, 2),
        (words, times, lengths),
        backend=backend,
    )
    assert q.grad is not None
    assert not difference(found.value, theirs.detach().numpy()).exceeds(ALLOWED)
    assert not difference(found.dprediction, q.grad.numpy().transpose(1, 0, 2)).exceeds(ALLOWED)


@BOTH
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_soft_margin_is_finite_however_wrong_a_score_is(backend: str, dtype: str) -> None:
    p, t = np.array([120.0, 800.0, -900.0], dtype), np.array([-1.0, -1.0, 1.0], dtype)
    found = ig.loss_gradients(ig.SoftMarginLoss(reduction="none"), p, t, backend=backend)
    assert found.value.tolist() == [120, 800, 900]
    assert found.dprediction.tolist() == [1, 1, -1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_cosine_of_nothing_at_all_is_judged_alike(dtype: str) -> None:
    p = np.random.default_rng(1).normal(size=(4, 2, 3)).astype(dtype)
    p[1, 0] = 0
    t = np.array([1.0, -1.0, 1.0, -1.0], dtype)
    mine, theirs = (ig.loss_gradients(ig.CosineEmbeddingLoss(margin=-0.5), p, t, backend=b) for b in ("numpy", "torch"))
    assert not difference(mine.dprediction, theirs.dprediction).exceeds(TOLERANCE["node", dtype])


@BOTH
def test_what_no_alignment_leads_to_has_no_gradient_that_is_a_number(backend: str) -> None:
    """The first row's three classes have no room in two steps; the second row is as without the first."""
    p = np.random.default_rng(2).normal(size=(2, 4, 4))
    t = np.array([[2, 3, 1, 2, 3], [4, 2, 1, 2, 0]])
    both = ig.loss_gradients(ig.CTCLoss(reduction="sum"), p, t, backend=backend)
    alone = ig.loss_gradients(ig.CTCLoss(reduction="sum"), p[1:], t[1:], backend=backend)
    assert both.value == np.inf
    assert np.isnan(both.dprediction[0, :2]).all()
    assert not difference(both.dprediction[1:], alone.dprediction).exceeds(ALLOWED)


@BOTH
@pytest.mark.parametrize("kind", [ig.BCELoss, ig.BCEWithLogitsLoss])
def test_one_figure_weighs_predictions_of_one_number_a_sample(kind: Any, backend: str) -> None:
    p, t = np.array([0.2, 0.7, 0.9]), np.array([0.0, 1.0, 0.0])
    plain, twice = (ig.loss_gradients(loss, p, t, backend=backend) for loss in (kind(), kind(weight=(2.0,))))
    assert not difference(np.asarray(twice.value), np.asarray(2 * plain.value)).exceeds(ALLOWED)
    assert not difference(twice.dprediction, 2 * plain.dprediction).exceeds(ALLOWED)


def test_targets_of_another_number_than_a_loss_takes_are_told() -> None:
    with pytest.raises(ig.DataError) as caught:
        ig.loss_gradients(ig.MSELoss(), np.zeros(2), (np.zeros(2), np.zeros(2)))
    assert str(caught.value) == (
        "MSELoss()\n  wanted one array of targets\n  got    2\n  fix    give the targets in the loss's own order"
    )
