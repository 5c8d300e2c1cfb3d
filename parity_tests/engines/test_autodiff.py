"""Automatic differentiation as a witness: every hand-derived gradient is the derivative of a plain formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from mutants import engine_with, mutants_of
from witnesses import by_autograd, by_record

from isograd.backends.numpy_impl.autodiff import Tensor, gradients
from isograd.backends.numpy_impl.losses import LOSSES
from isograd.backends.numpy_impl.namespace import RECORDING
from isograd.backends.numpy_impl.operations import OPERATIONS
from isograd.backends.torch_impl.namespace import TENSORS
from isograd.core.base.randomness import random_upstream
from isograd.core.graph.custom import CustomLoss
from isograd.core.layers import Linear
from isograd.core.parity.cases import CASES, LOSS_CASES, Case, LossCase
from isograd.core.parity.formulas import LOSS_FORMULAS
from isograd.core.parity.loss_arrays import loss_arrays
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.trial import run_trial
from isograd.core.parity.suite import case_trial

LAYER_CASES = [case for cases in CASES.values() for case in cases]
LOSSES_WITH_FORMULAS = [case for kind, cases in LOSS_CASES.items() for case in cases if kind is not CustomLoss]
ALLOWED = TOLERANCE["node", "float64"]


def label(case: Case) -> str:
    return f"{type(case.layer).__name__}: {case.why}"


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
        found = run_trial(engine_with(mutant), trial).gradients
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
