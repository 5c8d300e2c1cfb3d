"""Automatic differentiation as a witness: every hand-derived gradient is the derivative of a plain formula."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from mutants import mutants_of, planted

from isograd.backends.numpy_impl.autodiff import Tensor, gradients
from isograd.backends.numpy_impl.losses import LOSSES
from isograd.backends.numpy_impl.namespace import RECORDING
from isograd.backends.numpy_impl.operations import OPERATIONS
from isograd.backends.torch_impl.namespace import TENSORS
from isograd.core.custom import CustomLoss
from isograd.core.layers import Linear
from isograd.core.parity.cases import CASES, LOSS_CASES, Case, LossCase
from isograd.core.parity.formulas import LOSS_FORMULAS, computed
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.node import Trial, run_trial
from isograd.core.parity.pair import Pair
from isograd.core.parity.suite import case_trial, loss_arrays
from isograd.core.randomness import random_upstream
from isograd.core.run import Run
from isograd.core.tree import nest
from isograd.core.types import Array

LAYER_CASES = [case for cases in CASES.values() for case in cases]
LOSSES_WITH_FORMULAS = [case for kind, cases in LOSS_CASES.items() for case in cases if kind is not CustomLoss]
ALLOWED = TOLERANCE["node", "float64"]


def label(case: Case) -> str:
    return f"{type(case.layer).__name__}: {case.why}"


def run_of(trial: Trial) -> Run:
    model = trial.model
    return Run(trial.training, trial.seed, 0, model.graph(*model.input_shapes).nodes[0].name)


def by_record(trial: Trial) -> dict[str, Array]:
    """Outputs and gradients of the layer's formula, differentiated by the NumPy engine's own record."""
    x = [Tensor(value) if value.dtype.kind == "f" else value for value in trial.inputs]
    p = {name: Tensor(value) if name in weights_of(trial) else value for name, value in trial.state.items()}
    y = computed(trial.layer, RECORDING, nest(p), tuple(x), run_of(trial))
    sources = by_name(trial, x, p)
    found = gradients(y, list(sources.values()), trial.upstream())
    return outputs([value.values for value in y]) | dict(zip(sources, found, strict=True))


def by_autograd(trial: Trial) -> dict[str, Array]:
    """The same formula on tensors, differentiated by PyTorch."""
    x = [torch.tensor(value, requires_grad=value.dtype.kind == "f") for value in trial.inputs]
    p = {name: torch.tensor(value, requires_grad=name in weights_of(trial)) for name, value in trial.state.items()}
    y = computed(trial.layer, TENSORS, nest(p), tuple(x), run_of(trial))
    sources = by_name(trial, x, p)
    dy = [torch.from_numpy(given) for given in trial.upstream()]
    found = torch.autograd.grad(y, list(sources.values()), dy, allow_unused=True, materialize_grads=True)
    return outputs([value.detach().numpy() for value in y]) | {
        k: g.numpy() for k, g in zip(sources, found, strict=True)
    }


def weights_of(trial: Trial) -> list[str]:
    return list(trial.layer.weights(*(value.shape[1:] for value in trial.inputs)))


def outputs(y: Sequence[Array]) -> dict[str, Array]:
    return {f"output{k or ''}": value for k, value in enumerate(y)}


def by_name(trial: Trial, x: Sequence[Any], p: dict[str, Any]) -> dict[str, Any]:
    """What has a gradient (whole numbers have none), under the names that the parity engine gives the gradients."""
    floats = {f"dx{k or ''}": x[k] for k, value in enumerate(trial.inputs) if value.dtype.kind == "f"}
    return floats | {f"d{name}": p[name] for name in weights_of(trial)}


@pytest.mark.parametrize("witness", [by_record, by_autograd])
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("case", LAYER_CASES, ids=label)
def test_a_hand_derived_gradient_is_the_derivative_of_its_formula(
    pair: Pair, case: Case, training: bool, witness: Any
) -> None:
    trial = case_trial(case, "float64", training)
    outcome = run_trial(pair.left, trial)
    assert outcome.raised is None
    by_hand = {name: y for name, y in outcome.outputs.items() if not name.startswith("buffer")} | outcome.gradients
    wanted = witness(trial)
    assert set(by_hand) == set(wanted)
    found = {name: difference(values, wanted[name]) for name, values in by_hand.items()}
    wrong = [f"{name}: {gap.fault or gap.error} at {gap.index}" for name, gap in found.items() if gap.exceeds(ALLOWED)]
    assert not wrong, "\n".join(wrong)


def test_a_wrong_hand_derived_gradient_is_seen(pair: Pair) -> None:
    """The bias gradient of Linear forgotten, the input gradient's sign turned."""
    trial = case_trial(CASES[Linear][0], "float64", training=True)
    wanted = by_record(trial)
    seen = set()
    for mutant in mutants_of(OPERATIONS[Linear].__module__):
        with planted(mutant):
            found = run_trial(pair.left, trial).gradients
        seen |= {
            name for name in wanted if name[0] == "d" and difference(found.get(name), wanted[name]).exceeds(ALLOWED)
        }
    assert seen == {"dx", "dweight", "dbias"}


@pytest.mark.parametrize("case", LOSSES_WITH_FORMULAS, ids=lambda case: f"{type(case.loss).__name__}: {case.why}")
def test_a_losss_hand_derived_gradient_is_the_derivative_of_its_formula(case: LossCase) -> None:
    prediction, t = loss_arrays(case)
    value, backward = LOSSES[type(case.loss)](case.loss, prediction, t)
    dy = random_upstream(np.shape(value), 0, case.why, prediction.dtype)
    p, q = Tensor(prediction), torch.tensor(prediction, requires_grad=True)
    loss = LOSS_FORMULAS[type(case.loss)](case.loss, RECORDING, p, t)
    same = LOSS_FORMULAS[type(case.loss)](case.loss, TENSORS, q, t)
    assert not difference(np.asarray(value), loss.values).exceeds(ALLOWED)
    assert not difference(np.asarray(value), same.detach().numpy()).exceeds(ALLOWED)
    assert not difference(backward(dy), gradients(loss, [p], dy)[0]).exceeds(ALLOWED)
    assert not difference(backward(dy), torch.autograd.grad(same, q, torch.from_numpy(dy))[0].numpy()).exceeds(ALLOWED)
