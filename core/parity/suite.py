"""Every case through both backends: what `isograd parity` runs, and what the generated tests are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np

from isograd.core.description import Description
from isograd.core.graph import Input
from isograd.core.layers import Linear, Tanh
from isograd.core.losses import MSELoss
from isograd.core.parity.cases import (
    CASES, CLIPPING_CASES, INITIALIZER_CASES, LOSS_CASES, OPTIMIZER_CASES, SCHEDULE_CASES,
    Case, LawCase, LossCase, OptimizerCase, ScheduleCase,
)  # fmt: skip
from isograd.core.parity.loss import compare_loss
from isograd.core.parity.matching import LAW_ALLOWED, SPREAD_ALLOWED, TOLERANCE, difference
from isograd.core.parity.node import Trial, compare_node
from isograd.core.parity.pair import Pair
from isograd.core.parity.report import Culprit, ParityReport, Row
from isograd.core.parity.trajectories import Training, locked_steps
from isograd.core.randomness import generator
from isograd.core.sequential import Sequential
from isograd.core.types import Array, State
from isograd.core.weights import initial_state

Result = tuple[list[Row], Culprit | None]
DTYPES = ("float64", "float32")
LOCKED_STEPS = 6



def case_trial(case: Case, dtype: str, training: bool) -> Trial:
    """The case's inputs and weights, drawn from the reason of its existence (so that no two are alike)."""
    rng = generator(0, "case", f"{type(case.layer).__name__}: {case.why}")
    inputs = tuple(case.scale * rng.normal(size=(case.batch, *shape)) for shape in case.shapes)
    ends = [Input(shape) for shape in case.shapes]
    drawn = {**case.layer.weights(*(e.shape for e in ends)), **case.layer.buffers(*(e.shape for e in ends))}
    state: State = {
        name: rng.normal(size=w.shape) if w.law.draw(rng, w.shape, w.fans).dtype.kind == "f" else np.zeros(w.shape, np.int64)
        for name, w in drawn.items()
    }
    return Trial(f"{type(case.layer).__name__}: {case.why}", case.layer, inputs, state, dtype, training)


def check_case(pair: Pair, case: Case) -> Iterator[Result]:
    """Both dtypes, both modes."""
    for dtype in DTYPES:
        for training in (True, False):
            yield compare_node(pair, case_trial(case, dtype, training))


def loss_arrays(case: LossCase) -> tuple[Array, Array]:
    """(predictions, targets) of a case."""
    rng = generator(0, "loss case", f"{type(case.loss).__name__}: {case.why}")
    p = case.scale * rng.normal(size=case.shape)
    if case.targets == "equal":
        return p, p.copy()
    if case.targets in ("values", "unit"):
        return p, rng.normal(size=case.shape) if case.targets == "values" else rng.uniform(size=case.shape)
    if case.targets == "probabilities":
        t = rng.uniform(0.1, 1.0, size=case.shape)
        return p, t / t.sum(1, keepdims=True)
    labels = rng.integers(0, case.shape[1], size=(case.shape[0], *case.shape[2:]))
    if case.targets == "ignored":
        labels.ravel()[::3] = getattr(case.loss, "ignore_index", -100)
    return p, labels


def check_loss_case(pair: Pair, case: LossCase) -> Iterator[Result]:
    p, t = loss_arrays(case)
    for dtype in DTYPES:
        yield compare_loss(pair, case.loss, p, t, dtype=dtype, path=f"{type(case.loss).__name__}: {case.why}")


def check_optimizer_case(pair: Pair, case: OptimizerCase) -> Iterator[Result]:
    """Locked steps of a small network."""
    model = Sequential([Linear(5), Tanh(), Linear(2)], input_shape=(4,))
    rng = generator(0, "optimizer case", case.why)
    x, t = rng.normal(size=(8, 4)), rng.normal(size=(8, 2))
    state = initial_state(model, seed=0, dtype=np.dtype(np.float64))
    for dtype in DTYPES:
        training = Training(model, state, [((x,), (t,))], (MSELoss(),), case.optimizer, case.clip, 0, LOCKED_STEPS)
        yield locked_steps(pair, training, dtype)


def check_schedule_case(pair: Pair, case: ScheduleCase) -> Iterator[Result]:
    rates = [np.array(b.learning_rates(case.schedule, case.lr, case.total)) for b in (pair.left, pair.right)]
    gap = difference(*rates)
    path = f"{type(case.schedule).__name__}: {case.why}"
    yield [Row("schedule", "float64", path, "lr", gap.error, TOLERANCE["node", "float64"], gap.fault)], None


def check_law_case(pair: Pair, case: LawCase) -> Iterator[Result]:
    """Exact laws entry by entry; random ones by the largest gap between their distribution functions."""
    a, b = (backend.draw(case.law, case.shape, case.fans, 0) for backend in (pair.left, pair.right))
    path, exact = f"{type(case.law).__name__}: {case.why}", difference(a, b)
    if exact.fault or np.ptp(b) == 0:
        yield [Row("initial law", "float64", path, "values", exact.error, TOLERANCE["node", "float64"], exact.fault)], None
        return
    gap = distribution_gap(a.ravel(), b.ravel())
    yield [Row("initial law", "float64", path, "distribution", gap, LAW_ALLOWED)], None
    if a.ndim > 1:
        gap = abs(singular_spread(a) / singular_spread(b) - 1)
        yield [Row("initial law", "float64", path, "spread of singular values", gap, SPREAD_ALLOWED)], None


def singular_spread(w: Array) -> float:
    """mean σ⁴ / (mean σ²)² over the singular values: 1 for an orthogonal matrix, more for any other.

    >>> singular_spread(np.eye(3)), singular_spread(np.diag([3.0, 1.0]))
    (1.0, 1.64)
    """
    squares = np.linalg.svd(w.reshape(len(w), -1), compute_uv=False) ** 2
    return float(np.mean(squares**2) / np.mean(squares) ** 2)


def distribution_gap(a: Array, b: Array) -> float:
    """The Kolmogorov–Smirnov distance: the largest gap between two empirical distribution functions.

    >>> distribution_gap(np.array([0.0, 1.0]), np.array([0.0, 3.0]))
    0.5
    """
    at = np.concatenate([a, b])
    below = [np.searchsorted(np.sort(v), at, side="right") / len(v) for v in (a, b)]
    return float(np.max(np.abs(below[0] - below[1])))


def suite(pair: Pair) -> Iterator[tuple[type[Description], str, Callable[[], Iterator[Result]]]]:
    """(description, why, how to check) of every case of every table."""
    for kind, cases in CASES.items():
        for case in cases:
            yield kind, case.why, lambda case=case: check_case(pair, case)
    for kind, losses in LOSS_CASES.items():
        for loss in losses:
            yield kind, loss.why, lambda loss=loss: check_loss_case(pair, loss)
    for kind, optimizers in chain(OPTIMIZER_CASES.items(), CLIPPING_CASES.items()):
        for optimizer in optimizers:
            yield kind, optimizer.why, lambda optimizer=optimizer: check_optimizer_case(pair, optimizer)
    for kind, schedules in SCHEDULE_CASES.items():
        for schedule in schedules:
            yield kind, schedule.why, lambda schedule=schedule: check_schedule_case(pair, schedule)
    for kind, laws in INITIALIZER_CASES.items():
        for law in laws:
            yield kind, law.why, lambda law=law: check_law_case(pair, law)


def check_all_cases(left: str = "numpy", right: str = "torch") -> ParityReport:
    """Every case of every description in both backends: layers, losses, optimizers, schedules, initial laws."""
    pair = Pair.named(left, right)
    report = ParityReport("", pair.names)
    count = 0
    for _, _, check in suite(pair):
        count += 1
        for rows, culprit in check():
            report.add(rows, culprit)
    report.title = f"parity of {count} cases, {' against '.join(pair.names)}"
    return report


