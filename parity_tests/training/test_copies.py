"""Copies and pickles of what trains go on bit for bit, and leave what they were taken of alone."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from state_helpers import SITUATIONS, Situation, end, uninterrupted
from training_helpers import BOTH, X, Y, model, trainer

import isograd as ig
from isograd.core.base import errors
from isograd.core.parity.cases import CASES, EVERYWHERE
from isograd.core.parity.suite import case_trial


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


WAYS = pytest.mark.parametrize("way", [deepcopy, pickled])
OPTIMIZERS = [case.optimizer for case in EVERYWHERE]
ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ig.IsogradError)]


def memory(made: ig.Trainer) -> dict[str, bytes]:
    held = {**made.net.state_dict(), **made.learner.state_dict()}
    return {name: values.tobytes() for name, values in held.items()}


def stepped(made: ig.Trainer, steps: int) -> ig.Trainer:
    for _ in range(steps):
        made.step(X, Y)
    return made


@BOTH
@WAYS
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_a_copied_trainer_goes_on_bit_for_bit(optimizer: Any, way: Callable[[Any], Any], backend: str) -> None:
    """The copy trains weights and slots of its own: neither moves the other's."""

    def made() -> ig.Trainer:
        return trainer(backend, model(ig.BatchNorm1d(), ig.Dropout(0.3)), optimizer=optimizer)

    whole, taken = stepped(made(), 5), stepped(made(), 2)
    before = memory(taken)
    copy = stepped(way(taken), 3)
    assert memory(copy) == memory(whole)
    assert memory(taken) == before
    assert memory(stepped(taken, 3)) == memory(whole)


class Copying(ig.Callback):
    """Takes a copy of the trainer at the seventh step of the fit that it looks on at."""

    def __init__(self, way: Callable[[Any], Any]) -> None:
        self.way, self.steps, self.copy = way, 0, None

    def step_ends(self, trainer: ig.Trainer, loss: float) -> None:
        self.steps += 1
        if self.steps == 7:
            self.copy = self.way(trainer)

    def __reduce__(self) -> Any:
        raise TypeError("what looks on at a fit is not copied with its trainer")


@BOTH
@WAYS
@pytest.mark.parametrize(
    "name", ["a layer used twice, buffers, dropout", "detached states", "augmented images, classes"]
)
def test_a_copy_taken_inside_a_fit_does_what_remains_of_it(name: str, way: Callable[[Any], Any], backend: str) -> None:
    situation: Situation = SITUATIONS[name]
    whole, expected, _ = uninterrupted(situation, backend)
    watcher = Copying(way)
    made = situation.trainer(backend)
    made.fit(**situation.call(watcher))
    copy: Any = watcher.copy
    assert copy.state().record["steps_done"] == 7
    assert end(copy, copy.fit(**situation.call()))[1] == end(whole, expected)[1]
    assert memory(copy) == memory(made) == memory(whole)


@BOTH
@WAYS
@pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.__name__)
def test_a_copied_network_of_every_layer_computes_the_same(kind: type, way: Callable[[Any], Any], backend: str) -> None:
    """After a forward, whose backward stays with the network that made it."""
    for case in CASES[kind]:
        trial = case_trial(case, "float64", True)
        net = ig.build(trial.model, backend=backend, dtype="float64", seed=3)
        x = trial.rounded_inputs()
        net.forward(*x, training=True)
        net.at_step(2)
        copy = way(net)
        for training in (True, False):
            for mine, theirs in zip(_outputs(net, x, training), _outputs(copy, x, training), strict=True):
                assert np.array_equal(mine, theirs, equal_nan=True), case.why
        with pytest.raises(ig.core.base.errors.ShapeError, match="a forward first"):
            way(net).backward(*trial.upstream())
        assert way(net.model) == net.model


def _outputs(net: Any, x: Any, training: bool) -> Any:
    y = net.forward(*x, training=training)
    return (*(y if isinstance(y, tuple) else (y,)), *net.state_dict().values())


@WAYS
def test_a_copied_torch_network_leaves_the_generator_of_the_process_alone(way: Callable[[Any], Any]) -> None:
    torch = pytest.importorskip("torch")
    nets = [ig.build(model(ig.Dropout(0.5)), backend="torch", dtype="float64")]
    nets.append(way(nets[0]))
    process = torch.get_rng_state()
    first, second = (net.forward(X, training=True) for net in nets)
    assert np.array_equal(first, second)
    assert torch.equal(torch.get_rng_state(), process)


@WAYS
def test_histories_reports_and_states_are_values(way: Callable[[Any], Any]) -> None:
    made = trainer("numpy", metrics=[ig.MAE()])
    history = made.fit((X, Y), validation=(X, Y), epochs=2)
    assert way(history) == history
    report = ig.check_parity(model(), X, Y, loss=ig.MSELoss(), optimizer=ig.Adam(0.01), steps=2)
    assert way(report).to_json() == report.to_json()
    assert str(way(report)) == str(report)
    state = way(made.state())
    assert state == made.state()
    assert not any(values.flags.writeable for values in state.arrays.values())


@WAYS
@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_errors_keep_what_they_say(kind: type[ig.IsogradError], way: Callable[[Any], Any]) -> None:
    error = kind("here", wanted="this", got="that", fix="so", path="a → b").of_row(3)
    error.add_note("seen on Monday")
    copy = way(error)
    assert type(copy) is kind
    assert (str(copy), vars(copy)) == (str(error), vars(error))
