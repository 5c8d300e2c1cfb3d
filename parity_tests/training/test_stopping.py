"""Early stopping and a second fit, held to scripted validations: which weights stay, and what goes on or restarts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from training_helpers import BOTH, X, Y, trainer

import isograd as ig


def scripted(made: ig.Trainer, values: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the validations of the next fit say this, one after the other."""
    said = iter(values)
    monkeypatch.setattr(made.learner, "evaluate", lambda data, order: (next(said), (Y,), (Y,)))


class Weights(ig.Callback):
    """Notes the weights after every epoch."""

    def __init__(self) -> None:
        self.seen: list[dict[str, np.ndarray]] = []

    def epoch_ends(self, trainer: ig.Trainer, epoch: Any) -> None:
        self.seen.append(trainer.net.state_dict())


# (what the validations say, patience, min_delta) → (epochs done, the best one, whether it was stopped)
FITS: dict[str, tuple[list[float], int, float, tuple[int, int, bool]]] = {
    "patience starts anew with every improvement": ([8, 9, 9, 7, 8, 8, 6, 7, 7, 7], 3, 0.0, (10, 7, True)),
    "one epoch less is patient enough": ([8, 9, 9, 7, 8, 8, 6, 7, 7], 3, 0.0, (9, 7, False)),
    "the best weights are put back though nothing stopped": ([4, 2, 3], 9, 0.0, (3, 2, False)),
    "the last epoch is the best": ([4, 3, 2], 9, 0.0, (3, 3, False)),
    "the first epoch is the best": ([1, 3, 2], 9, 0.0, (3, 1, False)),
    "equal is no improvement": ([2, 2, 2], 2, 0.0, (3, 1, True)),
    "better by min_delta itself is no improvement": ([4, 3.5, 3.5], 2, 0.5, (3, 1, True)),
    "better by a little more than min_delta is one": ([4, 3.4375, 3.5], 2, 0.5, (3, 2, False)),
    "small steps add up against the best, not against the last": ([4, 3.75, 3.25, 3.25], 3, 0.5, (4, 3, False)),
    "no number is never better": ([np.nan, 3, np.nan, 4, 2], 3, 0.0, (5, 5, False)),
    "a patience of one": ([3, 2, 2, 1], 1, 0.0, (3, 2, True)),
}


@BOTH
@pytest.mark.parametrize("name", FITS)
def test_the_weights_that_stay_are_those_of_the_best_epoch(
    name: str, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, patience, least, (epochs, best, stopped) = FITS[name]
    made, weights = trainer(backend), Weights()
    scripted(made, values, monkeypatch)
    rule = ig.EarlyStopping(patience=patience, min_delta=least)
    history = made.fit(
        (X, Y), validation=(X, Y), epochs=len(values), batch_size=12, early_stopping=rule, callbacks=[weights]
    )
    assert (len(history.epochs), history.best_epoch, history.stopped is not None) == (epochs, best, stopped)
    for path, kept in made.net.state_dict().items():
        assert np.array_equal(kept, weights.seen[best - 1][path])


@BOTH
def test_a_second_fit_is_patient_anew_and_forgets_what_was_best(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, weights = trainer(backend), Weights()
    rule = ig.EarlyStopping(patience=2)
    for values, best in ([1, 2, 3], 1), ([9, 8, 9], 5), ([9, 9, 7], 9):
        scripted(made, list(map(float, values)), monkeypatch)
        history = made.fit((X, Y), validation=(X, Y), epochs=3, early_stopping=rule, callbacks=[weights])
        assert history.best_epoch == best
        assert np.array_equal(made.net.state_dict()["0.weight"], weights.seen[best - 1]["0.weight"])


@BOTH
@pytest.mark.parametrize("per", ["epoch", "step"])
def test_a_second_fit_begins_its_schedule_anew_and_its_epochs_go_on(
    backend: str, per: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dropout and slots go on too: the steps of both fits are counted together."""
    made = trainer(backend, optimizer=ig.SGD(0.125), schedule=ig.StepDecay(step_size=1, gamma=0.5, per=per))
    rates: list[list[float]] = []
    real = made.learner.epoch

    def epoch(data: Any, order: Any, lr: Any) -> Any:
        rates[-1] += [lr(k) for k in range(len(order))]
        return real(data, order, lr)

    monkeypatch.setattr(made.learner, "epoch", epoch)
    for fit in range(2):
        rates.append([])
        history = made.fit((X, Y), epochs=3, batch_size=12)
        assert [entry.number for entry in history.epochs] == [3 * fit + k for k in (1, 2, 3)]
    halvings = [0, 0, 1, 1, 2, 2] if per == "epoch" else range(6)
    assert rates == [[0.125 / 2**k for k in halvings]] * 2
    assert made.learner.state_dict()["step"] == 12


@BOTH
def test_two_fits_of_one_epoch_are_one_fit_of_two(backend: str) -> None:
    """Batches, augmentation, slots and dropout: all that is counted goes on."""
    images, labels = np.random.default_rng(3).normal(size=(11, 1, 4, 4)), np.arange(11) % 2
    layers = [ig.Conv2d(2, 3), ig.BatchNorm2d(), ig.Flatten(), ig.Dropout(0.3), ig.Linear(2)]
    data = ig.Augmented(ig.ArrayDataset(images, labels), shift=1, flip=True, seed=2)
    weights = []
    for epochs in ([2], [1, 1]):
        model = ig.Sequential(layers, input_shape=(1, 4, 4))
        made = trainer(backend, model, loss=ig.CrossEntropyLoss(), optimizer=ig.Adam(0.05))
        for count in epochs:
            made.fit(data, epochs=count, batch_size=4)
        weights.append(made.net.state_dict())
    for path, values in weights[0].items():
        assert np.array_equal(values, weights[1][path]), path
