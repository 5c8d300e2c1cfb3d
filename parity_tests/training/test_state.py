"""A training that was interrupted, and taken up again, is the training that was not: to the last bit."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from state_helpers import (
    SITUATIONS,
    STEPS,
    Counting,
    Situation,
    Taking,
    end,
    places,
    taken_up,
    through_a_file,
    told,
    uninterrupted,
)
from training_helpers import BOTH, X, Y

import isograd as ig
from isograd.core.base.description import REGISTRY
from isograd.core.parity.matching import TOLERANCE, difference

SITUATION = pytest.mark.parametrize("name", SITUATIONS)


@BOTH
@SITUATION
def test_interrupted_and_taken_up_is_uninterrupted_bit_for_bit(name: str, backend: str) -> None:
    situation = SITUATIONS[name]
    whole, expected, taken = uninterrupted(situation, backend)
    for place in places(taken):
        made, history = taken_up(situation, backend, taken[place])
        assert end(made, history) == end(whole, expected), place


@BOTH
def test_every_place_of_a_fit_will_do(backend: str) -> None:
    situation = SITUATIONS["early stopping, every second epoch"]
    whole, expected, taken = uninterrupted(situation, backend)
    assert expected.stopped
    assert len(taken) == 1 + len(expected.epochs) * (STEPS + 1)
    for place, state in taken.items():
        made, history = taken_up(situation, backend, state)
        assert end(made, history) == end(whole, expected), place


def test_every_optimizer_clipping_and_schedule_is_tried() -> None:
    options = [situation.options or {} for situation in SITUATIONS.values()]
    for family in ("optimizer", "clip", "schedule"):
        known = REGISTRY["clipping" if family == "clip" else family].values()
        tried = {type(made[family]) for made in options if made.get(family)}
        assert {kind for kind in known if kind.__module__.startswith("isograd")} <= tried


@BOTH
@pytest.mark.parametrize("way", [through_a_file, deepcopy, lambda state: pickle.loads(pickle.dumps(state))])
@pytest.mark.parametrize("name", ["a layer used twice, buffers, dropout", "detached states", "a callback that counts"])
def test_a_state_is_a_value(name: str, way: Callable[[Any], Any], backend: str) -> None:
    """JSON and one safetensors text can hold it, it can be copied; training does not touch it, restoring neither."""
    situation = SITUATIONS[name]
    whole, expected, taken = uninterrupted(situation, backend)
    state = taken["2.2"]
    kept = way(state)
    assert kept == state
    assert len({pickle.dumps(s.record) for s in taken.values()}) == len(taken)
    assert all(state != other for place, other in taken.items() if place != "2.2")
    for _ in range(2):
        made, history = taken_up(situation, backend, kept)
        assert end(made, history) == end(whole, expected)
        assert kept == state
    assert state != ig.TrainerState({**state.record, "epochs_done": 9}, state.arrays)
    assert state == ig.TrainerState({**state.record, "seconds": None}, state.arrays)
    with pytest.raises(ValueError, match="read-only"):
        next(iter(state.arrays.values()))[...] = 0


@pytest.mark.parametrize(("first", "second"), [("numpy", "torch"), ("torch", "numpy")])
@SITUATION
def test_a_state_of_one_engine_goes_on_in_the_other(name: str, first: str, second: str) -> None:
    """Within the table's tolerance of a free run, both with isograd's masks."""
    situation = SITUATIONS[name]
    shared = {"shared_randomness": True}
    whole, taking = situation.trainer(first, **shared), Taking()
    expected = whole.fit(**situation.call(taking))
    made = situation.spoilt(second, **shared)
    made.restore(taking.taken["2.2"])
    history = made.fit(**situation.call())
    allowed = TOLERANCE["free run", "float64"]
    assert len(history.step_losses) == len(expected.step_losses)
    assert not difference(np.array(history.step_losses), np.array(expected.step_losses)).exceeds(allowed)
    for path, values in whole.net.state_dict().items():
        assert not difference(made.net.state_dict()[path], values).exceeds(allowed), path


@BOTH
def test_steps_by_hand_go_on_with_their_count_slots_masks_and_states(backend: str) -> None:
    for name in ("a layer used twice, buffers, dropout", "the mean of states"):
        situation = SITUATIONS[name]
        one, other = situation.trainer(backend), situation.spoilt(backend)
        for _ in range(3):
            one.step(X, Y)
        state = one.state()
        other.restore(state)
        assert (state.record["steps_done"], state.record["fit"]) == (3, None)
        assert [other.step(X, Y) for _ in range(3)] == [one.step(X, Y) for _ in range(3)]
        assert one.state() == other.state() != state


@BOTH
def test_masks_follow_the_trainers_own_steps(backend: str) -> None:
    """Whatever another trainer has done with the network before, and wherever its own position was set by hand."""
    situation = SITUATIONS["a layer used twice, buffers, dropout"]
    used = situation.trainer(backend)
    used.fit(**situation.call())
    late = ig.Trainer(used.net, loss=ig.MSELoss(), optimizer=ig.Adam(0.05))
    state, early = late.state(), situation.trainer(backend)
    early.restore(state)
    used.net.at_step(99)
    assert [late.step(X, Y) for _ in range(3)] == [early.step(X, Y) for _ in range(3)]


@BOTH
def test_a_state_between_two_fits_begins_the_next(backend: str) -> None:
    situation = SITUATIONS["augmented images, classes"]
    one, other = situation.trainer(backend), situation.spoilt(backend)
    one.fit(**situation.call())
    other.restore(one.state())
    histories = [made.fit(**{**situation.call(), "epochs": 1, "batch_size": 4}) for made in (one, other)]
    assert [epoch.number for epoch in histories[1].epochs] == [4]
    assert end(other, histories[1]) == end(one, histories[0])


@BOTH
def test_what_remains_reads_no_batch_again_and_is_given_its_epoch(backend: str) -> None:
    class Reading(ig.ArrayDataset):
        def __init__(self) -> None:
            super().__init__(X, Y)
            self.read: list[Any] = []

        def batch(self, indices: np.ndarray) -> Any:
            self.read.append(indices.tolist())
            return super().batch(indices)

        def for_epoch(self, epoch: int) -> Any:
            self.read.append(epoch)
            return self

    situation, whole, rest = Situation(), Reading(), Reading()
    taking, made = Taking(), situation.trainer(backend)
    made.fit(**{**situation.call(taking), "train": whole})
    made.restore(taking.taken["2.3"])
    made.fit(**{**situation.call(), "train": rest})
    assert whole.read[5:6] == rest.read[:1] == [1]
    assert rest.read[1:] == whole.read[9:]
    made.fit(**{**situation.call(), "train": rest, "epochs": 1})
    assert [read for read in rest.read if isinstance(read, int)] == [1, 2, 3]


class Noting(ig.Callback):
    """What it is told, and nothing else."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def step_ends(self, trainer: ig.Trainer, loss: float) -> None:
        self.told.append(loss)

    def epoch_ends(self, trainer: ig.Trainer, epoch: Any) -> None:
        self.told.append(epoch.number)


@BOTH
@pytest.mark.parametrize("place", ["1.1", "1.4", "1", "2.2"])
def test_every_callback_is_told_everything_once(backend: str, place: str) -> None:
    """Those before the one that took the state had heard of the step; those after it hear of it when it goes on."""

    class Watched(Noting):
        heard: list[Any]

        def state(self) -> dict[str, Any]:
            return {"heard": list(self.told)}

        def restore(self, state: dict[str, Any]) -> None:
            self.told = list(state["heard"])

    made = Situation().trainer(backend)
    taking, before, after = Taking(), Watched(), Watched()
    call = Situation().call()
    made.fit(**{**call, "callbacks": [before, taking, after]})
    made.restore(taking.taken[place])
    resumed = [Watched(), Watched()]
    made.fit(**{**call, "callbacks": [resumed[0], Taking(), resumed[1]]})
    assert before.told == after.told == resumed[0].told == resumed[1].told


@BOTH
def test_a_callback_more_or_less_that_has_no_state_makes_no_difference(backend: str) -> None:
    situation = SITUATIONS["a callback that counts"]
    made, taking = situation.trainer(backend), Taking()
    expected = made.fit(**situation.call(taking))
    whole = made.state()
    made.restore(taking.taken["2.2"])
    noting = Noting()
    history = made.fit(**situation.call(noting))
    assert told(history) == told(expected)
    assert noting.told == [*expected.step_losses[6:8], 2, *expected.step_losses[8:]]
    assert made.state().arrays.keys() == whole.arrays.keys()


@BOTH
def test_a_fit_that_a_callback_stopped_can_be_gone_on_with_and_one_that_was_over_not(backend: str) -> None:
    plain, early = Situation(), SITUATIONS["early stopping, every second epoch"]
    whole, expected, _ = uninterrupted(plain, backend)
    made = plain.trainer(backend)
    assert made.fit(**plain.call(Counting(6))).stopped
    state = made.state()
    assert (state.record["fit"]["epoch"], state.record["fit"]["step"]) == (1, 2)
    made.restore(state.without_fit())
    assert made.fit(**{**plain.call(), "epochs": 1}).epochs[0].number == 2
    made.restore(state)
    history = made.fit(**plain.call(Counting(99)))
    assert end(made, history) == end(whole, expected)
    stopped = early.trainer(backend)
    stopped.fit(**early.call(Counting(6)))
    assert stopped.state().record["fit"] is None  # the best weights were put back


@BOTH
def test_a_state_from_the_start_and_the_end_of_a_fit(backend: str) -> None:
    """When a fit starts nothing of it is done; when it ends nothing remains, but to tell of it."""

    class Ends(ig.Callback):
        def __init__(self) -> None:
            self.taken: list[ig.TrainerState] = []

        def fit_starts(self, trainer: ig.Trainer, epochs: int, steps: int) -> None:
            self.taken.append(trainer.state())

        def fit_ends(self, trainer: ig.Trainer, history: ig.History) -> None:
            self.taken.append(trainer.state())

    for situation in (Situation(), SITUATIONS["early stopping, every second epoch"]):
        whole, ends = situation.trainer(backend), Ends()
        expected = whole.fit(**situation.call(ends))
        for state in ends.taken:
            made = situation.spoilt(backend)
            made.restore(state)
            assert end(made, made.fit(**situation.call(Ends()))) == end(whole, expected)
        assert ends.taken[0].record["fit"] is None


def test_a_state_taken_as_another_fit_begins_is_not_inside_the_one_before() -> None:
    class Stops(ig.Callback):
        def step_ends(self, trainer: ig.Trainer, loss: float) -> None:
            raise ig.StopFit("enough")

    class Takes(ig.Callback):
        def fit_starts(self, trainer: ig.Trainer, epochs: int, steps: int) -> None:
            taken.append(trainer.state())

    taken: list[ig.TrainerState] = []
    made = Situation().trainer("numpy")
    made.fit(**{**Situation().call(), "callbacks": [Stops()]})
    assert made.state().record["fit"] is not None
    made.fit(**{**Situation().call(), "callbacks": [Takes()]})
    assert taken[0].record["fit"] is None
