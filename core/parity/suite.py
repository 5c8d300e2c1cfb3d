"""Every case through two engines or more: what `isograd parity` runs, and what the generated tests are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from isograd.core.base.description import Description
from isograd.core.base.forms import Form
from isograd.core.base.randomness import generator
from isograd.core.base.types import Array, Shape, State
from isograd.core.engine.protocol import Backend, Judged, judged
from isograd.core.graph.sequential import Sequential
from isograd.core.graph.values import Input
from isograd.core.graph.weights import initial_state
from isograd.core.layers import Linear, Tanh
from isograd.core.learning.losses import MSELoss
from isograd.core.parity.cases import (
    CASES,
    CLIPPING_CASES,
    INITIALIZER_CASES,
    LOSS_CASES,
    OPTIMIZER_CASES,
    SCHEDULE_CASES,
    Case,
    LawCase,
    LossCase,
    OptimizerCase,
    ScheduleCase,
)
from isograd.core.parity.loss_arrays import loss_arrays
from isograd.core.parity.matching import LAW_ALLOWED, SPREAD_ALLOWED, TOLERANCE, Difference, difference
from isograd.core.parity.natures import NOT_IMPLEMENTED
from isograd.core.parity.pair import Pair, names_of, pairs_of
from isograd.core.parity.report import NOT_ASKED, NotJudged, ParityReport
from isograd.core.parity.stages.locked_steps import locked_steps
from isograd.core.parity.stages.loss import compare_loss
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.stages.schedule import compare_schedule
from isograd.core.parity.stages.training import Result, Training
from isograd.core.parity.stages.trial import Trial

DTYPES = ("float64", "float32")
LOCKED_STEPS = 6


def case_trial(case: Case, dtype: str, training: bool) -> Trial:
    """The case's inputs and weights, drawn from the reason of its existence (so that no two are alike)."""
    rng = generator(0, "case", f"{type(case.layer).__name__}: {case.why}")
    known = case.layer.integer_inputs(*case.shapes)
    inputs = tuple(drawn_input(rng, case, form, known.get(k)) for k, form in enumerate(case.forms))
    ends = [Input.of(form) for form in case.forms]
    shapes = [end.shape for end in ends]
    state: State = {name: rng.normal(size=w.shape) for name, w in case.layer.weights(*shapes).items()}
    for name, w in case.layer.buffers(*shapes).items():  # positive, as variances and counts are
        state[name] = np.full(w.shape, 3) if w.integers else rng.uniform(0.5, 1.5, w.shape)
    name = f"{type(case.layer).__name__}: {case.why}"
    return Trial(name, case.layer, inputs, state, dtype, training, forms=case.forms)


def drawn_input(rng: np.random.Generator, case: Case, form: Form, known: range | None) -> Array:
    """Numbers for one input of a case; `known`: the whole numbers that its layer takes there."""
    sizes = form.sizes(case.batch)
    if form.kind == "boolean":
        return rng.random(sizes) < 0.5
    if known is not None or form.kind == "integer":
        return drawn_integers(rng, case.values if known is None else known, sizes)
    return drawn_values(rng, case, sizes)


def drawn_values(rng: np.random.Generator, case: Case, shape: Shape) -> Array:
    """N(0, scale²), or the numbers that the case names."""
    return rng.choice(case.among, shape) if case.among else np.asarray(case.scale * rng.normal(size=shape))


def drawn_integers(rng: np.random.Generator, allowed: range, shape: Shape) -> Array:
    """Whole numbers in `allowed`, its ends among them where there is room."""
    drawn = rng.integers(allowed.start, allowed.stop, shape)
    drawn.ravel()[: min(2, drawn.size)] = (allowed.start, allowed.stop - 1)[: drawn.size]
    return drawn


def check_case(pair: Pair, case: Case) -> Iterator[Result]:
    """Both dtypes, both modes."""
    for dtype in DTYPES:
        for training in (True, False):
            yield compare_node(pair, case_trial(case, dtype, training))


def check_loss_case(pair: Pair, case: LossCase) -> Iterator[Result]:
    p, t = loss_arrays(case)
    for dtype in DTYPES:
        path = f"{type(case.loss).__name__}: {case.why}"
        yield compare_loss(pair, case.loss, p, t, dtype=dtype, path=path, of_target=True)


def check_optimizer_case(pair: Pair, case: OptimizerCase) -> Iterator[Result]:
    """Locked steps of a small network."""
    bias = not case.matrices
    model = Sequential([Linear(case.units, bias=bias), Tanh(), Linear(2, bias=bias)], input_shape=(4,))
    rng = generator(0, "optimizer case", case.why)
    x, t = rng.normal(size=(8, 4)), rng.normal(size=(8, 2))
    state = initial_state(model, seed=0, dtype=np.dtype(np.float64))
    for dtype in DTYPES:
        training = Training(model, state, [((x,), (t,))], (MSELoss(),), case.optimizer, case.clip, 0, LOCKED_STEPS)
        yield locked_steps(pair, training, dtype)


def check_schedule_case(pair: Pair, case: ScheduleCase) -> Iterator[Result]:
    path = f"{type(case.schedule).__name__}: {case.why}"
    yield compare_schedule(pair, case.schedule, case.lr, case.total, path=path, measured=case.measured)


def check_law_case(pair: Pair, case: LawCase) -> Iterator[Result]:
    """Exact laws entry by entry; random ones by the largest gap between their distribution functions."""
    a, b = (judged(backend).draw(case.law, case.shape, case.fans, 0) for backend in pair.backends)
    exact = difference(a, b)
    found = [("values", exact, TOLERANCE["node", "float64"])]
    if not exact.fault and np.ptp(b) > 0:
        found = [("distribution", Difference(distribution_gap(a.ravel(), b.ravel())), LAW_ALLOWED)]
        if a.ndim > 1:
            apart = Difference(abs(singular_spread(a) / singular_spread(b) - 1))
            found.append(("spread of singular values", apart, SPREAD_ALLOWED))
    path = f"{type(case.law).__name__}: {case.why}"
    rows = [pair.row("initial law", "float64", path, *judged_by) for judged_by in found]
    if found[0][0] != "values":  # other numbers of one law: no rounding of each other
        rows = [replace(row, nature=row.nature if row.failed else None, noise=None) for row in rows]
    yield rows, None


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


Check = Callable[[], Iterator[Result]]


@dataclass(frozen=True)
class Family:
    """The cases of one kind of description, and how one of them is checked."""

    stage: str
    cases: Mapping[type[Description], Sequence[Any]]
    check: Callable[[Pair, Any], Iterator[Result]]
    by_itself: bool = False  # asks engines for more than networks: for what `Judged` has

    def lacking(self, pair: Pair) -> list[str]:
        """The engines that cannot be asked."""
        sides = zip(pair.names, pair.backends, strict=True)
        return [name for name, backend in sides if self.by_itself and not isinstance(backend, Judged)]


FAMILIES = (
    Family("node", CASES, check_case),
    Family("loss", LOSS_CASES, check_loss_case, by_itself=True),
    Family("locked step", OPTIMIZER_CASES, check_optimizer_case),
    Family("locked step", CLIPPING_CASES, check_optimizer_case),
    Family("schedule", SCHEDULE_CASES, check_schedule_case, by_itself=True),
    Family("initial law", INITIALIZER_CASES, check_law_case, by_itself=True),
)


def suite(pair: Pair) -> Iterator[tuple[type[Description], str, Check]]:
    """(description, why, how to check) of every case of every table that the pair's engines can be asked about."""
    for family in FAMILIES:
        if not family.lacking(pair):
            for kind, cases in family.cases.items():
                for case in cases:
                    yield kind, case.why, partial(family.check, pair, case)


def check_all_cases(*backends: str | Backend) -> ParityReport:
    """Every case of every description: layers, losses, optimizers, schedules, initial laws; by default numpy and torch.

    The first engine is held against each other one. What an engine has not implemented, or cannot be asked by itself,
    is no failure: the report says which descriptions were not judged, and why. Raises where fewer than two engines
    are named, or one twice.
    """
    pairs = pairs_of("check_all_cases(…)", backends or ("numpy", "torch"))
    names = names_of(pairs)
    report = ParityReport("", names)
    count = 0
    for pair in pairs:
        for family in FAMILIES:
            for name in family.lacking(pair):
                report.not_judged += [
                    NotJudged(name, family.stage, kind.__name__, len(cases), f"{name} {NOT_ASKED}")
                    for kind, cases in family.cases.items()
                ]
        missing: Counter[tuple[str, str, str]] = Counter()
        for kind, _, check in suite(pair):
            count += 1
            for name, stage in _checked(report, check):
                missing[name, stage, kind.__name__] += 1
        report.not_judged += [
            NotJudged(name, stage, kind, cases, f"not implemented by {name}")
            for (name, stage, kind), cases in missing.items()
        ]
    report.title = f"parity of {count} cases, {' against '.join(names)}"
    return report


def _checked(report: ParityReport, check: Check) -> set[tuple[str, str]]:
    """Add what a case's check found; (engine, stage) where an engine says itself that it lacks what is asked for."""
    lacking = set()
    for rows, culprit in check():
        absent = [row for row in rows if row.fault == NOT_IMPLEMENTED]
        if absent and culprit is not None and culprit.guilty is not None:
            lacking.add((culprit.guilty, absent[0].stage))
        else:
            report.add(rows, culprit)
    return lacking
