"""Validation, early stopping, callbacks, schedules, history: what happens around the steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from training_helpers import BOTH, X, Y, trainer

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.training.history import Epoch
from isograd.core.training.watching import BestWeights


@BOTH
def test_validation_every_second_epoch_and_after_the_last(backend: str) -> None:
    made = trainer(backend, metrics=[ig.MAE()])
    history = made.fit((X, Y), validation=(X[:4], Y[:4]), epochs=5, validate_every=2)
    assert [k for k, _ in history.series("validation_loss")] == [2, 4, 5]
    assert [k for k, _ in history.series("MAE")] == [2, 4, 5]
    assert [k for k, _ in history.series("train_loss")] == [1, 2, 3, 4, 5]
    last = made.evaluate((X[:4], Y[:4]))
    assert (history.epochs[-1].validation_loss, history.epochs[-1].metrics) == (last["loss"], {"MAE": last["MAE"]})


class Watching(ig.Callback):
    """Notes what it is told, and the weights after every epoch."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.told: list[str] = []
        self.weights: list[dict[str, np.ndarray]] = []
        self.stop_at = stop_at

    def fit_starts(self, trainer: ig.Trainer, epochs: int, steps: int) -> None:
        self.told.append(f"start {epochs}x{steps}")

    def step_ends(self, trainer: ig.Trainer, loss: float) -> None:
        self.told.append("step")
        if self.told.count("step") == self.stop_at:
            raise ig.StopFit("enough")

    def epoch_ends(self, trainer: ig.Trainer, epoch: Any) -> None:
        self.told.append(f"epoch {epoch.number}")
        self.weights.append(trainer.net.state_dict())

    def fit_ends(self, trainer: ig.Trainer, history: ig.History) -> None:
        self.told.append("end")


@BOTH
def test_callbacks_hear_everything_in_order(backend: str) -> None:
    watching = Watching()
    trainer(backend).fit((X, Y), epochs=2, batch_size=12, callbacks=[watching])
    assert watching.told == ["start 2x2", "step", "step", "epoch 1", "step", "step", "epoch 2", "end"]


@BOTH
def test_stop_fit_ends_the_fit_and_what_was_done_is_in_the_history(backend: str) -> None:
    watching, made = Watching(stop_at=3), trainer(backend)
    history = made.fit((X, Y), epochs=9, batch_size=12, callbacks=[watching])
    assert watching.told == ["start 9x2", "step", "step", "epoch 1", "step", "end"]
    assert history.stopped == "enough"
    assert len(history.step_losses) == 3
    assert made.learner.state_dict()["step"] == 3


@BOTH
def test_a_watcher_hears_the_end_even_where_another_refuses_to_start(backend: str) -> None:
    watching = Watching()
    with pytest.raises(ig.SpecError):
        trainer(backend).fit(
            (X, Y), validation=(X, Y), early_stopping=ig.EarlyStopping(monitor="?"), callbacks=[watching]
        )
    assert watching.told == ["start 1x1", "end"]


def fit_that_gets_worse(
    backend: str, rule: ig.EarlyStopping, **options: Any
) -> tuple[ig.Trainer, ig.History, Watching]:
    """Validation wants y = x, training y = −x: the loss falls until the weight passes 1, then it rises.

    Each epoch takes a quarter of the way from w to −1: 3 → 2 → 1.25 → 0.6875 → 0.265625 → …
    """
    net = ig.build(
        ig.Sequential([ig.Linear(1, bias=False)], input_shape=(1,)),
        {"0.weight": np.array([[3.0]])},
        backend=backend,
        dtype="float64",
    )
    x = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    made, watching = ig.Trainer(net, loss=ig.MSELoss(), optimizer=ig.SGD(0.125), **options), Watching()
    history = made.fit((x, -x), validation=(x, x), epochs=20, batch_size=4, early_stopping=rule, callbacks=[watching])
    return made, history, watching


@BOTH
def test_early_stopping_restores_the_best_weights(backend: str) -> None:
    made, history, watching = fit_that_gets_worse(backend, ig.EarlyStopping(patience=3))
    assert [e.validation_loss for e in history.epochs[:3]] == [1.0, 0.25**2, 0.3125**2]
    assert (history.best_epoch, len(history.epochs)) == (2, 5)
    assert history.stopped == "validation_loss has not improved since epoch 2"
    assert made.net.state_dict()["0.weight"].tolist() == [[1.25]]
    assert watching.weights[-1]["0.weight"].tolist() != [[1.25]]


@BOTH
def test_early_stopping_knows_which_way_a_metric_is_good(backend: str) -> None:
    errors = [1.0, 0.25, 0.3125, 0.734375]
    for monitor, scores in (("MAE", errors), ("R²", [1 - e**2 for e in errors])):
        rule, metrics = ig.EarlyStopping(patience=2, monitor=monitor), [ig.MAE(), ig.R2()]
        made, history, _ = fit_that_gets_worse(backend, rule, metrics=metrics)
        assert [value for _, value in history.series(monitor)] == scores
        assert history.best_epoch == 2
        assert made.net.state_dict()["0.weight"].tolist() == [[1.25]]


@BOTH
def test_an_improvement_smaller_than_min_delta_is_none(backend: str) -> None:
    _, history, _ = fit_that_gets_worse(backend, ig.EarlyStopping(patience=1, min_delta=10.0))
    assert (history.best_epoch, len(history.epochs)) == (1, 2)


def test_a_validation_that_is_no_number_is_never_the_best() -> None:
    made = trainer("numpy")
    rule = BestWeights(ig.EarlyStopping(patience=9))
    rule.fit_starts(made, 4, 1)
    for number, value in enumerate([np.nan, 3.0, np.nan, 2.0], 1):
        rule.epoch_ends(made, Epoch(number, 0.1, 1.0, value, {}, 0.0))
    assert (rule.best, rule.best_epoch) == (2.0, 4)


@BOTH
@pytest.mark.parametrize("per", ["epoch", "step"])
def test_the_learner_is_given_the_scheduled_rates(backend: str, per: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a constant gradient of 1 a plain SGD step moves the weight by exactly its rate."""
    net = ig.build(
        ig.Sequential([ig.Linear(1, bias=False)], input_shape=(1,)),
        {"0.weight": np.array([[0.0]])},
        backend=backend,
        dtype="float64",
    )
    made = ig.Trainer(
        net, loss=ig.L1Loss(), optimizer=ig.SGD(8.0), schedule=ig.StepDecay(step_size=1, gamma=0.5, per=per)
    )
    moved: list[float] = []

    class Moves(ig.Callback):
        def step_ends(self, trainer: ig.Trainer, loss: float) -> None:
            moved.append(float(trainer.net.state_dict()["0.weight"][0, 0]))

    history = made.fit((np.ones((2, 1)), np.full((2, 1), 1e6)), epochs=3, batch_size=1, callbacks=[Moves()])
    rates = {"epoch": [8, 8, 4, 4, 2, 2], "step": [8, 4, 2, 1, 0.5, 0.25]}[per]
    assert np.diff([0.0, *moved]).tolist() == rates
    assert [epoch.lr for epoch in history.epochs] == rates[1::2]


@BOTH
def test_the_history_holds_every_step_and_weighs_a_short_batch_by_its_size(backend: str) -> None:
    history = trainer(backend).fit((X, Y), epochs=2, batch_size=20)
    long, short = history.step_losses[:2]
    assert len(history.step_losses) == 4
    assert not difference(np.float64(history.epochs[0].train_loss), np.float64((20 * long + 3 * short) / 23)).exceeds(
        TOLERANCE["node", "float64"]
    )
