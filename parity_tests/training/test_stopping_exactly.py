"""Early stopping, value by value; and what data are known again by, beyond the first piece that is read of them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import isograd as ig
from isograd.core.training.state import AT_ONCE, TrainerState, fingerprint
from isograd.core.training.watching import BestWeights


def stopped_at(values: list[float], **options: float) -> tuple[int | None, int | None]:
    """(epoch that ended the fit or None, the best epoch) of validation losses."""
    watcher = BestWeights(ig.EarlyStopping(**options))
    trainer = SimpleNamespace(metrics=(), net=SimpleNamespace(state_dict=dict))
    watcher.fit_starts(trainer, len(values), 1)
    for number, value in enumerate(values, 1):
        epoch = ig.Epoch(number=number, lr=0.1, train_loss=0.0, validation_loss=value, metrics={}, seconds=0.0)
        try:
            watcher.epoch_ends(trainer, epoch)
        except ig.StopFit:
            return number, watcher.best_epoch
    return None, watcher.best_epoch


@pytest.mark.parametrize(
    ("values", "options", "found"),
    [
        ([1.0, 1.0, 1.0], {"patience": 2}, (3, 1)),  # equal is no improvement
        ([4.0, 3.0, 2.0], {"patience": 2, "min_delta": 1.0}, (None, 3)),  # 3.0 is none, 2.0 is one over 4.0
        ([4.0, 3.0, 3.0], {"patience": 2, "min_delta": 1.0}, (3, 1)),  # exactly min_delta is none
        ([4.0, 5.0, 3.0, 5.0, 5.0], {"patience": 2}, (5, 3)),  # patience begins anew
        ([np.nan, 2.0, 3.0], {"patience": 1}, (3, 2)),  # anything is better than NaN
        ([2.0, np.nan], {"patience": 1}, (2, 1)),
        ([3.0, 2.0, 1.0], {"patience": 1}, (None, 3)),
    ],
)
def test_a_fit_stops_where_its_patience_ends(
    values: list[float], options: dict[str, float], found: tuple[int | None, int | None]
) -> None:
    assert stopped_at(values, **options) == found


def test_data_that_differ_anywhere_are_other_data() -> None:
    values = np.zeros((2 * AT_ONCE + 3, 1), np.int8)
    first = fingerprint(ig.ArrayDataset(values, values))
    assert fingerprint(ig.ArrayDataset(values.copy(), values)) == first
    for place in (0, AT_ONCE - 1, AT_ONCE, 2 * AT_ONCE, 2 * AT_ONCE + 2):
        other = values.copy()
        other[place] = 1
        assert fingerprint(ig.ArrayDataset(other, values)) != first
        assert fingerprint(ig.ArrayDataset(values, other)) != first
    assert fingerprint(ig.ArrayDataset(values.astype(np.int16), values)) != first
    assert fingerprint(ig.ArrayDataset(values[:-1], values[:-1])) != first


def test_states_are_equal_whatever_the_order_of_their_names() -> None:
    a, b = np.arange(2.0), np.arange(3.0)
    one = TrainerState({"epochs_done": 1, "steps_done": 2, "seconds": None}, {"weights/a": a, "weights/b": b})
    other = TrainerState({"steps_done": 2, "epochs_done": 1, "seconds": 7.0}, {"weights/b": b, "weights/a": a})
    assert one == other
    assert one != TrainerState({"epochs_done": 1, "steps_done": 3, "seconds": None}, one.arrays)
    assert one != TrainerState(one.record, {"weights/a": a, "weights/b": b.astype("f4")})
    assert one != "a state"
