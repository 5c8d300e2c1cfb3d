"""Every case of every table, generated: parity in both dtypes and modes, claimed shapes, kept dtypes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from isograd.core.base.forms import dtype_of
from isograd.core.base.types import FLOATS
from isograd.core.parity.cases import CASES, Case
from isograd.core.parity.gradients import check_gradients
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.trial import run_trial
from isograd.core.parity.suite import case_trial, suite

ALL = [(f"{kind.__name__}: {why}", check) for kind, why, check in suite(Pair.named())]
LAYER_CASES = [case for cases in CASES.values() for case in cases]
SMOOTH = [  # at a kink or beyond saturation no difference exists, and a gradient that is scaled is none
    case
    for case in LAYER_CASES
    if 0 < case.scale < 100
    and not case.large
    and not case.among
    and not any(weight.scaled for weight in case.layer.weights(*case.shapes).values())
]


def label(case: Case) -> str:
    return f"{type(case.layer).__name__}: {case.why}"


@pytest.mark.parametrize("check", [check for _, check in ALL], ids=[name for name, _ in ALL])
def test_both_engines_compute_the_same(check: Callable[[], Iterator[Any]]) -> None:
    compared = 0
    for rows, culprit in check():
        compared += len(rows)
        failed = [f"{row.path} {row.what} {row.dtype}: {row.fault or row.error}" for row in rows if row.failed]
        assert not failed, "\n".join([*failed, culprit.text if culprit else ""])
    assert compared, "nothing was compared"


@pytest.mark.parametrize("backend", ["left", "right"])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("case", LAYER_CASES, ids=label)
def test_outputs_have_the_shapes_and_the_dtype_that_the_description_claims(
    pair: Pair, case: Case, dtype: str, backend: str
) -> None:
    trial = case_trial(case, dtype, training=True)
    outcome = run_trial(getattr(pair, backend), trial)
    forms = case.layer.out_forms(*case.forms)
    claimed = [(form.sizes(case.batch), dtype_of(form.kind, FLOATS[dtype])) for form in forms]
    outputs = [y for name, y in outcome.outputs.items() if name.startswith("output")]
    assert outcome.raised is None
    assert outcome.written == []
    assert [(y.shape, y.dtype) for y in outputs] == claimed
    assert {values.dtype for values in outcome.gradients.values()} <= {FLOATS[dtype]}
    weights = case.layer.weights(*case.shapes)
    assert {name for name in outcome.gradients if not name.startswith("dx")} == {f"d{name}" for name in weights}


@pytest.mark.parametrize("case", SMOOTH, ids=label)
def test_hand_derived_gradients_are_the_slopes_of_their_forward(case: Case) -> None:
    trial = case_trial(case, "float64", training=True)
    model = trial.model
    owner = model.graph(*model.input_shapes).nodes[0].owner
    weights = {f"{owner}.{name}": values for name, values in trial.state.items()}
    report = check_gradients(model, trial.inputs, weights=weights, backend="numpy")
    assert report.passed, str(report)
    trained = [trial.state[name] for name in case.layer.weights(*case.shapes)]
    computed_with = [x for x in trial.inputs if x.dtype.kind == "f"]
    assert sum(row.entries for row in report.rows) == sum(np.size(v) for v in (*computed_with, *trained))
