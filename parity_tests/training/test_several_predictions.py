"""Losses of several predictions, of several arrays of targets, and of none: as outputs of a model, or side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from training_helpers import BOTH

import isograd as ig
from isograd.core.engine.pairing import in_evaluation
from isograd.core.parity.matching import TOLERANCE, difference

RNG = np.random.default_rng(3)
X = RNG.normal(size=(14, 5))
SIGNS = np.where(RNG.random(14) < 0.5, -1.0, 1.0)
WORDS = RNG.integers(1, 4, (14, 2))
LENGTHS = np.full(14, 4), RNG.integers(0, 3, 14)


def branches(count: int, units: int = 3, *last: Any) -> ig.Model:
    """A model of so many outputs, each a layer on one hidden layer."""
    x = ig.Input((5,))
    h = ig.Tanh()(ig.Linear(4)(x))
    ends = [ig.Linear(units, name=f"end{k}")(h) for k in range(count)]
    return ig.Model(inputs=x, outputs=[*ends[: count - len(last)], *(layer(ends[-1]) for layer in last)])


def sequences() -> ig.Model:
    return ig.Sequential([ig.Linear(16), ig.Reshape((4, 4))], input_shape=(5,))  # type: ignore[return-value]


SITUATIONS: dict[str, tuple[ig.Model, Any, Any]] = {
    "two outputs": (branches(2, 1), ig.MarginRankingLoss(margin=0.5), np.repeat(SIGNS[:, None], 1, 1)),
    "two vectors": (branches(2), ig.CosineEmbeddingLoss(margin=-0.2), SIGNS),
    "means and variances": (branches(2, 3, ig.Softplus()), ig.GaussianNLLLoss(full=True), RNG.normal(size=(14, 3))),
    "three outputs, no targets": (branches(3), ig.TripletMarginLoss(swap=True), ()),
    "beside another, and one that is not trained on": (
        branches(4),
        (None, ig.CosineEmbeddingLoss(), ig.MSELoss()),
        (SIGNS, RNG.normal(size=(14, 3))),
    ),
    "three arrays of targets": (sequences(), ig.CTCLoss(), (WORDS, *LENGTHS)),
}


def trained(backend: str, name: str) -> tuple[list[float], dict[str, Any], dict[str, float]]:
    """The losses of four epochs, the weights after them, and the evaluation."""
    model, loss, y = SITUATIONS[name]
    net = ig.build(model, backend=backend, seed=1, dtype="float64")
    trainer = ig.Trainer(net, loss=loss, optimizer=ig.SGD(lr=0.05))
    history = trainer.fit((X, y), validation=(X, y), epochs=4, batch_size=5, progress=False)
    return [e.train_loss for e in history.epochs], net.state_dict(), trainer.evaluate((X, y), batch_size=4)


@pytest.mark.parametrize("name", SITUATIONS)
def test_both_engines_train_on_them(name: str) -> None:
    (a, v, e), (b, w, f) = trained("numpy", name), trained("torch", name)
    assert a[-1] < a[0]
    allowed = TOLERANCE["free run", "float64"]
    assert not difference(np.array([*a, e["loss"]]), np.array([*b, f["loss"]])).exceeds(allowed)
    assert not [path for path in w if difference(v[path], w[path]).exceeds(allowed)]


@pytest.mark.parametrize("name", SITUATIONS)
def test_parity_judges_the_loss_alone_and_every_stage(name: str) -> None:
    model, loss, y = SITUATIONS[name]
    report = ig.check_parity(model, X, y, loss=loss, optimizer=ig.SGD(0.05), steps=2, dtypes="float64")
    assert report.passed, str(report)
    assert any(row.stage == "loss" and row.what == "dprediction" for row in report.rows)
    assert ig.check_gradients(model, X, y, loss=loss).passed


@BOTH
def test_side_by_side_is_the_same_as_several_outputs(backend: str) -> None:
    ends = [ig.Input((3,)) for _ in range(3)]
    apart = ig.Model(inputs=ends, outputs=[ig.Identity()(end) for end in ends])
    one = ig.Sequential([ig.Identity()], input_shape=(3, 3))
    arrays = [RNG.normal(size=(6, 3)) for _ in ends]
    found = []
    for model, inputs in ((apart, arrays), (one, [np.stack(arrays, axis=1)])):
        learner = ig.build(model, backend=backend, dtype="float64").learner((ig.TripletMarginLoss(),), ig.SGD())
        loss, dx, _ = learner.gradients(tuple(inputs), ())
        found.append((loss, np.stack([np.asarray(g) for g in dx], axis=1) if len(dx) > 1 else np.asarray(dx[0])))
    assert found[0][0] == found[1][0]
    assert np.array_equal(found[0][1], found[1][1])


@BOTH
def test_the_loss_of_an_epoch_weighs_batches_by_what_they_divide_by(backend: str) -> None:
    """Of 14 rows in batches of 5 the last has 4; without steps all are those of one batch."""
    model, loss, y = SITUATIONS["three outputs, no targets"]
    trainer = ig.Trainer(ig.build(model, backend=backend, dtype="float64"), loss=loss, optimizer=ig.SGD(lr=0.0))
    history = trainer.fit((X, y), epochs=1, batch_size=5, progress=False)
    whole = np.asarray(trainer.evaluate((X, y))["loss"])
    assert not difference(np.asarray(history.epochs[0].train_loss), whole).exceeds(TOLERANCE["free run", "float64"])


def test_a_loss_whose_outputs_evaluation_lacks_in_part_is_left_out_of_it() -> None:
    class Chosen:
        """Of a model's graph what `in_evaluation` asks for."""

        input_shapes = ((5,),)
        evaluation = (0, 2, 3)

        def graph(self, *shapes: Any) -> Any:
            return self

        def out_shapes(self, *shapes: Any) -> list[tuple[int, ...]]:
            return [(3,)] * 4

    losses = (ig.CosineEmbeddingLoss(), ig.CosineEmbeddingLoss(margin=0.5))
    targets = (np.ones(1), np.zeros(1))
    kept, of_them = in_evaluation(Chosen(), losses, targets)  # type: ignore[arg-type]
    assert kept == (None, losses[1])
    assert of_them == (targets[1],)


def test_a_trace_of_a_network_and_of_a_module_take_them() -> None:
    model, loss, y = SITUATIONS["three outputs, no targets"]
    net = ig.build(model, backend="torch", dtype="float64")
    other = ig.build(model, net.state_dict(), backend="numpy", dtype="float64")
    traces = [ig.record(each, X, loss=loss, targets=y) for each in (net, other)]
    assert ig.diff(*traces).passed

    class Ends(nn.Module):
        """Three layers on one input."""

        def __init__(self) -> None:
            super().__init__()
            self.ends = nn.ModuleList([nn.Linear(5, 3) for _ in range(3)])

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return tuple(end(x) for end in self.ends)

    trace = ig.record(Ends().double(), torch.from_numpy(X), loss=loss, targets=y)
    assert ig.diff(trace, trace).passed
