"""A weight of 2 is as good as the row twice, and 0 as good as none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from training_helpers import BOTH

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference

ALLOWED = TOLERANCE["node", "float64"]
RNG = np.random.default_rng(8)
X = RNG.normal(size=(9, 4))
TIMES = np.array([1, 2, 0, 3, 1, 1, 2, 0, 1])
LABELS = RNG.integers(0, 3, 9)
IGNORED = np.where(np.arange(9) == 3, -100, LABELS)
PAIRS: dict[str, tuple[Any, Any, np.ndarray]] = {
    "values": (ig.HuberLoss(reduction="none"), ig.HuberLoss(), RNG.normal(size=(9, 3))),
    "classes": (
        ig.CrossEntropyLoss(weight=(1.0, 2.0, 0.5), reduction="none"),
        ig.CrossEntropyLoss(weight=(1.0, 2.0, 0.5)),
        IGNORED,
    ),
    "margins": (ig.MultiMarginLoss(reduction="none"), ig.MultiMarginLoss(), LABELS),
}


@BOTH
@pytest.mark.parametrize("name", PAIRS)
def test_a_step_and_an_evaluation_are_those_of_repeated_rows(backend: str, name: str) -> None:
    one_by_one, plain, y = PAIRS[name]
    model = ig.Sequential([ig.Linear(3)], input_shape=(4,))
    found = []
    repeated = (np.repeat(X, TIMES, axis=0), np.repeat(y, TIMES, axis=0))
    for loss, (x, t) in ((ig.WeightedLoss(one_by_one), (X, (y, TIMES))), (plain, repeated)):
        net = ig.build(model, backend=backend, seed=0, dtype="float64")
        trainer = ig.Trainer(net, loss=loss, optimizer=ig.SGD(0.1))
        losses = [trainer.step(x, t), trainer.evaluate((x, t), batch_size=4)["loss"]]
        found.append(np.concatenate([losses, *(v.ravel() for v in net.state_dict().values())]))
    assert not difference(*found).exceeds(TOLERANCE["free run", "float64"])


@BOTH
def test_a_fit_weighs_batches_by_the_weights_in_them(backend: str) -> None:
    one_by_one, _, y = PAIRS["classes"]
    net = ig.build(ig.Sequential([ig.Linear(3)], input_shape=(4,)), backend=backend, dtype="float64")
    trainer = ig.Trainer(net, loss=ig.WeightedLoss(one_by_one), optimizer=ig.SGD(lr=0.0))
    data = (X, (y, TIMES.astype(float)))
    history = trainer.fit(data, epochs=1, batch_size=4, progress=False)
    whole = np.asarray(trainer.evaluate(data)["loss"])
    assert not difference(np.asarray(history.epochs[0].train_loss), whole).exceeds(TOLERANCE["free run", "float64"])


def test_it_is_judged_like_any_other_and_read_back_from_its_text() -> None:
    loss = ig.WeightedLoss(ig.MSELoss(reduction="none"))
    assert ig.Loss.from_json(loss.to_json()) == loss
    model = ig.Sequential([ig.Linear(3)], input_shape=(4,))
    y = PAIRS["values"][2]
    report = ig.check_parity(model, X, (y, TIMES), loss=loss, optimizer=ig.SGD(0.1), steps=2, batch_size=4)
    assert report.passed, str(report)


SAID: list[tuple[Any, Any, str]] = [
    (
        ig.MSELoss(reduction="none"),
        (X[:, :3], -np.ones(9)),
        "WeightedLoss(MSELoss(reduction='none')): target [0, 0]\n"
        "  wanted a finite weight of 0 or more\n"
        "  got    -1.0\n"
        "  fix    mend the weight",
    ),
    (
        ig.MSELoss(reduction="none"),
        (X[:, :3], np.ones(3)),
        "WeightedLoss(MSELoss(reduction='none'))\n"
        "  wanted weights (9,), one for each row\n"
        "  got    (3,)\n"
        "  fix    y=(targets, weights)",
    ),
    (
        ig.MSELoss(reduction="none"),
        (X, np.ones(9)),
        "WeightedLoss(MSELoss(reduction='none'))\n"
        "  wanted targets (N, 3) and weights (N,)\n"
        "  got    targets of 4 values for predictions (N, 3)\n"
        "  fix    reshape the targets, or change the model's last layer",
    ),
    (
        ig.MSELoss(reduction="none"),
        (np.array(["a"] * 9), np.ones(9)),
        "WeightedLoss(MSELoss(reduction='none'))\n"
        "  wanted numbers\n"
        "  got    <U1\n"
        "  fix    y=(targets, weights), of numbers",
    ),
    (
        ig.CrossEntropyLoss(reduction="none"),
        (LABELS + 1, np.ones(9)),
        "CrossEntropyLoss(reduction='none'): target [0]\n"
        "  wanted a class index 0…2\n"
        "  got    3\n"
        "  fix    mend the label, or widen the last layer beyond 3",
    ),
]


@pytest.mark.parametrize(("inner", "y", "text"), SAID, ids=lambda v: repr(v)[:30])
def test_what_is_said_of_targets_and_weights_that_do_not_fit(inner: Any, y: Any, text: str) -> None:
    with pytest.raises(ig.IsogradError) as error:
        ig.loss_gradients(ig.WeightedLoss(inner), X[:, :3], y)
    assert str(error.value) == text


def test_a_loss_that_is_one_number_cannot_be_weighed() -> None:
    with pytest.raises(ig.SpecError) as error:
        ig.WeightedLoss(ig.MSELoss())
    assert str(error.value) == (
        "WeightedLoss(of)\n"
        '  wanted a loss with reduction="none": its values are weighed one by one\n'
        "  got    MSELoss()\n"
        '  fix    ig.WeightedLoss(ig.MSELoss(reduction="none"))'
    )


@BOTH
def test_a_loss_without_targets_takes_the_weights_alone(backend: str) -> None:
    loss, rng = ig.WeightedLoss(ig.TripletMarginLoss(reduction="none")), np.random.default_rng(3)
    three, times = tuple(rng.normal(size=(4, 3)) for _ in range(3)), np.array([1.0, 2.0, 0.0, 1.0])
    each = F.triplet_margin_loss(*map(torch.from_numpy, three), reduction="none").numpy()
    found = ig.loss_gradients(loss, three, times, backend=backend)
    assert not difference(np.asarray(found.value), np.asarray((times * each).sum() / 4)).exceeds(ALLOWED)
    x = ig.Input((3,))
    model = ig.Model(inputs=x, outputs=[ig.Linear(2, name=name)(x) for name in ("a", "b", "c")])
    trainer = ig.Trainer(ig.build(model, backend=backend), loss=loss, optimizer=ig.SGD(0.1))
    doubled = np.repeat(three[0], times.astype(int), axis=0)
    plain = ig.Trainer(ig.build(model, backend=backend), loss=ig.TripletMarginLoss(), optimizer=ig.SGD(0.1))
    weighed, repeated = trainer.evaluate((three[0], times))["loss"], plain.evaluate((doubled, ()))["loss"]
    assert not difference(np.float32(weighed), np.float32(repeated)).exceeds(TOLERANCE["node", "float32"])
    with pytest.raises(ig.ShapeError, match="fix    y=weights"):
        ig.loss_gradients(loss, three, np.ones(3), backend=backend)
