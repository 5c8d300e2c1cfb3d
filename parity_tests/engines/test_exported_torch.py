"""Exported nn.Modules: every case as a source of its own, run where there is no isograd, against the torch engine."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import isograd as ig
from isograd.backends.torch_impl.randomness import generators, seeded
from isograd.core.base.types import Array
from isograd.core.graph.composite import Composite
from isograd.core.graph.custom import CustomLayer
from isograd.core.parity.cases import CASES, Case
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.suite import case_trial
from isograd.exporting.torch_carried import with_imports
from isograd.exporting.torch_source import module_source

ALL = [case for kind, cases in CASES.items() if kind is not CustomLayer for case in cases]


def without_isograd(name: str, *rest: Any) -> Any:
    assert name.split(".")[0] != "isograd", f"the source imports {name}"
    return builtins.__import__(name, *rest)


def exported(model: Composite) -> nn.Module:
    """The module of the source, made where isograd cannot be imported."""
    source = with_imports(module_source(model, "Exported"))
    names: dict[str, Any] = {"__name__": "exported", "__builtins__": vars(builtins) | {"__import__": without_isograd}}
    exec(compile(source, "exported.py", "exec"), names)
    module: nn.Module = names["Exported"]()
    module.source = source  # type: ignore[assignment]
    return module


def numbers_of(
    module: nn.Module, state: Mapping[str, Tensor], inputs: tuple[Array, ...], training: bool
) -> dict[str, Array]:
    """{name: array} of the outputs, the gradients for random dy, and the buffers as they are afterwards."""
    module.train(training)
    x = [torch.from_numpy(np.array(values)) for values in inputs]
    for values in x:
        values.requires_grad_(values.is_floating_point())
    with seeded(generators(torch.device("cpu")), 0, 0):
        y = module(*x)
    outputs = y if isinstance(y, tuple) else (y,)
    rng = np.random.default_rng(0)
    live = [v for v in outputs if v.requires_grad]
    dys = [torch.from_numpy(rng.uniform(0.5, 1.5, v.shape)).to(v.dtype) for v in live]
    ends = {f"x{k}": v for k, v in enumerate(x) if v.requires_grad} | {
        k: v for k, v in state.items() if v.requires_grad
    }
    found = {f"y{k}": v.detach().numpy().copy() for k, v in enumerate(outputs)}
    if live and ends:
        grads = torch.autograd.grad(live, [*ends.values()], dys, allow_unused=True, materialize_grads=True)
        found |= {f"d {name}": g.numpy() for name, g in zip(ends, grads, strict=True)}
    return found | {name: v.detach().numpy().copy() for name, v in state.items() if name not in ends}


def check(model: Composite, weights: Mapping[str, Array], inputs: tuple[Array, ...], dtype: str) -> nn.Module:
    """The names of the state, and in both modes all numbers, against the torch engine's."""
    module = exported(model).to(getattr(torch, dtype))
    for training in (False, True):
        net: Any = ig.build(model, weights, backend="torch", dtype=dtype)
        tensors = {name: torch.from_numpy(v) for name, v in net.state_dict().items()}
        module.load_state_dict(tensors, strict=True)
        state = dict(module.named_parameters(remove_duplicate=False)) | dict(
            module.named_buffers(remove_duplicate=False)
        )
        given = tuple(v.numpy() for v in net.tensors(inputs))
        theirs = numbers_of(net.module, net.weights, given, training)
        mine = numbers_of(module, {name: state[name] for name in net.weights}, given, training)
        assert mine.keys() == theirs.keys()
        for name, values in theirs.items():
            found = difference(mine[name], values)
            assert not found.exceeds(TOLERANCE["node", dtype]), (name, found, training)
    return module


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{type(case.layer).__name__}: {case.why}")
def test_an_exported_case_computes_what_the_torch_engine_computes(case: Case, dtype: str) -> None:
    trial = case_trial(case, dtype, training=False)
    (node,) = trial.model.graph(*trial.model.input_shapes).nodes
    inputs = trial.rounded_inputs() or (np.zeros(case.batch, dtype),)
    check(trial.model, {f"{node.name}.{name}": v for name, v in trial.state.items()}, inputs, dtype)
