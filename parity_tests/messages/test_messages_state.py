"""What a user reads when a state does not belong to a trainer, or a fit is not the one that goes on: word for word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from message_helpers import BOTH, VALUES, X, raised, spoilt

import isograd as ig


def trainer(backend: str = "numpy", *, model: Any = None, build: Any = None, **options: Any) -> ig.Trainer:
    made = model or ig.Sequential([ig.Linear(4), ig.Tanh(), ig.Linear(3)], input_shape=(5,))
    usual = {"loss": ig.MSELoss(), "optimizer": ig.SGD(0.1, momentum=0.9)}
    return ig.Trainer(ig.build(made, backend=backend, **(build or {})), **{**usual, **options})


class Once(ig.Callback):
    """Does something after the third step."""

    def __init__(self, action: Callable[[ig.Trainer], Any], held: Any = None) -> None:
        self.action, self.held, self.steps = action, held or {}, 0

    def step_ends(self, trainer: ig.Trainer, loss: float) -> None:
        self.steps += 1
        if self.steps == 3:
            self.action(trainer)

    def state(self) -> Any:
        return self.held


def call(**options: Any) -> dict[str, Any]:
    return {"train": (X, VALUES), "epochs": 3, "batch_size": 3, **options}


def inside(made: ig.Trainer, held: Any = None, **options: Any) -> ig.TrainerState:
    """A state taken after step 1 of epoch 2."""
    taken: list[ig.TrainerState] = []
    made.fit(**call(callbacks=[Once(lambda t: taken.append(t.state()), held)], **options))
    return taken[0]


def changed(state: ig.TrainerState, name: str, values: np.ndarray) -> ig.TrainerState:
    return replace(state, arrays={**state.arrays, name: values})


OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "optimizer": (
        {"optimizer": ig.Adam(0.01)},
        """SpecError: restore(state)
  wanted optimizer=SGD(0.1, momentum=0.9), which it was taken with
  got    optimizer=Adam(0.01)
  fix    ig.Trainer(…, optimizer=SGD(0.1, momentum=0.9)), or net.load_state_dict(…) for the weights alone""",
    ),
    "loss": (
        {"loss": ig.L1Loss()},
        """SpecError: restore(state)
  wanted loss=MSELoss(), which it was taken with
  got    loss=L1Loss()
  fix    ig.Trainer(…, loss=MSELoss()), or net.load_state_dict(…) for the weights alone""",
    ),
    "schedule": (
        {"schedule": ig.CosineDecay()},
        """SpecError: restore(state)
  wanted schedule=FixedLR(), which it was taken with
  got    schedule=CosineDecay()
  fix    ig.Trainer(…, schedule=FixedLR()), or net.load_state_dict(…) for the weights alone""",
    ),
    "clipping": (
        {"clip": ig.ClipNorm(1.0)},
        """SpecError: restore(state)
  wanted clip=None, which it was taken with
  got    clip=ClipNorm(1.0)
  fix    ig.Trainer(…, clip=None), or net.load_state_dict(…) for the weights alone""",
    ),
    "metrics": (
        {"metrics": [ig.MAE()]},
        """SpecError: restore(state)
  wanted metrics=[], which it was taken with
  got    metrics=[MAE()]
  fix    ig.Trainer(…, metrics=[]), or net.load_state_dict(…) for the weights alone""",
    ),
    "seed": (
        {"build": {"seed": 3}},
        """SpecError: restore(state)
  wanted seed=0, which it was taken with
  got    seed=3
  fix    ig.build(…, seed=0), or net.load_state_dict(…) for the weights alone""",
    ),
    "dtype": (
        {"build": {"dtype": "float64"}},
        """SpecError: restore(state)
  wanted dtype='float32', which it was taken with
  got    dtype='float64'
  fix    ig.build(…, dtype='float32'), or net.load_state_dict(…) for the weights alone""",
    ),
    "model": (
        {"model": ig.Sequential([ig.Linear(4), ig.ReLU(), ig.Linear(3)], input_shape=(5,))},
        """SpecError: restore(state)
  wanted the model that it was taken of
  got    another model
  fix    ig.build of the state's own model, or net.load_state_dict(…) for the weights alone""",
    ),
}


@BOTH
@pytest.mark.parametrize("name", OTHERS)
def test_a_state_of_another_training(name: str, backend: str) -> None:
    options, text = OTHERS[name]
    other = trainer(backend, **options)
    other.step(X, VALUES)
    before = other.state()
    for state in (trainer(backend).state(), inside(trainer(backend))):
        assert raised(lambda state=state: other.restore(state)) == text
        assert other.state() == before


def test_a_state_of_a_training_that_carries() -> None:
    x, h = ig.Input((5,)), ig.Input((3,))
    new = ig.Linear(3)(x) + h
    model = ig.Model(inputs=(x, h), outputs=(ig.Linear(3)(new), new))
    one, other = (
        trainer(model=model, loss=(ig.MSELoss(), None), carry=carry, metrics=[ig.MAE()]) for carry in ("mean", None)
    )
    assert (
        raised(lambda: other.restore(one.state()))
        == """SpecError: restore(state)
  wanted carry='mean', which it was taken with
  got    carry=None
  fix    ig.Trainer(…, carry='mean'), or net.load_state_dict(…) for the weights alone"""
    )


PLACE = "the fit that goes on after step 1 of epoch 2 of 3"
OTHER = "trainer.restore(state.without_fit()) begins another"
FITS: dict[str, tuple[dict[str, Any], str]] = {
    "epochs": (
        call(epochs=4),
        f"""SpecError: fit(epochs=4)
  wanted epochs=3, as in {PLACE}
  got    4
  fix    epochs=3; or {OTHER}""",
    ),
    "batch size": (
        call(batch_size=None),
        f"""SpecError: fit(batch_size=32)
  wanted batch_size=3, as in {PLACE}
  got    32
  fix    batch_size=3; or {OTHER}""",
    ),
    "shuffling": (
        call(shuffle=False),
        f"""SpecError: fit(shuffle=False)
  wanted shuffle=True, as in {PLACE}
  got    False
  fix    shuffle=True; or {OTHER}""",
    ),
    "dropping": (
        call(drop_last=True),
        f"""SpecError: fit(drop_last=True)
  wanted drop_last=False, as in {PLACE}
  got    True
  fix    drop_last=False; or {OTHER}""",
    ),
    "validating": (
        call(validate_every=2),
        f"""SpecError: fit(validate_every=2)
  wanted validate_every=1, as in {PLACE}
  got    2
  fix    validate_every=1; or {OTHER}""",
    ),
    "early stopping": (
        call(validation=(X, VALUES), early_stopping=ig.EarlyStopping(patience=2)),
        f"""SpecError: fit(early_stopping=EarlyStopping(patience=2))
  wanted early_stopping=None, as in {PLACE}
  got    EarlyStopping(patience=2)
  fix    early_stopping=None; or {OTHER}""",
    ),
    "fewer samples": (
        call(train=(X[:5], VALUES[:5])),
        f"""DataError: train data
  wanted 6 samples, as in {PLACE}
  got    5 samples
  fix    give the same data; or {OTHER}""",
    ),
    "other values": (
        call(train=(spoilt(X, (4, 2), 0.123), VALUES)),
        f"""DataError: train data
  wanted 6 samples, as in {PLACE}
  got    6 samples of other values
  fix    give the same data; or {OTHER}""",
    ),
    "validation": (
        call(validation=(X, VALUES)),
        f"""DataError: validation data
  wanted none, as in {PLACE}
  got    6 samples
  fix    give the same data; or {OTHER}""",
    ),
    "no callback": (
        call(),
        f"""SpecError: fit(callbacks=…)
  wanted a Once, which has a state in {PLACE}
  got    none
  fix    give the same callbacks; or {OTHER}""",
    ),
    "another callback": (
        call(callbacks=[ig.Callback()]),
        f"""SpecError: fit(callbacks=…)
  wanted a Once, which has a state in {PLACE}
  got    Callback
  fix    give the same callbacks; or {OTHER}""",
    ),
}


@BOTH
@pytest.mark.parametrize("name", FITS)
def test_another_fit_than_the_one_that_goes_on(name: str, backend: str) -> None:
    """Refused with nothing changed, after which the right call goes on."""
    options, text = FITS[name]
    whole, made = trainer(backend), trainer(backend)
    state = inside(whole, {"some": "state"})
    made.restore(state)
    assert raised(lambda: made.fit(**options)) == text
    assert made.state() == state
    made.fit(**call(callbacks=[Once(print)]))
    assert made.state() == whole.state()
    made.restore(state.without_fit())
    made.fit(**{**options, "callbacks": []})


def test_what_no_trainer_gave() -> None:
    made = trainer()
    assert (
        raised(lambda: made.restore(made.net.state_dict()))
        == """SpecError: restore(…)
  wanted what trainer.state() gave
  got    dict
  fix    trainer.restore(state)"""
    )
    state = inside(made)
    slot = "memory/momentum_buffer/0.weight"
    assert (
        raised(lambda: made.restore(changed(state, slot, np.zeros((5, 4)))))
        == """WeightsError: restore(state): memory: momentum_buffer/0.weight
  wanted numbers of shape (4, 5)
  got    float64 of shape (5, 4)
  fix    give what state_dict() gave; nothing was changed"""
    )
    assert (
        raised(lambda: made.restore(changed(state, "memory/carried/0", np.zeros((5, 4)))))
        == f"""WeightsError: restore(state): memory
  wanted step, {", ".join(f"momentum_buffer/{path}" for path in made.net.state_dict())}
  got    unexpected carried/0
  fix    give what state_dict() gave; nothing was changed"""
    )


@BOTH
@pytest.mark.parametrize("name", ["fit", "restore"])
def test_neither_fit_nor_restore_inside_a_fit(name: str, backend: str) -> None:
    actions = {"fit": lambda t: t.fit((X, VALUES)), "restore": lambda t: t.restore(t.state())}
    made = trainer(backend)
    assert (
        raised(lambda: made.fit(**call(callbacks=[Once(actions[name])])))
        == f"""SpecError: {name}(…)
  wanted no fit of this trainer to be running
  got    a call from one of its callbacks
  fix    raise ig.StopFit(…), and call it when fit has returned"""
    )
    made.restore(made.state())
    assert len(made.fit(**call()).epochs) == 3


STATES = {
    "a list": (
        ["seen"],
        """SpecError: Once.state()
  wanted a dict from names to plain values and NumPy arrays
  got    list
  fix    return {"seen": self.seen}""",
    ),
    "a tuple": (
        {"place": (1, 2)},
        """SpecError: Once.state(): 'place'
  wanted None, bool, int, float, str, lists and dicts of them, or a NumPy array
  got    tuple
  fix    turn it into one of these, and back in restore""",
    ),
    "numbers as names": (
        {1: 2},
        """SpecError: Once.state()
  wanted a dict from names to plain values and NumPy arrays
  got    dict
  fix    return {"seen": self.seen}""",
    ),
    "something of its own": (
        {"rng": [np.random.default_rng(0)]},
        """SpecError: Once.state(): 'rng'
  wanted None, bool, int, float, str, lists and dicts of them, or a NumPy array
  got    list
  fix    turn it into one of these, and back in restore""",
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_a_callbacks_state_that_no_file_could_hold(name: str) -> None:
    held, text = STATES[name]
    assert raised(lambda: inside(trainer(), held)) == text
