"""What a user reads when classes do not stand where a loss looks for them: word for word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from message_helpers import raised

import isograd as ig


def judged(loss: Any, prediction: tuple[int, ...], targets: Any) -> None:
    """One training step on predictions of this shape, with targets of this shape, or these."""
    given = np.zeros(targets, int) if isinstance(targets, tuple) else targets
    net = ig.build(ig.Sequential([ig.Identity()], input_shape=prediction))
    ig.Trainer(net, loss=loss, optimizer=ig.SGD(0.1)).step(np.zeros((len(given), *prediction)), given)


REJECTED: dict[str, tuple[Callable[[], Any], str]] = {
    "labels in another order of axes": (
        lambda: judged(ig.CrossEntropyLoss(dim=-1), (5, 4), (2, 4)),
        """ShapeError: CrossEntropyLoss(dim=-1)
  wanted class indices (N, 5)
  got    targets (N, 4) for predictions (N, 5, 4)
  fix    give one whole number for each prediction""",
    ),
    "a forgotten dim": (
        lambda: judged(ig.CrossEntropyLoss(), (5, 4), (2, 5)),
        """ShapeError: CrossEntropyLoss()
  wanted class indices (N, 4)
  got    targets (N, 5) for predictions (N, 5, 4)
  fix    dim=-1, as the classes stand last""",
    ),
    "probabilities in another order of axes": (
        lambda: judged(ig.CrossEntropyLoss(dim=-1), (5, 4), np.zeros((2, 4, 5))),
        """ShapeError: CrossEntropyLoss(dim=-1)
  wanted targets (N, 5, 4)
  got    targets (N, 4, 5) for predictions (N, 5, 4)
  fix    reshape the targets, or change the model's last layer""",
    ),
    "labels as floats": (
        lambda: judged(ig.CrossEntropyLoss(dim=-1), (5, 4), np.zeros((2, 5))),
        """DataError: CrossEntropyLoss(dim=-1)
  wanted whole-number class indices
  got    float64
  fix    targets.astype('int64')""",
    ),
    "a label beyond the classes of the last axis": (
        lambda: judged(ig.NLLLoss(dim=-1), (5, 4), np.full((2, 5), 4)),
        """DataError: NLLLoss(dim=-1): target [0, 0]
  wanted a class index 0…3
  got    4
  fix    mend the label, or widen the last layer beyond 4""",
    ),
    "weights for other classes than those of the last axis": (
        lambda: judged(ig.NLLLoss(dim=-1, weight=(1.0,) * 5), (5, 4), (2, 5)),
        """SpecError: NLLLoss(weight=(1.0, 1.0, 1.0, 1.0, 1.0), dim=-1)
  wanted 4 class weights
  got    5
  fix    give one for each class""",
    ),
    "an axis that the predictions have not": (
        lambda: judged(ig.CrossEntropyLoss(dim=2), (4,), (2,)),
        """ShapeError: CrossEntropyLoss(dim=2)
  wanted dim in 1…1 or −1…−1: axis 0 is the batch
  got    dim=2 for predictions (N, 4)
  fix    dim=1, or dim=-1 where the classes stand last""",
    ),
    "classes along the batch": (
        lambda: judged(ig.CrossEntropyLoss(dim=0), (4, 5), (2, 5)),
        """ShapeError: CrossEntropyLoss(dim=0)
  wanted dim in 1…2 or −2…−1: axis 0 is the batch
  got    dim=0 for predictions (N, 4, 5)
  fix    dim=1, or dim=-1 where the classes stand last""",
    ),
    "classes along the batch, counted from the end": (
        lambda: judged(ig.CrossEntropyLoss(dim=-3), (4, 5), (2, 5)),
        """ShapeError: CrossEntropyLoss(dim=-3)
  wanted dim in 1…2 or −2…−1: axis 0 is the batch
  got    dim=-3 for predictions (N, 4, 5)
  fix    dim=1, or dim=-1 where the classes stand last""",
    ),
}


@pytest.mark.parametrize("why", REJECTED)
def test_targets_that_do_not_fit_along_an_axis_are_explained(why: str) -> None:
    build, text = REJECTED[why]
    assert raised(build) == text
