"""How a fit is asked for, what it says of an epoch, and how it ends where something goes wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from state_helpers import SITUATIONS
from training_helpers import BOTH, X, Y, model, trainer

import isograd as ig
from isograd.core.parity.cases import LOSS_CASES, LossCase
from isograd.core.parity.loss_arrays import loss_arrays
from isograd.core.parity.matching import TOLERANCE, difference

CASES = [
    (kind, case)
    for kind, cases in LOSS_CASES.items()
    for case in cases
    if case.loss.reduction != "none" and np.isfinite(loss_arrays(case)[0]).all()  # others are no data to fit
]
SAME = TOLERANCE["free run", "float64"]


@BOTH
@pytest.mark.parametrize(("kind", "case"), CASES, ids=lambda v: getattr(v, "why", getattr(v, "__name__", "")))
def test_the_training_loss_of_an_epoch_is_that_of_all_its_samples(backend: str, kind: type, case: LossCase) -> None:
    """There is nothing that moves: what an evaluation says, though batches are uneven and differ in what counts."""
    prediction, target = loss_arrays(replace(case, shape=(23, *case.shape[1:])))
    net = ig.build(ig.Sequential([ig.Identity()], input_shape=prediction.shape[1:]), backend=backend, dtype="float64")
    made = ig.Trainer(net, loss=case.loss, optimizer=ig.SGD(0.0))
    (epoch,) = made.fit((prediction, target), validation=(prediction, target), batch_size=5).epochs
    assert epoch.validation_loss is not None
    assert not difference(np.float64(epoch.train_loss), np.float64(epoch.validation_loss)).exceeds(SAME)


class Ending(ig.Callback):
    """Says that a fit ended, and fails where it is told to."""

    def __init__(self, heard: list[str], name: str, error: BaseException | None = None) -> None:
        self.heard, self.name, self.error = heard, name, error

    def fit_ends(self, trainer: ig.Trainer, history: ig.History) -> None:
        self.heard.append(self.name)
        if self.error is not None:
            raise self.error


@BOTH
def test_every_callback_hears_of_the_end_and_the_best_weights_are_put_back(backend: str) -> None:
    heard: list[str] = []
    situation = SITUATIONS["early stopping, every second epoch"]
    made, whole = situation.trainer(backend), situation.trainer(backend)
    failing = [Ending(heard, "a", OSError("first")), Ending(heard, "b"), Ending(heard, "c", OSError("second"))]
    with pytest.raises(OSError, match="first"):
        made.fit(**{**situation.call(), "callbacks": failing})
    assert heard == ["a", "b", "c"]
    history = whole.fit(**situation.call())
    assert history.best_epoch != len(history.epochs)
    for path, values in whole.net.state_dict().items():
        assert np.array_equal(made.net.state_dict()[path], values)
    made.fit(**situation.call())


@BOTH
def test_an_error_of_the_fit_comes_before_those_of_its_end(backend: str) -> None:
    class Failing(Ending):
        def step_ends(self, trainer: ig.Trainer, loss: float) -> None:
            raise KeyError("in a step")

    heard: list[str] = []
    with pytest.raises(KeyError, match="in a step"):
        trainer(backend).fit((X, Y), callbacks=[Failing(heard, "a", OSError("at the end")), Ending(heard, "b")])
    assert heard == ["a", "b"]


class Spoilt(ig.ArrayDataset):
    """Made on the fly, so that only batches are checked."""

    in_memory = False

    def __init__(self, x: np.ndarray, y: np.ndarray, error: Exception | None = None) -> None:
        super().__init__(x, y)
        self.error, self.asked = error, 0

    def batch(self, indices: np.ndarray) -> Any:
        self.asked += 1
        if self.error is not None and self.asked == 8:
            raise self.error
        return super().batch(indices)


@BOTH
def test_an_error_inside_an_epoch_says_where(backend: str) -> None:
    """Batch 7 is the second of epoch 2, as the data set is looked at once before."""
    bad = X.copy()
    bad[13, 1] = np.nan
    made = trainer(backend)
    with pytest.raises(ig.core.base.errors.NonFiniteError) as caught:
        made.fit(Spoilt(bad, Y), batch_size=5, shuffle=False)
    assert str(caught.value).startswith("epoch 1, batch 3 of 5, sample 13: input 0[3, 1]\n")
    assert made.state().record["steps_done"] == 2
    with pytest.raises(OSError, match="gone") as broken:
        trainer(backend).fit(Spoilt(X, Y, OSError("gone")), batch_size=5, shuffle=False, epochs=2)
    assert broken.value.__notes__ == ["in epoch 2, batch 2 of 5, of samples [5, 6, 7, 8, 9]"]
    error = ig.core.base.errors.DataError("row", wanted="a", got="b", fix="c")
    error.add_note("seen on Monday")
    with pytest.raises(ig.core.base.errors.DataError) as told:
        trainer(backend).fit(Spoilt(X, Y, error), batch_size=5, epochs=2)
    assert str(told.value).startswith("epoch 2, batch 2 of 5: row\n")
    assert told.value.__notes__ == ["seen on Monday"]
    with pytest.raises(ig.core.base.errors.IsogradError, match=r"^validation of epoch 1: batch 1 of 1: input 0\n"):
        trainer(backend).fit((X, Y), validation=Reshaped(X, Y))


class Reshaped(Spoilt):
    """Of another shape after the first look."""

    def batch(self, indices: np.ndarray) -> Any:
        self.asked += 1
        (x,), y = super().batch(indices)
        return (x if self.asked == 2 else x[:, :2],), y


@BOTH
@pytest.mark.parametrize("sizes", [(5, 11), (23, 22), (1, 1), (4, 64)])
@pytest.mark.parametrize("drop_last", [False, True])
def test_a_last_batch_of_one_is_refused_beforehand_or_works(
    backend: str, sizes: tuple[int, int], drop_last: bool
) -> None:
    samples, size = sizes
    made = trainer(backend, model(ig.BatchNorm1d()))
    last = [min(size, samples)] if drop_last or not samples % size else [samples % size]
    if last == [1]:
        with pytest.raises(ig.core.base.errors.SpecError, match="the last\n"):
            made.fit((X[:samples], Y[:samples]), batch_size=size, drop_last=drop_last)
        assert made.state().record["steps_done"] == 0
    elif not (drop_last and size > samples):
        made.fit((X[:samples], Y[:samples]), batch_size=size, drop_last=drop_last)


@BOTH
def test_steps_by_hand_end_a_fit_that_was_interrupted(backend: str) -> None:
    class Stopping(ig.Callback):
        def step_ends(self, trainer: ig.Trainer, loss: float) -> None:
            raise ig.StopFit("enough")

    made = trainer(backend)
    made.fit((X, Y), callbacks=[Stopping()])
    assert made.state().record["fit"] is not None
    made.step(X, Y)
    state = made.state()
    assert (state.record["fit"], state.record["steps_done"]) == (None, 2)


def test_numbers_of_numpy_are_numbers() -> None:
    made = trainer("numpy")
    assert len(made.fit((X, Y), epochs=np.int64(2), batch_size=np.int32(5)).epochs) == 2
    assert made.evaluate((X, Y), batch_size=np.int64(7)) == made.evaluate((X, Y), batch_size=7)
    assert np.array_equal(made.net.predict(X, batch_size=np.uint8(7)), made.net.predict(X, batch_size=7))


@pytest.mark.parametrize("name", ["a layer used twice, buffers, dropout", "attention and recurrence that drop"])
def test_one_seed_gives_one_training_whatever_the_process_draws(name: str) -> None:
    """By PyTorch's own dropout, in its layers, its attention and its recurrent stacks."""
    torch = pytest.importorskip("torch")
    situation = SITUATIONS[name]
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        made, process = situation.trainer("torch"), torch.get_rng_state()
        made.fit(**situation.call())
        assert torch.equal(torch.get_rng_state(), process)
        found.append(made.state())
    assert found[0].under("weights").keys() == found[1].under("weights").keys()
    assert all(np.array_equal(v, found[1].arrays[path]) for path, v in found[0].arrays.items())
