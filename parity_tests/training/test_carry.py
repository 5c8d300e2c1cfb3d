"""State carried from batch to batch: both engines against a plain PyTorch loop with detach, written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from message_helpers import raised
from torch import Tensor, nn

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference

BOTH = pytest.mark.parametrize("backend", ["numpy", "torch"])
HOW = pytest.mark.parametrize("carry", ["detached", "mean"])
ROWS, BATCHES = 4, 6
RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(ROWS * BATCHES, 3)), RNG.normal(size=(ROWS * BATCHES, 2))


def cell() -> ig.Model:
    """h' = tanh(A x + B h + …), y = C h' + …"""
    x, h = ig.Input((3,)), ig.Input((5,))
    new = ig.Tanh()(ig.Linear(5, name="a")(x) + ig.Linear(5, name="b")(h))
    return ig.Model(inputs=(x, h), outputs=(ig.Linear(2, name="c")(new), new))


def trainer(backend: str, carry: Any, **options: Any) -> ig.Trainer:
    net = ig.build(cell(), backend=backend, seed=3, dtype="float64")
    options = {"loss": (ig.MSELoss(), None), "optimizer": ig.SGD(0.5, momentum=0.9), **options}
    return ig.Trainer(net, carry=carry, **options)


class ByHand:
    """The same cell and its training in plain PyTorch, in the words of its documentation."""

    def __init__(self, weights: dict[str, np.ndarray], carry: str) -> None:
        self.parts = {name: nn.Linear(*sizes, dtype=torch.float64) for name, sizes in SIZES.items()}
        for name, part in self.parts.items():
            part.load_state_dict({k: torch.tensor(weights[f"{name}.{k}"]) for k in ("weight", "bias")})
        parameters = [p for part in self.parts.values() for p in part.parameters()]
        self.optimizer = torch.optim.SGD(parameters, lr=0.5, momentum=0.9)
        self.mean = carry == "mean"
        self.h = torch.zeros(ROWS, 5, dtype=torch.float64)

    def forward(self, x: np.ndarray, h: Tensor) -> tuple[Tensor, Tensor]:
        new = torch.tanh(self.parts["a"](torch.tensor(x)) + self.parts["b"](h))
        return self.parts["c"](new), self.handed_on(new)

    def handed_on(self, new: Tensor) -> Tensor:
        h = new.detach()
        return h.mean(0, keepdim=True).expand(ROWS, 5) if self.mean else h

    def step(self, x: np.ndarray, y: np.ndarray) -> float:
        self.optimizer.zero_grad()
        prediction, after = self.forward(x, self.h)
        loss = nn.functional.mse_loss(prediction, torch.tensor(y))
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.h = after
        return loss.item()

    def state_dict(self) -> dict[str, np.ndarray]:
        return {f"{n}.{k}": v.detach().numpy() for n, part in self.parts.items() for k, v in part.named_parameters()}


SIZES = {"a": (3, 5), "b": (5, 5), "c": (5, 2)}


def batches() -> list[tuple[np.ndarray, np.ndarray]]:
    return [(X[k : k + ROWS], Y[k : k + ROWS]) for k in range(0, len(X), ROWS)]


def agree(made: ig.Trainer, losses: list[float], hand: ByHand, expected: list[float]) -> None:
    allowed = TOLERANCE["free run", "float64"]
    assert not difference(np.array(losses), np.array(expected)).exceeds(allowed)
    ours = made.net.state_dict()
    for path, values in hand.state_dict().items():
        assert not difference(ours[path], values).exceeds(allowed), path


@BOTH
@HOW
def test_steps_hand_on_what_a_loop_with_detach_hands_on(backend: str, carry: str) -> None:
    made = trainer(backend, carry)
    hand = ByHand(made.net.state_dict(), carry)
    agree(made, [made.step(*b) for b in batches()], hand, [hand.step(*b) for b in batches()])


@BOTH
@HOW
def test_every_epoch_starts_from_zeros_and_goes_in_order(backend: str, carry: str) -> None:
    made = trainer(backend, carry)
    hand = ByHand(made.net.state_dict(), carry)
    history = made.fit((X, Y), epochs=3, batch_size=ROWS)
    expected = []
    for _ in range(3):
        hand.h = torch.zeros(ROWS, 5, dtype=torch.float64)
        expected += [hand.step(*b) for b in batches()]
    agree(made, history.step_losses, hand, expected)


@BOTH
@HOW
def test_an_lstm_over_streams_is_truncated_where_torch_is_told_to_detach(backend: str, carry: str) -> None:
    """Windows of 6 steps: backpropagation runs through each and ends at its border, while the state goes on."""
    x, h0, c0 = ig.Input((6,)), ig.Input((2, 5)), ig.Input((2, 5))
    seq, (h, c) = ig.LSTM(5, num_layers=2, name="lstm")(ig.OneHot(7)(x), (h0, c0))
    model = ig.Model(inputs=(x, h0, c0), outputs=(ig.Linear(7, name="head")(seq), h, c))
    net = ig.build(model, backend=backend, seed=1, dtype="float64")
    data = ig.Streams(RNG.integers(0, 7, 150), length=6, rows=ROWS)
    theirs = nn.ModuleDict({"lstm": nn.LSTM(7, 5, 2, batch_first=True), "head": nn.Linear(5, 7)}).double()
    theirs.load_state_dict({k: torch.tensor(v) for k, v in net.state_dict().items()})
    optimizer = torch.optim.Adam(theirs.parameters(), lr=0.05)
    expected = []
    for _ in range(2):
        state = None
        for k in range(data.windows):
            (read,), (following,) = data.batch(np.arange(ROWS) + k * ROWS)
            out, (h, c) = theirs["lstm"](nn.functional.one_hot(torch.tensor(read), 7).double(), state)
            loss = nn.functional.cross_entropy(theirs["head"](out).flatten(0, 1), torch.tensor(following).flatten())
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            state = (h.detach(), c.detach())
            if carry == "mean":
                state = tuple(s.mean(1, keepdim=True).repeat(1, ROWS, 1) for s in state)
            expected.append(loss.item())
    made = ig.Trainer(net, loss=(ig.CrossEntropyLoss(dim=-1), None, None), optimizer=ig.Adam(0.05), carry=carry)
    losses = made.fit(data, epochs=2, batch_size=ROWS).step_losses
    allowed = TOLERANCE["free run", "float64"]
    assert len(losses) == 12
    assert not difference(np.array(losses), np.array(expected)).exceeds(allowed)
    for path, values in theirs.state_dict().items():
        assert not difference(net.state_dict()[path], values.numpy()).exceeds(allowed), path


@BOTH
@HOW
def test_an_evaluation_and_a_prediction_carry_states_of_their_own(backend: str, carry: str) -> None:
    made = trainer(backend, carry)
    hand = ByHand(made.net.state_dict(), carry)
    first, *rest = batches()
    losses, expected = [made.step(*first)], [hand.step(*first)]
    h, predictions = torch.zeros(ROWS, 5, dtype=torch.float64), []
    for x, _ in batches():
        y, h = hand.forward(x, h)
        predictions.append(y.detach().numpy())
    truth = np.concatenate(predictions)
    found, states = made.predict(X, batch_size=ROWS)
    allowed = TOLERANCE["free run", "float64"]
    assert states.shape == (len(X), 5)
    assert not difference(found, truth).exceeds(allowed)
    (again, _) = made.predict(ig.ArrayDataset(X, Y), batch_size=ROWS)
    assert np.array_equal(again, found)
    loss = made.evaluate((X, Y), batch_size=ROWS)["loss"]
    assert not difference(np.array(loss), np.mean((truth - Y) ** 2)).exceeds(allowed)
    losses += [made.step(*b) for b in rest]
    expected += [hand.step(*b) for b in rest]
    agree(made, losses, hand, expected)  # the states of training were left alone


@BOTH
@HOW
def test_a_batch_that_raises_leaves_the_states_and_a_reset_clears_them(backend: str, carry: str) -> None:
    made, other = trainer(backend, carry), trainer(backend, carry)
    first, second, third, *_ = batches()
    for one in (made, other):
        one.step(*first)
    for wrong in ((first[0], first[1][:, :1]), (first[0] * np.nan, first[1]), (first[0][:, :2], first[1])):
        with pytest.raises(ig.IsogradError):
            made.step(*wrong)
    assert made.step(*second) == other.step(*second)
    fresh = other.net.forward(third[0], np.zeros((ROWS, 5)))[0]
    for one in (made, other):
        one.reset_state()
    loss = made.step(*third)
    assert not difference(np.array(loss), np.mean((fresh - third[1]) ** 2)).exceeds(TOLERANCE["free run", "float64"])


@BOTH
def test_gradients_are_taken_at_the_carried_states_and_change_nothing(backend: str) -> None:
    made, other = trainer(backend, "detached"), trainer(backend, "detached")
    first, second, *_ = batches()
    for one in (made, other):
        one.step(*first)
    loss, dx, grads = made.learner.gradients((second[0],), (second[1],))
    assert [None if d is None else d.shape for d in dx] == [(ROWS, 3), (ROWS, 5)]
    assert np.abs(grads["b.weight"]).max() > 0
    assert backend == "numpy" or not any(h.requires_grad for h in made.learner.carried.held)
    step = made.step(*second)
    assert not difference(np.float64(step), np.float64(loss)).exceeds(TOLERANCE["free run", "float64"])
    other.step(*second)
    for path, values in other.net.state_dict().items():
        assert np.array_equal(made.net.state_dict()[path], values)


@BOTH
def test_the_mean_goes_to_batches_of_any_size(backend: str) -> None:
    made = trainer(backend, "mean", optimizer=ig.SGD(0.1))
    history = made.fit((X[:-1], Y[:-1]), validation=(X[3:], Y[3:]), epochs=9, batch_size=5)
    assert len(history.step_losses) == 45
    assert history.epochs[8].train_loss < history.epochs[0].train_loss


def streams(rows: int) -> ig.Streams:
    return ig.Streams(np.arange(50) % 3, length=3, rows=rows)


MESSAGES = {
    "shuffled": (
        lambda t: t.fit((X, Y), batch_size=ROWS, shuffle=True),
        """SpecError: fit(shuffle=True) with carry="detached"
  wanted batches in order, each going on where the one before ended
  got    shuffled ones
  fix    leave shuffle= out""",
    ),
    "no number of rows": (
        lambda t: t.fit((X, Y)),
        """SpecError: fit(…) with carry="detached"
  wanted batch_size=, the number of parallel streams
  got    none
  fix    batch_size=…, or ig.Streams(tokens, rows=…), which knows""",
    ),
    "a last batch that is short": (
        lambda t: t.fit((X, Y), batch_size=5),
        """SpecError: fit(…) with carry="detached"
  wanted whole batches of 5, whose rows go on in the next
  got    24 samples
  fix    a batch_size= that divides them, or ig.Streams(tokens, rows=…)""",
    ),
    "validation in other rows": (
        lambda t: t.fit((X, Y), validation=(X[:6], Y[:6]), batch_size=ROWS),
        """SpecError: fit(validation=…) with carry="detached"
  wanted whole batches of 4, whose rows go on in the next
  got    6 samples
  fix    a batch_size= that divides them, or ig.Streams(tokens, rows=…)""",
    ),
    "another batch": (
        lambda t: t.step(X[:2], Y[:2]),
        """ShapeError: input 0
  wanted 4 rows, as in the batch before, whose states go on
  got    2
  fix    batches of one size, or trainer.reset_state() before another text""",
    ),
    "states given": (
        lambda t: t.step((X[:4], np.zeros((4, 5))), Y[:4]),
        """ShapeError: forward
  wanted 1 inputs (N, 3)
  got    2
  fix    leave the states out: they are carried""",
    ),
    "no such way": (
        lambda t: trainer("numpy", "average"),
        """SpecError: carry='average'
  wanted None, "detached" or "mean"
  got    'average'
  fix    carry="detached\"""",
    ),
    "nothing to carry": (
        lambda t: trainer("numpy", "mean", loss=(ig.MSELoss(), ig.MSELoss())),
        """SpecError: carry='mean'
  wanted a model whose last outputs, without a loss, are the new values of its last inputs
  got    inputs (N, 3), (N, 5); outputs after the last with a loss: none
  fix    ig.Model(inputs=(x, h0), outputs=(y, h_n)), loss=(…, None)""",
    ),
}


@BOTH
@pytest.mark.parametrize("case", MESSAGES)
def test_what_cannot_be_carried_is_told_before_anything_runs(backend: str, case: str) -> None:
    action, text = MESSAGES[case]
    made = trainer(backend, "detached")
    made.step(X[:ROWS], Y[:ROWS])
    before = {path: values.tobytes() for path, values in made.net.state_dict().items()}
    assert raised(lambda: action(made)) == text
    assert {path: values.tobytes() for path, values in made.net.state_dict().items()} == before


def test_a_batch_size_that_is_not_the_data_sets_rows() -> None:
    x, h = ig.Input((3,)), ig.Input((3, 3))
    y = ig.OneHot(3)(x) + h
    made = ig.Trainer(
        ig.build(ig.Model(inputs=(x, h), outputs=(ig.Linear(3)(y), y))),
        loss=(ig.CrossEntropyLoss(dim=-1), None),
        optimizer=ig.SGD(0.1),
        carry="detached",
    )
    assert raised(lambda: made.fit(streams(4), batch_size=8)) == (
        'SpecError: fit(…, batch_size=8) with carry="detached"\n  wanted 4, the data set\'s rows\n  got    8\n'
        "  fix    leave batch_size= out, or ig.Streams(…, rows=8)"
    )
    history = made.fit(streams(4), validation=streams(2), epochs=1)
    assert len(history.step_losses) == 4


@BOTH
def test_two_states_come_back_each_in_its_place(backend: str) -> None:
    """Of an LSTM, whose two have one shape."""
    x, h, c = ig.Input((3, 2)), ig.Input((1, 4)), ig.Input((1, 4))
    y, (h_n, c_n) = ig.LSTM(4)(x, h, c)
    model = ig.Model(inputs=(x, h, c), outputs=(ig.Linear(2)(y), h_n, c_n))
    rng = np.random.default_rng(3)
    batches = [(rng.normal(size=(5, 3, 2)), rng.normal(size=(5, 3, 2))) for _ in range(3)]

    def trainer() -> ig.Trainer:
        net = ig.build(model, backend=backend, dtype="float64", seed=1)
        return ig.Trainer(net, loss=(ig.MSELoss(), None, None), optimizer=ig.SGD(0.1), carry="detached")

    one, other = trainer(), trainer()
    for batch in batches[:2]:
        one.step(*batch)
    other.restore(one.state())
    assert other.step(*batches[2]) == one.step(*batches[2])
