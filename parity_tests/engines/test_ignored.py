"""Losses over classes where nothing counts: a mean of nothing is no number; what is ignored has a gradient of 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference

LOGITS = np.random.default_rng(0).normal(size=(4, 3, 2))
WEIGHTS = [None, (1.0, 2.0, 3.0), (0.0, 2.0, 3.0)]
TARGETS = {
    "all ignored": np.full((4, 2), 1),
    "some, and the rest without weight": np.array([[1, 0], [0, 1], [1, 1], [1, 0]]),
    "none, all without weight": np.zeros((4, 2), int),
    "some, and some that count": np.array([[1, 2], [0, 1], [1, 1], [2, 0]]),
}
LOSSES: list[Any] = [
    *(ig.CrossEntropyLoss(ignore_index=1, weight=w, label_smoothing=e) for w in WEIGHTS for e in (0.0, 0.1)),
    *(ig.NLLLoss(ignore_index=1, weight=w) for w in WEIGHTS),
    ig.CrossEntropyLoss(ignore_index=1, reduction="sum"),
    ig.NLLLoss(ignore_index=1, reduction="sum"),
]


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("rows", [False, True])
def test_both_engines_say_the_same_of_nothing(loss: Any, name: str, rows: bool) -> None:
    p, t = (LOGITS[..., 0], TARGETS[name][:, 0]) if rows else (LOGITS, TARGETS[name])
    found = [ig.get_backend(engine).evaluate_loss(loss, p, t, np.float64(1)) for engine in ("numpy", "torch")]
    for mine, theirs in zip(*found, strict=True):
        assert np.array_equal(np.isnan(mine), np.isnan(theirs))
        assert not difference(np.nan_to_num(mine), np.nan_to_num(theirs)).exceeds(TOLERANCE["node", "float64"])
    _, gradient = found[0]
    places = np.broadcast_to((t == 1)[:, None], gradient.shape)
    assert not gradient[places].any()
