"""Every case of every layer, exported to NumPy: the same bits as the engine's, forward and backward, in both modes."""

from __future__ import annotations

import numpy as np
import pytest
from exported_helpers import opened, same

import isograd as ig
from isograd.core.base.types import FLOATS
from isograd.core.graph.custom import CustomLayer
from isograd.core.parity.cases import CASES
from isograd.core.parity.cases.kinds import Case
from isograd.core.parity.suite import case_trial
from isograd.exporting.carried.selftest import MODES
from isograd.exporting.example import Example

CARRIED = [
    pytest.param(case, id=f"{kind.__name__}: {case.why}")
    for kind, cases in CASES.items()
    if not issubclass(kind, CustomLayer)
    for case in cases
]


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
    example = Example(model, net.state_dict(), inputs, "float32")
    with opened(model, net.state_dict(), inputs, "float32", seed=3) as (_, exported):
        assert not same(example.by(exported, MODES), example.by(net, MODES))
