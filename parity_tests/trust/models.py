"""What parity is asked about: the cases of a description, those of layers between two neighbours; and whole models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import false_alarms
import numpy as np
from false_alarms import Ordinary, dense, integers, normal

import isograd as ig
from isograd.core.parity.cases import CASES, Case
from isograd.core.parity.pair import Pair
from isograd.core.parity.report import ParityReport
from isograd.core.parity.suite import case_trial, suite


def reports(kinds: Sequence[str], model: str = "") -> Iterator[ParityReport]:
    """One of each case of these kinds, and of the model in both dtypes."""
    layers = [kind for kind in CASES if kind.__name__ in kinds]
    for kind in layers:
        for case in CASES[kind]:
            yield between_neighbours(case)
    others = set(kinds) - {kind.__name__ for kind in layers}
    if others:
        for kind, _, check in suite(Pair.named()):
            if kind.__name__ in others and kind not in CASES:
                report = ParityReport("", ("numpy", "torch"))
                for rows, culprit in check():
                    report.add(rows, culprit)
                yield report
    if model:
        for dtype in ("float64", "float32"):
            yield checked(model, dtype)


def between_neighbours(case: Case) -> ParityReport:
    """A case's layer behind an Identity and before a LeakyReLU, with the case's own numbers and weights.

    A single number, which those do not take, is left to the case by itself.
    """
    if not case.forms or not all(form.axes for form in (*case.forms, *case.layer.out_forms(*case.forms))):
        return only(case)
    trial = case_trial(case, "float64", training=True)
    ends = [ig.Input.of(form) for form in case.forms]
    known = case.layer.integer_inputs(*case.shapes)
    fed = [
        ig.Identity()(end) if form.kind == "float" and k not in known else end
        for k, (end, form) in enumerate(zip(ends, case.forms, strict=True))
    ]
    made = case.layer(*fed)
    outputs = flat(made)
    kinds = [form.kind for form in case.layer.out_forms(*case.forms)]
    left = [
        ig.LeakyReLU(negative_slope=0.5)(y) if kind == "float" else y for y, kind in zip(outputs, kinds, strict=True)
    ]
    model = ig.Model(inputs=tuple(ends), outputs=tuple(left))
    owner = next(n.owner for n in model.graph(*model.input_shapes).nodes if type(n.layer) is type(case.layer))
    weights = {f"{owner}.{name}": values for name, values in trial.state.items()}
    return ig.check_parity(model, trial.inputs, weights=weights)


def flat(values: Any) -> tuple[Any, ...]:
    """Graph values out of tuples in tuples: an LSTM gives (y, (h, c))."""
    return tuple(v for part in values for v in flat(part)) if isinstance(values, tuple) else (values,)


def only(case: Case) -> ParityReport:
    """A case by itself, as `isograd parity` has it."""
    report = ParityReport("", ("numpy", "torch"))
    for kind, why, check in suite(Pair.named()):
        if kind is type(case.layer) and why == case.why:
            for rows, culprit in check():
                report.add(rows, culprit)
    return report


def shared_normalisation() -> Any:
    x, norm = ig.Input((7,)), ig.BatchNorm1d()
    return ig.Model(inputs=x, outputs=ig.Linear(3)(norm(ig.Linear(7)(norm(x)))))


def twice_out() -> Any:
    x = ig.Input((7,))
    h = ig.Tanh()(ig.Linear(4)(x))
    return ig.Model(inputs=x, outputs=(h, h))


def of_branches() -> Any:
    x = ig.Input((7,))
    return ig.Model(inputs=x, outputs=ig.Linear(3)(ig.Linear(5)(x) - ig.Tanh()(ig.Linear(5)(x))))


def sum_of_branches() -> Any:
    x = ig.Input((7,))
    h = ig.Linear(5)(x)
    return ig.Model(inputs=x, outputs=ig.Linear(3)(h + ig.Tanh()(h)))


def of_two_inputs() -> Any:
    a, b = ig.Input((7,)), ig.Input((7,))
    return ig.Model(inputs=(a, b), outputs=ig.Linear(3)(a - ig.Tanh()(b)))


def tied() -> Any:
    words = ig.Input((5,))
    table = ig.Parameter((11, 3), name="tokens.weight")
    h = ig.Embedding(11, 3).with_weights(weight=table)(words)
    return ig.Model(inputs=words, outputs=ig.Linear(11, bias=False).with_weights(weight=table)(ig.LastStep()(h)))


def untrained_end() -> Any:
    x = ig.Input((7,))
    h = ig.Tanh()(ig.Linear(5)(x))
    return ig.Model(inputs=x, outputs=(ig.Linear(3)(h), ig.Linear(2)(h)))


def numbers(*shapes: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    return lambda rng: tuple(rng.normal(size=shape) for shape in shapes)


MODELS = {
    "a large weight": Ordinary(
        dense(ig.Linear(600), ig.Tanh(), ig.Linear(3), width=300), normal(8, 300), integers(3, 8)
    ),
    "a shared normalisation": Ordinary(shared_normalisation, normal(8, 7), integers(3, 8)),
    "one value, two outputs": Ordinary(
        twice_out, normal(8, 7), numbers((8, 4), (8, 4)), loss=[ig.MSELoss(), ig.L1Loss()]
    ),
    "a difference of branches": Ordinary(of_branches, normal(8, 7), integers(3, 8)),
    "a sum of branches": Ordinary(sum_of_branches, normal(8, 7), integers(3, 8)),
    "a difference of two inputs": Ordinary(of_two_inputs, numbers((8, 7), (8, 7)), integers(3, 8)),
    "tied weights": Ordinary(tied, integers(11, 8, 5), integers(11, 8)),
    "an output without a loss": Ordinary(
        untrained_end, normal(8, 7), integers(3, 8), loss=[ig.CrossEntropyLoss(), None]
    ),
    "clipped by norm": Ordinary(
        dense(ig.Linear(9), ig.Tanh(), ig.Linear(3)), normal(8, 7), integers(3, 8), clip=ig.ClipNorm(0.05)
    ),
    "clipped by value": Ordinary(
        dense(ig.Linear(9), ig.Tanh(), ig.Linear(3)), normal(8, 7), integers(3, 8), clip=ig.ClipValue(0.01)
    ),
}
"""Beside those of false_alarms.py: trained on two batches in turn."""


def checked(name: str, dtype: str) -> ParityReport:
    """One check of a whole model, trained for some steps."""
    if name in false_alarms.ORDINARY:
        return false_alarms.checked(name, 0, dtype)
    case, rng = MODELS[name], np.random.default_rng(0)
    given: dict[str, Any] = {"loss": case.loss, "optimizer": case.optimizer, "clip": case.clip, "steps": 6}
    x, y = case.inputs(rng), case.targets(rng)
    return ig.check_parity(case.model(), x, y, dtypes=(dtype,), seed=0, batch_size=len(x[0]) // 2, **given)
