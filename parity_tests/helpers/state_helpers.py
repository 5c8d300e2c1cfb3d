"""What the tests of trainer states share: trainings of every kind, and how they are interrupted and taken up again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from safetensors.numpy import load, save
from training_helpers import LABELS, X, Y, model

import isograd as ig
from isograd.core.parity.cases import CLIPPING_CASES, EVERYWHERE, OPTIMIZER_CASES, SCHEDULE_CASES

EPOCHS, STEPS = 3, 4  # of 23 samples in batches of 6
RNG = np.random.default_rng(8)
IMAGES = RNG.normal(size=(23, 1, 5, 5))


class Taking(ig.Callback):
    """Takes the trainer's state at every step and epoch: "1.3" in epoch 1 after 3 steps, "2" after epoch 2."""

    def __init__(self) -> None:
        self.taken: dict[str, ig.TrainerState] = {}

    def take(self, trainer: ig.Trainer) -> None:
        state = trainer.state()
        fit = state.record["fit"]
        place = f"{fit['epoch'] + 1}.{fit['step']}" if fit["step"] else f"{fit['epoch']}"
        assert self.taken.setdefault(place, state) is state

    def step_ends(self, trainer: ig.Trainer, loss: float) -> None:
        self.take(trainer)

    def epoch_ends(self, trainer: ig.Trainer, epoch: Any) -> None:
        self.take(trainer)


class Counting(ig.Callback):
    """Has a state that decides: it stops the fit after so many steps, and remembers the losses as an array."""

    def __init__(self, limit: int) -> None:
        self.limit, self.seen, self.losses = limit, 0, np.zeros(0)

    def fit_starts(self, trainer: ig.Trainer, epochs: int, steps: int) -> None:
        self.seen, self.losses = 0, np.zeros(0)

    def step_ends(self, trainer: ig.Trainer, loss: float) -> None:
        self.seen, self.losses = self.seen + 1, np.append(self.losses, loss)
        if self.seen == self.limit:
            raise ig.StopFit(f"{self.seen} steps, mean loss {self.losses.mean()!r}")

    def state(self) -> dict[str, Any]:
        return {"seen": self.seen, "losses": self.losses}

    def restore(self, state: dict[str, Any]) -> None:
        self.seen, self.losses = state["seen"], state["losses"]


@dataclass(frozen=True)
class Situation:
    """A training, made anew for every run of it, and how it is called."""

    net: Callable[[], ig.core.graph.composite.Composite] = model
    data: Callable[[], Any] = lambda: (X, Y)
    options: Any = None  # of the trainer
    fit: Any = None  # its call
    callbacks: Callable[[], list[ig.Callback]] = list

    def trainer(self, backend: str | ig.Backend, **build: Any) -> ig.Trainer:
        net = ig.build(self.net(), backend=backend, dtype="float64", seed=5, **build)
        options = {"loss": ig.MSELoss(), "optimizer": ig.SGD(0.1, momentum=0.9), **(self.options or {})}
        return ig.Trainer(net, **options)

    def spoilt(self, backend: str, **build: Any) -> ig.Trainer:
        """A trainer that has been elsewhere: other weights, slots, carried states, steps and epochs."""
        made = self.trainer(backend, **build)
        call = {**self.call(), "epochs": 2, "early_stopping": None, "callbacks": []}
        made.fit(**call)
        return made

    def call(self, *before: ig.Callback) -> dict[str, Any]:
        """The arguments of fit, its callbacks after those given."""
        usual = {"epochs": EPOCHS, "batch_size": 6}
        return {"train": self.data(), **usual, **(self.fit or {}), "callbacks": [*before, *self.callbacks()]}


def twice_used() -> ig.Model:
    """A shared layer, BatchNorm's buffers, dropout of both kinds of scale."""
    x, again = ig.Input((3,)), ig.Linear(3, name="again")
    h = ig.Dropout(0.3)(ig.Tanh()(again(ig.BatchNorm1d()(again(x)))))
    return ig.Model(inputs=x, outputs=ig.Linear(2)(ig.Dropout(0.2, scale="inference")(h)))


def attending() -> ig.Model:
    """Attention and a stack of LSTMs that drop."""
    x = ig.Input((4, 6))
    seq, _ = ig.LSTM(5, num_layers=2, dropout=0.3)(ig.MultiheadAttention(2, dropout=0.3)(x))
    return ig.Model(inputs=x, outputs=ig.Linear(2)(ig.LastStep()(seq)))


def matrices() -> ig.Sequential:
    """Weights of two axes alone."""
    layers = [ig.Linear(4, bias=False), ig.Tanh(), ig.Dropout(0.3), ig.Linear(2, bias=False)]
    return ig.Sequential(layers, input_shape=(3,))


def pictures() -> ig.Sequential:
    return ig.Sequential(
        [ig.Conv2d(3, 3, padding=1), ig.BatchNorm2d(), ig.ReLU(), ig.Dropout2d(0.3), ig.Flatten(), ig.Linear(2)],
        input_shape=(1, 5, 5),
    )


def cell() -> ig.Model:
    """h' = tanh(A x + B h + …), y = C h' + …"""
    x, h = ig.Input((3,)), ig.Input((4,))
    new = ig.Tanh()(ig.Linear(4)(x) + ig.Linear(4)(h))
    return ig.Model(inputs=(x, h), outputs=(ig.Linear(2)(new), new))


def two_ended() -> ig.Model:
    x = ig.Input((3,))
    h = ig.Tanh()(ig.Linear(4)(x))
    return ig.Model(inputs=x, outputs=(ig.Linear(2)(h), ig.Linear(3, name="untrained")(h)))


def straight() -> ig.Sequential:
    """y = w x, which learns −x while validation wants x: it gets worse, and stops."""
    return ig.Sequential([ig.Linear(1, bias=False)], input_shape=(1,))


LINE = np.linspace(-1, 1, 23)[:, None]
BY_STEP = ig.LinearDecay(final_lr=0.01, per="step")

SITUATIONS: dict[str, Situation] = {
    "a layer used twice, buffers, dropout": Situation(twice_used, options={"optimizer": ig.Adam(0.05)}),
    "attention and recurrence that drop": Situation(
        attending, lambda: (np.random.default_rng(3).normal(size=(23, 4, 6)), Y), {"clip": ig.ClipNorm(0.5)}
    ),
    "augmented images, classes": Situation(
        pictures,
        lambda: ig.Augmented(ig.ArrayDataset(IMAGES, LABELS), shift=1, flip=True, seed=2),
        {"loss": ig.CrossEntropyLoss(), "metrics": [ig.Accuracy()]},
        {"validation": (IMAGES[:7], LABELS[:7])},
    ),
    "samples made on the fly, in order, the rest dropped": Situation(
        data=lambda: ig.SampleDataset(list(zip(X, Y, strict=True))), fit={"shuffle": False, "drop_last": True}
    ),
    "detached states": Situation(
        cell,
        lambda: (X[:20], Y[:20]),
        {"loss": (ig.MSELoss(), None), "carry": "detached", "schedule": BY_STEP},
        {"batch_size": 5, "validation": (X[:10], Y[:10])},
    ),
    "the mean of states": Situation(
        cell, options={"loss": (ig.MSELoss(), None), "carry": "mean", "optimizer": ig.RMSprop(0.01)}
    ),
    "an output without a loss, whose weights torch gives no slots": Situation(
        two_ended, options={"loss": (ig.MSELoss(), None), "optimizer": ig.Adam(0.05)}
    ),
    "early stopping, every second epoch": Situation(
        straight,
        lambda: (LINE, -LINE),
        {"optimizer": ig.SGD(0.02), "metrics": [ig.MAE()]},
        {
            "epochs": 9,
            "validation": (LINE, LINE),
            "validate_every": 2,
            "early_stopping": ig.EarlyStopping(patience=2),
        },
    ),
    **{
        f"{case.optimizer!r}": Situation(matrices, options={"optimizer": case.optimizer, "schedule": BY_STEP})
        for cases in OPTIMIZER_CASES.values()
        for case in cases
        if case.matrices
    },
    "a callback that counts": Situation(callbacks=lambda: [Counting(10)]),
    **{
        f"{case.optimizer!r}, {case.clip!r}": Situation(
            options={"optimizer": case.optimizer, "clip": case.clip, "schedule": BY_STEP}
        )
        for cases in (EVERYWHERE, *CLIPPING_CASES.values())
        for case in cases
    },
    **{
        f"{schedule!r}": Situation(
            options={"schedule": schedule}, fit=None if schedule.follows is None else {"validation": (X[:7], Y[:7])}
        )
        for cases in SCHEDULE_CASES.values()
        for case in cases
        for schedule in (case.schedule, replace(case.schedule, per="step"))
    },
}


def told(history: ig.History) -> str:
    """All that a history holds, but what the clock said."""
    record = asdict(history)
    for epoch in record["epochs"]:
        del epoch["seconds"]
    return json.dumps(record)


def through_a_file(state: ig.TrainerState) -> ig.TrainerState:
    """The state as JSON and one safetensors text give it back."""
    return ig.TrainerState(json.loads(json.dumps(state.record)), load(save(state.arrays)))


def uninterrupted(situation: Situation, backend: str) -> tuple[ig.Trainer, ig.History, dict[str, ig.TrainerState]]:
    made, taking = situation.trainer(backend), Taking()
    taking.taken["0"] = made.state()
    history = made.fit(**situation.call(taking))
    return made, history, taking.taken


def taken_up(situation: Situation, backend: str, state: ig.TrainerState) -> tuple[ig.Trainer, ig.History]:
    """What a trainer that has been elsewhere makes of the state and of the same call of fit."""
    made = situation.spoilt(backend)
    made.restore(state)
    assert made.state() == state
    return made, made.fit(**situation.call(Taking()))


def places(taken: dict[str, ig.TrainerState]) -> list[str]:
    """Before the first step and after it, after the last of an epoch, after that epoch, in the middle of the next."""
    names = list(taken)
    end = names.index("1")
    return [*names[:2], names[end - 1], "1", names[end + 2]]


def end(made: ig.Trainer, history: ig.History) -> tuple[ig.TrainerState, str]:
    """Everything that a training has come to."""
    return made.state(), told(history)
