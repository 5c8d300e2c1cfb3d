"""Whatever breaks a step off, everything that training changes is as it was, or as it is after the whole step."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import Any

import numpy as np
import pytest
from training_helpers import BOTH, X, Y, model, trainer

import isograd as ig

PLACES = 60  # of a step, at which it is interrupted


def memory(made: ig.Trainer) -> dict[str, bytes]:
    held = {**made.net.state_dict(), **made.learner.state_dict()}
    return {name: values.tobytes() for name, values in held.items()}


def made(backend: str) -> ig.Trainer:
    return trainer(backend, model(ig.BatchNorm1d(), ig.Dropout(0.3)), optimizer=ig.Adam(0.1), clip=ig.ClipNorm(0.5))


class Interrupting:
    """Presses Ctrl-C at one line of a step: of isograd's own code and of whatever it calls."""

    def __init__(self, at: int) -> None:
        self.left, self.seen = at, 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            self.seen += 1
            self.left -= 1
            if self.left == 0:
                signal.raise_signal(signal.SIGINT)
        return self

    def step(self, one: ig.Trainer) -> None:
        sys.settrace(self)
        try:
            one.learner.step((X,), (Y,), 0.1)
        finally:
            sys.settrace(None)


@BOTH
def test_ctrl_c_at_any_line_of_a_step_leaves_all_of_it_or_nothing(backend: str) -> None:
    one = made(backend)
    one.step(X, Y)
    start = one.state()
    old = memory(one)
    count = Interrupting(0)
    count.step(one)
    new = memory(one)
    assert old.keys() == new.keys()
    ends = {"old": 0, "new": 0}
    for line in range(1, count.seen + 1, count.seen // PLACES):
        one.restore(start)
        with suppress(KeyboardInterrupt):
            Interrupting(line).step(one)
        found = memory(one)
        assert found in (old, new), f"line {line} of {count.seen}"
        ends["old" if found == old else "new"] += 1
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        one.restore(start)
        one.learner.step((X,), (Y,), 0.1)
        assert memory(one) == new
    assert ends["new"]


@BOTH
def test_ctrl_c_during_an_update_is_handed_on_when_it_is_over(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """To whatever handler there is: it is not asked before, and asked once for each."""
    seen: list[int] = []
    one, whole = made(backend), made(backend)
    whole.step(X, Y)
    real = type(one.learner)._change

    def change(self: Any, *given: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        real(self, *given)
        assert not seen

    monkeypatch.setattr(type(one.learner), "_change", change)
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        one.step(X, Y)
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.SIGINT]
    assert memory(one) == memory(whole)


@BOTH
def test_an_error_inside_a_step_puts_the_buffers_back(backend: str) -> None:
    broken = False

    def breaking(ops: Any, x: Any) -> Any:
        if broken:
            raise OSError("gone")
        return x

    breaking.__name__ = f"breaking_{backend}"
    one = trainer(backend, model(ig.BatchNorm1d(), ig.custom(breaking)()))
    one.step(X, Y)
    before, broken = memory(one), True
    with pytest.raises(OSError, match="gone"):
        one.step(X, Y)
    assert memory(one) == before


def normalised(*shape: int) -> ig.Sequential:
    return ig.Sequential(
        [
            ig.Residual([ig.Conv2d(2, 1), ig.BatchNorm2d()]) if shape[1:] else ig.BatchNorm1d(),
            ig.Flatten(),
            ig.Linear(2),
        ],
        input_shape=shape,
    )


@BOTH
@pytest.mark.parametrize("shape", [(3,), (2, 1, 1)])
def test_one_row_under_batch_norm_changes_nothing(shape: tuple[int, ...], backend: str) -> None:
    one = trainer(backend, normalised(*shape))
    x, y = np.ones((5, *shape)), np.ones((5, 2))
    one.step(x, y)
    before = memory(one)
    actions = [
        lambda: one.step(x[:1], y[:1]),
        lambda: one.net.forward(x[:1], training=True),
        lambda: one.learner.gradients((x[:1],), (y[:1],)),
        lambda: one.net.activations(x[:1], training=True),
        lambda: one.fit((x, y), batch_size=4),
    ]
    for action in actions:
        with pytest.raises(ig.IsogradError, match="more than one value for each channel"):
            action()
        assert memory(one) == before
    one.fit((x, y), batch_size=4, drop_last=True)
    one.evaluate((x, y), batch_size=4)
    one.predict(x, batch_size=4)
    one.net.forward(x[:1])


@BOTH
def test_one_row_of_several_places_is_enough(backend: str) -> None:
    one = trainer(backend, normalised(2, 2, 1))
    one.fit((np.random.default_rng(0).normal(size=(5, 2, 2, 1)), np.ones((5, 2))), batch_size=4)


@BOTH
def test_a_memory_that_does_not_fit_changes_nothing(backend: str) -> None:
    one = made(backend)
    one.step(X, Y)
    good, before = one.learner.state_dict(), memory(one)
    shifted = {name: values * 0 + 7 for name, values in good.items()}
    last = list(good)[-1]
    bad: list[Any] = [
        {**shifted, last: np.zeros((9, 9))},
        {**shifted, last: np.array(["a"])},
        {**shifted, last: [[1.0], [1.0, 2.0]]},
        {name: values for name, values in shifted.items() if name != last},
        {**shifted, "exp_avg/9.weight": good[last]},
        {**shifted, "carried/x": np.zeros(3)},
        {**shifted, "step": np.array(-1)},
        {**shifted, "step": np.array(1.5)},
        {name: values for name, values in shifted.items() if name != "step"},
        {**shifted, "exp_avg_sq/0.weight": -good["exp_avg_sq/0.weight"] - 1},
        [shifted],
    ]
    for memory_given in bad:
        with pytest.raises(ig.core.base.errors.WeightsError):
            one.learner.load_state_dict(memory_given)
        assert memory(one) == before
    state = one.state()
    lacking = {name: values for name, values in state.arrays.items() if name != f"memory/{last}"}
    with pytest.raises(ig.core.base.errors.WeightsError, match=f"missing {last}"):
        one.restore(ig.TrainerState(state.record, lacking))
    assert memory(one) == before


@BOTH
def test_weights_that_do_not_fit_change_nothing(backend: str) -> None:
    one = made(backend)
    before, weights = memory(one), {path: values * 0 + 1 for path, values in one.net.state_dict().items()}
    last = list(weights)[-1]
    for entry in (np.zeros((9, 9)), np.array("a"), [[1.0], [1.0, 2.0]], None, {}):
        with pytest.raises(ig.core.base.errors.WeightsError):
            one.net.load_state_dict({**weights, last: entry})
        assert memory(one) == before


@BOTH
def test_a_memory_of_no_steps_forgets_the_slots(backend: str) -> None:
    one, fresh = made(backend), made(backend)
    for _ in range(3):
        one.step(X, Y)
    one.net.load_state_dict(fresh.net.state_dict())
    one.learner.load_state_dict(fresh.learner.state_dict())
    for t in (one, fresh):
        t.step(X, Y)
    assert memory(one) == memory(fresh)


@BOTH
def test_states_are_copies_in_both_directions(backend: str) -> None:
    one = made(backend)
    one.step(X, Y)
    before = memory(one)
    for taken in (one.net.state_dict(), one.learner.state_dict()):
        for values in taken.values():
            values[...] = 7
        taken.clear()
        assert memory(one) == before
    given = [one.net.state_dict(), one.learner.state_dict()]
    one.net.load_state_dict(given[0])
    one.learner.load_state_dict(given[1])
    for values in (*given[0].values(), *given[1].values()):
        values[...] = 7
    assert memory(one) == before


@BOTH
def test_what_pytorch_holds_is_taken_as_weights(backend: str) -> None:
    """named_parameters, which have gradients, and bfloat16, which NumPy lacks: every bit of it fits into float32."""
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    net = ig.build(model(), backend=backend)
    net.load_state_dict(dict(theirs.named_parameters()))
    for path, values in theirs.state_dict().items():
        assert np.array_equal(net.state_dict()[path], values.numpy())
    half = {path: values.bfloat16() for path, values in theirs.state_dict().items()}
    net.load_state_dict(half)
    for path, values in half.items():
        assert np.array_equal(net.state_dict()[path], values.float().numpy())
