"""What a network is given and what it gives belong to the caller: he may write to both, before a backward too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.operations import OPERATIONS
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.data.dataset import as_arrays
from isograd.core.parity.cases import CASES
from isograd.core.parity.stages.trial import run_trial
from isograd.core.parity.suite import case_trial

BOTH = pytest.mark.parametrize("backend", ["numpy", "torch"])
EVERY = pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.__name__)


def trials(kind: type) -> Iterator[Any]:
    """Every case in training, and the first in evaluation."""
    for k, case in enumerate(CASES[kind]):
        yield from (case_trial(case, "float64", training) for training in ((True, False) if k == 0 else (True,)))


def network(backend: str, trial: Any) -> Any:
    owner = trial.model.graph(*trial.model.input_shapes).nodes[0].owner
    state = {f"{owner}.{name}": values for name, values in trial.state.items()}
    shared = {"shared_randomness": True}
    return ig.build(trial.model, state, backend=backend, dtype="float64", **shared)


def spoil(arrays: Any) -> None:
    for values in arrays:
        if values is not None:
            values[...] = 1 if values.dtype.kind == "f" else 0


def flat(dx: Any, grads: Any) -> list[np.ndarray]:
    return [v for v in (*(dx if isinstance(dx, tuple) else (dx,)), *grads.values()) if v is not None]


@BOTH
@EVERY
def test_nothing_that_the_caller_writes_to_changes_a_gradient(kind: type, backend: str) -> None:
    """Inputs and outputs are overwritten before the backward, dy and the first gradients before the second."""
    for trial in trials(kind):
        left, written = network(backend, trial), network(backend, trial)
        x, dy = trial.rounded_inputs(), trial.upstream()
        left.forward(*x, training=trial.training)
        expected = [g.copy() for g in flat(*left.backward(*dy))]
        given = trial.rounded_inputs()
        spoil(as_arrays(written.forward(*given, training=trial.training)))
        spoil(given)
        for _ in range(2):
            upstream = tuple(d.copy() for d in dy)
            found = flat(*written.backward(*upstream))
            for mine, theirs in zip(found, expected, strict=True):
                assert np.array_equal(mine, theirs, equal_nan=True)
            spoil(upstream)
            spoil(found)


@BOTH
@EVERY
def test_what_is_returned_shares_no_memory(kind: type, backend: str) -> None:
    """Neither with what was given, nor among itself, nor with the weights."""
    for trial in trials(kind):
        net = network(backend, trial)
        x, dy = trial.rounded_inputs(), trial.upstream()
        y = as_arrays(net.forward(*x, training=trial.training))
        gradients = flat(*net.backward(*dy))
        seen = [v for values in net.activations(*x, training=trial.training).values() for v in values]
        own = list(net.state.values()) if backend == "numpy" else [v.detach().numpy() for v in net.weights.values()]
        for mine, theirs in combinations([*x, *dy, *y, *gradients, *own], 2):
            assert not np.shares_memory(mine, theirs)
        rows = all(form.batch_first for form in (*trial.forms, *trial.layer.out_forms(*trial.forms)))
        for made in (*seen, *(as_arrays(net.predict(*x)) if rows else ())):
            assert not any(np.shares_memory(made, other) for other in (*x, *y, *own))


def test_an_operation_that_writes_to_its_input_is_found() -> None:
    """Its input is a copy, in which it cannot write: it raises, and the judge names it."""

    def greedy(spec: ig.Tanh, p: Any, x: np.ndarray, *, run: Any) -> Any:
        np.tanh(x, out=x)
        return x, lambda dy: (dy * (1 - x * x), {})

    engine = NumpyBackend(replace(STANDARD, operations=OPERATIONS.overlaid({ig.Tanh: greedy})), name="greedy")
    outcome = run_trial(engine, case_trial(CASES[ig.Tanh][0], "float64", True))
    assert isinstance(outcome.raised, ValueError)
    assert "read-only" in str(outcome.raised)
