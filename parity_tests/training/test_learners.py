"""A learner by itself: several losses or none for the first output, ignored labels, and taking its memory along."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from second_calls import assert_close, assert_same_bits, copied, given_masks, named
from training_helpers import BOTH, LABELS, X, Y, model

import isograd as ig
from isograd.core.base.types import FLOATS
from isograd.core.learning.losses import ClassLoss
from isograd.core.parity.cases import CLIPPING_CASES, EVERYWHERE, OptimizerCase
from isograd.core.parity.matching import TOLERANCE, difference

OPTIMIZERS = [
    case
    for cases in (EVERYWHERE, *CLIPPING_CASES.values())
    for case in cases
    if case.units < 100  # not those of many weights
]
BY_OPTIMIZER = pytest.mark.parametrize("case", OPTIMIZERS, ids=lambda case: f"{case.optimizer!r}, {case.clip!r}")


def learner(backend: str, case: OptimizerCase, dtype: str = "float64") -> Any:
    """Of a network that drops and counts batches."""
    made = model(ig.BatchNorm1d(), ig.Dropout(0.3))
    net = ig.build(made, backend=backend, dtype=dtype, seed=4, **given_masks(backend))
    return net.learner((ig.MSELoss(),), case.optimizer, case.clip)


def steps(made: Any, count: int) -> list[float]:
    return [made.step((X,), (Y,), 0.05) for _ in range(count)]


def everything(made: Any) -> dict[str, Any]:
    return {**made.net.state_dict(), **{f"memory {name}": v for name, v in made.state_dict().items()}}


@BOTH
@BY_OPTIMIZER
def test_a_memory_taken_along_goes_on_bit_for_bit(case: OptimizerCase, backend: str) -> None:
    """Slots, the count of steps, and with it the position of dropout: into a learner that has been elsewhere."""
    whole, first, second = (learner(backend, case) for _ in range(3))
    wanted = steps(whole, 5)
    assert steps(first, 3) == wanted[:3]
    steps(second, 4)
    second.net.load_state_dict(first.net.state_dict())
    second.load_state_dict(first.state_dict())
    assert_same_bits(everything(second), everything(first))
    assert steps(second, 2) == wanted[3:]
    assert_same_bits(everything(second), everything(whole))


@BOTH
@BY_OPTIMIZER
def test_a_memory_is_a_copy_when_it_is_given_and_when_it_is_taken(case: OptimizerCase, backend: str) -> None:
    made, other, wanted = (learner(backend, case) for _ in range(3))
    for one in (made, wanted):
        steps(one, 2)
    weights, memory = made.net.state_dict(), made.state_dict()
    held = copied({**weights, **memory})
    other.net.load_state_dict(weights)
    other.load_state_dict(memory)
    steps(made, 1)
    steps(wanted, 1)
    assert_same_bits({**weights, **memory}, held)
    for values in (*weights.values(), *memory.values()):
        values[...] = 7
    assert_same_bits(everything(made), everything(wanted))
    steps(other, 1)
    assert_same_bits(everything(other), everything(wanted))


@BOTH
@pytest.mark.parametrize("dtype", FLOATS)
@BY_OPTIMIZER
def test_everything_keeps_its_dtype(case: OptimizerCase, dtype: str, backend: str) -> None:
    """Weights, slots, gradients, outputs: whatever dtype data, targets and the weights that are loaded have."""
    made = learner(backend, case, dtype)
    before = {name: v.dtype for name, v in made.net.state_dict().items()}
    assert set(before.values()) == {FLOATS[dtype], np.dtype(np.int64)}
    for x, y in ((X, Y), (X.astype(np.float32), Y), (X > 0, np.int8(9 * Y))):
        made.step((np.asarray(x),), (np.asarray(y),), 0.05)
        state = made.net.state_dict()
        made.net.load_state_dict({path: v.astype("f8" if v.dtype.kind == "f" else "i4") for path, v in state.items()})
        _, dx, grads = made.gradients((np.asarray(x),), (np.asarray(y),))
        outputs = made.net.forward(np.asarray(x)), made.net.predict(np.asarray(x))
        slots = [v for name, v in made.state_dict().items() if name != "step"]
        assert {v.dtype for v in (*outputs, *dx, *grads.values(), *slots)} == {FLOATS[dtype]}
        assert {name: v.dtype for name, v in made.net.state_dict().items()} == before


def several_ended() -> ig.Model:
    x = ig.Input((3,))
    h = ig.Tanh()(ig.Linear(4)(x))
    return ig.Model(
        inputs=x, outputs=(ig.Linear(3, name="untrained")(h), ig.Linear(2)(h), ig.Linear(2, name="classes")(h))
    )


LOSSES: dict[str, tuple[Any, ...]] = {
    "no loss for the first output": (None, ig.MSELoss(), ig.CrossEntropyLoss()),
    "a loss for the last output alone": (None, None, ig.CrossEntropyLoss()),
    "a loss for the one in the middle": (None, ig.L1Loss(), None),
    "a sum beside a mean": (None, ig.MSELoss(reduction="sum"), ig.CrossEntropyLoss()),
}
TARGETS: tuple[Any, ...] = (None, Y, LABELS)


@BOTH
@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_several_outputs_are_added_each_to_its_own_target(name: str, backend: str) -> None:
    losses = LOSSES[name]
    net = ig.build(several_ended(), backend=backend, dtype="float64")
    targets = tuple(t for loss, t in zip(losses, TARGETS, strict=True) if loss is not None)
    total, dx, grads = net.learner(losses, ig.SGD()).gradients((X,), targets)
    parts, dxs, summed = 0.0, 0.0, dict.fromkeys(grads, 0.0)
    for k, loss in enumerate(losses):
        if loss is not None:
            alone = [loss if j == k else None for j in range(3)]
            part, dx_of, of = net.learner(tuple(alone), ig.SGD()).gradients((X,), (TARGETS[k],))
            parts, dxs = parts + part, dxs + dx_of[0]
            summed = {path: summed[path] + of.get(path, 0.0) for path in grads}
    assert_close({**named(loss=np.float64(total), dx=dx), **grads}, {**named(loss=np.float64(parts), dx=dxs), **summed})
    first = next(k for k, loss in enumerate(losses) if loss is not None)
    metric = ig.Accuracy() if first == 2 else ig.MAE()  # of the first output that is trained on
    trainer = ig.Trainer(net, loss=losses, optimizer=ig.SGD(), metrics=[metric])
    for size in (5, 23):
        scores = trainer.evaluate((X, targets), batch_size=size)
        assert_close({"loss": np.float64(scores["loss"])}, {"loss": np.float64(total)})
        expected = np.float64(metric.value(net.forward(X)[first], TARGETS[first]))
        assert_close({"metric": np.float64(scores[metric.label])}, {"metric": expected})


WEIGHT = (0.5, 2.0, 1.0, 0.25)
IGNORING = [
    (kind(weight=weight, reduction=reduction, dim=dim, ignore_index=ignored, **more), further)
    for kind, smoothings in ((ig.NLLLoss, ({},)), (ig.CrossEntropyLoss, ({}, {"label_smoothing": 0.2})))
    for weight, reduction, ignored, more in product((None, WEIGHT), ("mean", "sum"), (-100, 2), smoothings)
    for dim, further in ((1, ()), (1, (3,)), (1, (2, 3)), (-1, (3,)))
]


@BOTH
@pytest.mark.parametrize("count", [1, 12], ids=lambda count: f"{count} of 18 counted")
def test_ignored_labels_count_neither_above_nor_below(count: int, backend: str) -> None:
    """The loss, and each gradient, is that of the predictions that are left: every weight, reduction and shape."""
    for loss, further in IGNORING:
        rng = np.random.default_rng(count)
        shape = (18 // int(np.prod(further or 1)), 4, *further)
        p = rng.normal(size=shape)
        rows = np.moveaxis(p, 1, -1)
        labels = rng.integers(0, 4, rows.shape[:-1])
        labels[labels == loss.ignore_index] = 1
        kept = (rng.permutation(labels.size) < count).reshape(labels.shape)
        assert np.count_nonzero(kept) == count
        given = rows if loss.dim == -1 else p
        value, dx = found(backend, loss, given, np.where(kept, labels, loss.ignore_index))
        alone: ClassLoss = type(loss)(**{**vars(loss), "dim": 1})
        wanted, d_kept = found(backend, alone, rows[kept], labels[kept])
        d_rows = dx if loss.dim == -1 else np.moveaxis(dx, 1, -1)
        assert_close({"loss": value, "dx": d_rows[kept]}, {"loss": wanted, "dx": d_kept})
        assert not d_rows[~kept].any()


def found(backend: str, loss: ClassLoss, p: np.ndarray, t: np.ndarray) -> tuple[np.floating, np.ndarray]:
    """(loss, dp) as a learner finds them, of a model that hands its input on."""
    x = ig.Input(p.shape[1:])
    net = ig.build(ig.Model(inputs=x, outputs=ig.Identity()(x)), backend=backend, dtype="float64")
    value, dx, _ = net.learner((loss,), ig.SGD()).gradients((p,), (t,))
    assert dx[0] is not None
    return np.float64(value), dx[0]


@BOTH
@pytest.mark.parametrize("clip", [ig.ClipNorm(0.01), ig.ClipValue(0.001)], ids=repr)
def test_gradients_that_are_asked_for_are_clipped(backend: str, clip: ig.Clipping) -> None:
    net = ig.build(
        ig.Sequential([ig.Linear(Y.shape[1])], input_shape=X.shape[1:]), backend=backend, dtype="float64", seed=1
    )
    asked = [net.learner((ig.MSELoss(),), ig.SGD(0.1), c).gradients((X,), (Y,))[2] for c in (None, clip)]
    whole, clipped = asked
    norm = np.sqrt(sum(np.sum(g * g) for g in whole.values()))
    for path, g in whole.items():
        wanted = g * (0.01 / (norm + 1e-6)) if isinstance(clip, ig.ClipNorm) else np.clip(g, -0.001, 0.001)
        assert not difference(clipped[path], wanted).exceeds(TOLERANCE["node", "float64"])
