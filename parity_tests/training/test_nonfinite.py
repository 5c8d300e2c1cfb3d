"""No step is kept that leaves a weight NaN or infinite: all that training changes stays as it was."""

from __future__ import annotations

import contextlib
from itertools import product
from typing import Any

import numpy as np
import pytest
from training_helpers import BOTH, X, Y, model, trainer

import isograd as ig
from isograd.backends.numpy_impl.optimizers import OPTIMIZERS
from isograd.core.base.errors import NonFiniteError
from isograd.core.engine.headroom import Headroom
from isograd.core.parity.cases import EVERYWHERE, OPTIMIZER_CASES
from isograd.core.parity.matching import TOLERANCE, difference

CASES = [case.optimizer for case in EVERYWHERE]
RULED = [optimizer for optimizer in CASES if not optimizer.searches]
MATRICES = [case.optimizer for cases in OPTIMIZER_CASES.values() for case in cases if case.matrices]
LOSES_ITS_STEP = (ig.NAdam, ig.Adafactor)  # in torch, whose squares leave the floats before their root is taken
EVERY = pytest.mark.parametrize("optimizer", CASES, ids=repr)


def memory(made: ig.Trainer) -> dict[str, bytes]:
    held = {**made.net.state_dict(), **made.learner.state_dict()}
    return {name: values.tobytes() for name, values in held.items()}


def line(backend: str, weight: float, dtype: str = "float32", **options: Any) -> ig.Trainer:
    """y = w x, in float32 unless asked for otherwise."""
    described = ig.Sequential([ig.Linear(1, bias=False)], input_shape=(1,))
    net = ig.build(described, {"0.weight": np.full((1, 1), weight, np.float32)}, backend=backend, dtype=dtype)
    return ig.Trainer(net, **{"loss": ig.MSELoss(), "optimizer": ig.SGD(0.1), **options})


def refused(made: ig.Trainer, x: np.ndarray, y: np.ndarray) -> str:
    """The words of the error that a step ends in, and nothing is changed by it."""
    before = memory(made)
    with pytest.raises(NonFiniteError) as caught:
        made.step(x, y)
    assert memory(made) == before
    return str(caught.value)


LARGE, NOTHING = np.array([[1.8e19]], np.float32), np.zeros((1, 1), np.float32)


@BOTH
@pytest.mark.parametrize("clip", [None, ig.ClipValue(1.0), ig.ClipNorm(1.0)], ids=repr)
@EVERY
def test_a_finite_loss_of_an_infinite_gradient(optimizer: Any, clip: Any, backend: str) -> None:
    """Clipping by value would make a number of it, as if that were the gradient."""
    made = line(backend, 0.9, optimizer=optimizer, clip=clip)
    assert np.isfinite(made.evaluate((LARGE, NOTHING))["loss"])
    assert (
        refused(made, LARGE, NOTHING)
        == """the gradient of '0.weight', the first on the way back from the loss
  wanted finite numbers
  got    inf at [0, 0]
  fix    scale the inputs and targets, or a smaller lr from the start; this step changed nothing"""
    )
    x = np.ones((1, 1), np.float32)
    made.step(x, NOTHING)
    assert memory(made) != memory(line(backend, 0.9, optimizer=optimizer, clip=clip))


@BOTH
def test_an_update_that_leaves_the_floats(backend: str) -> None:
    made = line(backend, 0.9, optimizer=ig.SGD(1e38, momentum=0.9))
    assert (
        refused(made, np.full((1, 1), 3, np.float32), NOTHING)
        == """the update of '0.weight' at lr=1e+38
  wanted finite weights
  got    -inf at [0, 0], of a finite gradient
  fix    a smaller lr, or clip=ig.ClipNorm(1.0); this step changed nothing"""
    )


@BOTH
@pytest.mark.parametrize(
    ("optimizer", "slot"),
    [(ig.Adam(0.1), "exp_avg_sq"), (ig.RMSprop(0.1), "square_avg"), (ig.Adagrad(0.1), "sum")],
    ids=lambda given: given if isinstance(given, str) else type(given).__name__,
)
def test_a_memory_that_leaves_the_floats(optimizer: Any, slot: str, backend: str) -> None:
    """The square of a finite gradient: to divide by its infinite root would stop the weight without a word."""
    made = line(backend, 0.9, optimizer=optimizer)
    assert (
        refused(made, np.full((1, 1), 1e11, np.float32), NOTHING)
        == f"""the memory '{slot}/0.weight' of the update at lr=0.1
  wanted finite numbers
  got    inf at [0, 0]
  fix    scale the inputs and targets, or clip=ig.ClipNorm(1.0); this step changed nothing"""
    )
    made.step(np.ones((1, 1), np.float32), NOTHING)
    assert all(np.isfinite(values).all() for values in made.learner.state_dict().values())


@BOTH
@pytest.mark.parametrize("optimizer", RULED, ids=repr)
def test_a_step_of_a_large_gradient_is_the_step_of_float64_or_none(optimizer: Any, backend: str) -> None:
    for size in (1e17, 1e18, 1e19, 3e19, 1e20, 4e20, 1e21, 1e30, 1e37):
        x = np.full((1, 1), (size / 1.8) ** 0.5, np.float32)
        single, double = (line(backend, 0.9, optimizer=optimizer, dtype=dtype) for dtype in ("float32", "float64"))
        before = memory(single)
        try:
            single.step(x, NOTHING)
        except NonFiniteError:
            assert memory(single) == before
            continue
        double.step(x, NOTHING)
        if backend == "torch" and isinstance(optimizer, LOSES_ITS_STEP):
            continue
        weights = [made.net.state_dict()["0.weight"].astype(np.float64) for made in (single, double)]
        assert not difference(*weights).exceeds(TOLERANCE["locked step", "float32"])
        assert all(np.isfinite(values).all() for values in single.learner.state_dict().values())


@BOTH
@EVERY
def test_what_is_added_up_step_by_step_stays_finite_or_is_told(optimizer: Any, backend: str) -> None:
    """Each step alone is far from the largest float; Adagrad's sum of their squares gets there."""
    made = line(backend, 0.9, optimizer=optimizer)
    with contextlib.suppress(NonFiniteError):
        for _ in range(40):
            made.net.load_state_dict({"0.weight": np.full((1, 1), 0.9, np.float32)})
            made.step(np.full((1, 1), 1.5e9, np.float32), NOTHING)
    assert all(np.isfinite(values).all() for values in made.learner.state_dict().values())


@BOTH
def test_a_division_by_nothing(backend: str) -> None:
    """Adam without eps, of a gradient that is 0 where an input is: 0/0, after BatchNorm's buffers have moved."""
    made = trainer(backend, model(ig.BatchNorm1d()), optimizer=ig.Adam(0.1, eps=0.0))
    made.step(X, Y)
    other = trainer(backend, model(ig.BatchNorm1d()), optimizer=ig.Adam(0.1, eps=0.0))
    assert "the update of '0.weight' at lr=0.1" in refused(other, X * [0, 1, 1], Y)


@BOTH
def test_a_gradient_that_is_finite_for_a_while(backend: str) -> None:
    """The first steps are kept, the one that overflows is not; what comes after it is as if it had not been."""
    made, whole = (line(backend, 0.9, optimizer=ig.SGD(1e-4, momentum=0.9)) for _ in range(2))
    small = np.full((1, 1), 2, np.float32)
    for t in (made, whole):
        t.step(small, NOTHING)
    refused(made, LARGE, NOTHING)
    for t in (made, whole):
        t.step(small, NOTHING)
    assert memory(made) == memory(whole)


@BOTH
@EVERY
def test_a_careful_step_is_the_same_step(optimizer: Any, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = trainer(backend, optimizer=optimizer)
    for _ in range(4):
        plain.step(X, Y)
    monkeypatch.setattr(Headroom, "suffices", lambda self, *given: False)
    careful = trainer(backend, optimizer=optimizer)
    for _ in range(4):
        careful.step(X, Y)
    assert memory(careful) == memory(plain)


@BOTH
@pytest.mark.parametrize("optimizer", RULED, ids=repr)
def test_ordinary_steps_are_certain(optimizer: Any, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies are kept only where they may be needed: centered RMSprop and Adadelta have no bound."""
    answers: list[bool] = []
    real = Headroom.suffices

    def asked(self: Headroom, *given: Any) -> bool:
        answers.append(real(self, *given))
        return answers[-1]

    monkeypatch.setattr(Headroom, "suffices", asked)
    made = trainer(backend, optimizer=optimizer, dtype="float32")
    for _ in range(30):
        made.step(X, Y)
    assert answers == [not (getattr(optimizer, "centered", False) or isinstance(optimizer, ig.Adadelta))] * 30


@pytest.mark.parametrize("optimizer", RULED + MATRICES, ids=repr)
@pytest.mark.parametrize(("size", "rate"), list(product([1e-30, 1e-10, 1.0, 1e4], [1e-6, 0.1, 10.0])))
def test_no_step_reaches_further_than_its_optimizer_says(optimizer: Any, size: float, rate: float) -> None:
    """Over histories of gradients that jump, vanish and turn, in float32, from weights of some size."""
    rng = np.random.default_rng(4)
    rule = OPTIMIZERS[type(optimizer)]
    w = rng.normal(size=(5, 10)).astype(np.float32)
    slots = {name: np.full(*slot, np.float32) for name, slot in optimizer.memory(w.shape).items()}
    largest = 0.0
    for t in range(1, 40):
        gradient = (size * 10.0 ** rng.uniform(-12, 0, w.shape) * rng.choice([-1, 0, 1], w.shape)).astype(np.float32)
        if t % 7 == 0:
            gradient[:] = size
        before = w.copy()
        largest = max(largest, float(np.abs(before).max()))
        with np.errstate(invalid="ignore", divide="ignore"):
            rule(optimizer, rate, t, w, gradient, slots)
        reach = optimizer.reach(rate, size, largest)
        assert reach == np.inf or np.abs(w - before).max() <= reach + np.spacing(np.float32(largest))


@BOTH
def test_every_ignored_target_is_told(backend: str) -> None:
    made = trainer(backend, loss=ig.CrossEntropyLoss(ignore_index=7))
    assert (
        refused(made, X, np.full(len(X), 7))
        == """the loss is nan
  wanted a finite loss
  got    finite outputs, but a loss that is not
  fix    check the targets: is every one of them ignored? This step changed no weight"""
    )
