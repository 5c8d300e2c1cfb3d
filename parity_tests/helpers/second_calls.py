"""Networks of one layer each, made from every case, and what they compute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import Arrays
from isograd.core.graph.composite import Composite
from isograd.core.graph.model import Model
from isograd.core.graph.values import Input
from isograd.core.parity.cases import CASES, Case
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.stages.trial import Trial

CALLS = 3
FIRST = 3  # cases of a kind that are tried in the first tier, beside those with buffers


def label(case: Case) -> str:
    return f"{type(case.layer).__name__}: {case.why}"


def of_samples(case: Case) -> bool:
    """Whether batches of samples go in and come out, computed with: what a model within another takes, and a learner.

    What else there is (masks, indices, weights, a batch that does not stand first) a graph alone has.
    """
    counted = case.layer.integer_inputs(*case.shapes)
    taken = all(form.batch_first and (form.kind == "float" or k in counted) for k, form in enumerate(case.forms))
    return taken and all(form.batch_first and form.kind == "float" for form in case.layer.out_forms(*case.forms))


def every_case(*, samples: bool) -> Iterator[Any]:
    """Each case as a test's parameter; what is much like another of its kind waits for the second tier."""
    for cases in CASES.values():
        chosen = [case for case in cases if not case.large and (of_samples(case) or not samples)]
        for k, case in enumerate(chosen):
            early = k < FIRST or case.layer.buffers(*case.shapes)
            yield pytest.param(case, id=label(case), marks=[] if early else pytest.mark.slow)


EVERY_CASE = pytest.mark.parametrize("case", list(every_case(samples=False)))
OF_SAMPLES = pytest.mark.parametrize("case", list(every_case(samples=True)))


def owner_of(model: Composite) -> str:
    """Under which name the weights of a model of one layer stand."""
    return model.graph(*model.input_shapes).nodes[0].owner


def given_masks(backend: str) -> dict[str, Any]:
    """Both engines drop the same."""
    return {"shared_randomness": True} if backend == "torch" else {}


def network(backend: str, trial: Trial) -> Any:
    """The trial's layer as a network with its weights, in float64."""
    owner = owner_of(trial.model)
    weights = {f"{owner}.{name}": np.asarray(values) for name, values in trial.state.items()}
    return ig.build(trial.model, weights, backend=backend, dtype="float64", **given_masks(backend))


def tupled(values: Any) -> tuple[Any, ...]:
    return values if isinstance(values, tuple) else (values,)


def named(**groups: Any) -> dict[str, Any]:
    """{"y0": …, "y1": …} of y=(…, …)"""
    return {f"{name}{k}": value for name, values in groups.items() for k, value in enumerate(tupled(values))}


def copied(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if v is None else np.array(v) for name, v in values.items()}


def assert_same_bits(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        assert found[name] is values or np.array_equal(found[name], values, equal_nan=True), name


def assert_close(found: Mapping[str, Any], wanted: Mapping[str, Any], stage: str = "node") -> None:
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        assert found[name] is values or not difference(found[name], values).exceeds(TOLERANCE[stage, "float64"]), name


def other_inputs(trial: Trial) -> Arrays:
    """The rows in another order: of the same kinds, other values for all but one row alone."""
    return tuple(np.roll(x, 1, axis=0) if x.shape[:1] > (1,) else x.copy() for x in trial.rounded_inputs())


def other_upstream(trial: Trial) -> Arrays:
    return tuple(
        random_upstream(dy.shape, 1, f"another/{k}", np.dtype(np.float64)) for k, dy in enumerate(trial.upstream())
    )


def called_thrice(case: Case) -> Case:
    """The layer called for three inputs: its weights are shared, its buffers move on with every call."""
    ends = [[Input.of(form) for form in case.forms] for _ in range(CALLS)]
    outputs = [y for call in ends for y in tupled(case.layer(*call))]
    model = Model(inputs=[end for call in ends for end in call], outputs=outputs)
    return Case(model, case.inputs * CALLS, case.why, batch=case.batch, scale=case.scale, among=case.among)
