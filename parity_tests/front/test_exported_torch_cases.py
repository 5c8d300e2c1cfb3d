"""Every case of every layer as a plain nn.Module: the numbers of the torch engine, in both modes, gradients too."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from exported_torch import check
from torch import nn

from isograd.backends.torch_impl.layers import LAYERS
from isograd.core.graph.composite import Composite
from isograd.core.graph.custom import CustomLayer
from isograd.core.parity.cases import CASES, Case
from isograd.core.parity.suite import case_trial
from isograd.exporting.torch_lines import CARRIED_CLASSES, LINES, writer_of
from isograd.exporting.torch_modules import base_of, constructor

ALL = [
    pytest.param(case, id=f"{kind.__name__}: {case.why}")
    for kind, cases in CASES.items()
    if kind is not CustomLayer
    for case in cases
]
NODES = [
    (case.layer, [form.shape for form in case.forms])
    for kind, cases in CASES.items()
    if kind is not CustomLayer and not issubclass(kind, Composite)
    for case in cases
]


@pytest.mark.parametrize("case", ALL)
def test_an_exported_case_computes_what_the_torch_engine_computes(case: Case) -> None:
    trial = case_trial(case, "float64", training=False)
    (node,) = trial.model.graph(*trial.model.input_shapes).nodes
    inputs = trial.rounded_inputs() or (np.zeros(case.batch),)
    check(trial.model, {f"{node.name}.{name}": v for name, v in trial.state.items()}, inputs)


def test_what_makes_a_module_makes_the_same_module() -> None:
    for layer, shapes in NODES:
        with torch.device("meta"):
            made = LAYERS[type(layer)](layer, *shapes)
            kind = base_of(made)
            if kind is nn.Module:
                continue
            again = eval(constructor(made), {"nn": nn})
        plain = (int, float, str, tuple, bool)
        told, held = ({k: v for k, v in vars(m).items() if isinstance(v, plain)} for m in (again, made))
        assert told == {k: held[k] for k in told}, layer
        assert {k: v.shape for k, v in again.state_dict().items()} == {k: v.shape for k, v in made.state_dict().items()}


def test_every_module_of_the_engines_table_has_a_line_and_every_line_a_module() -> None:
    seen = set()
    for layer, shapes in NODES:
        with torch.device("meta"):
            made = LAYERS[type(layer)](layer, *shapes)
        assert writer_of(made) is not None, layer
        seen.add(type(made))
    assert set(LINES) | set(CARRIED_CLASSES) <= seen
