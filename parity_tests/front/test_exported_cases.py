"""Every case of every layer, exported to NumPy: the same bits as the engine's, forward and backward, in both modes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from exported_helpers import opened, same

import isograd as ig
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import FLOATS
from isograd.core.graph.custom import CustomLayer
from isograd.core.parity.cases import CASES
from isograd.core.parity.cases.kinds import Case
from isograd.core.parity.suite import case_trial
from isograd.exporting.carried.selftest import MODES, measured

CARRIED = [
    pytest.param(case, id=f"{kind.__name__}: {case.why}")
    for kind, cases in CASES.items()
    if not issubclass(kind, CustomLayer)
    for case in cases
]


def model_of(case: Case) -> tuple[ig.Model, dict[str, Any]]:
    """The case's layer as the one node of a model, and the names of its weights there."""
    ends = [ig.Input.of(form, name=f"x{k}") for k, form in enumerate(case.forms)]
    y = case.layer(*ends)
    model = ig.Model(inputs=ends, outputs=y, kept=ends)
    return model, {}


@pytest.mark.parametrize("case", CARRIED)
def test_a_case_is_computed_bit_for_bit(case: Case) -> None:
    trial = case_trial(case, "float32", training=True)
    ends = [ig.Input.of(form, name=f"x{k}") for k, form in enumerate(case.forms)]
    model = ig.Model(inputs=ends, outputs=case.layer(*ends), kept=ends)
    owner = model.graph(*model.input_shapes).nodes[0].owner
    weights = {f"{owner}.{name}": v.astype("float32") if v.dtype.kind == "f" else v for name, v in trial.state.items()}
    inputs = tuple(map(np.asarray, trial.inputs, model.input_dtypes(FLOATS["float32"])))
    net = ig.build(model, backend="numpy", seed=3, dtype="float32")
    net.load_state_dict(weights)
    with opened(model, net.state_dict(), inputs, "float32", seed=3) as (_, exported):
        for mode in MODES:
            y = net.forward(*inputs, training=mode == "training")
            outputs = y if isinstance(y, tuple) else (y,)
            dys = tuple(random_upstream(v.shape, 0, f"{k}", FLOATS["float32"]) for k, v in enumerate(outputs))
            assert not same(measured(exported, inputs, dys, mode), measured(net, inputs, dys, mode))
