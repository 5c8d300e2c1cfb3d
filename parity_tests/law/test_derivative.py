"""The witness of gradients: formulas differentiated forward, held against the record, which differentiates backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from witnesses import by_record

import isograd as ig
from isograd.backends.numpy_impl.autodiff import Tensor, gradients
from isograd.backends.numpy_impl.namespace import RECORDING
from isograd.core.base.arrays import NUMPY, Namespace
from isograd.core.parity.cases import CASES, LOSS_CASES, Case, LossCase
from isograd.core.parity.derivative import SLOPES, SMOOTH, Moving, slope_of, still
from isograd.core.parity.formulas import LOSS_FORMULAS
from isograd.core.parity.loss_arrays import loss_arrays
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.stages.trial import Trial, run_trial
from isograd.core.parity.suite import case_trial
from isograd.core.parity.witness import Evaluated, weighed, wide

ALLOWED = TOLERANCE["node", "float64"]
SMALL = [case for cases in CASES.values() for case in cases if not case.large]
LOSSES = [case for cases in LOSS_CASES.values() for case in cases]


def label(case: Any) -> str:
    return f"{type(getattr(case, 'layer', None) or case.loss).__name__}: {case.why}"


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("case", SMALL, ids=label)
def test_a_formula_has_one_derivative_forward_and_backward(case: Case, training: bool) -> None:
    """Along the gradient's own signs, so that nothing cancels and every entry counts; kinks included."""
    trial = case_trial(case, "float64", training)
    formula, dys = Evaluated.of(trial), wide(trial.upstream())
    for name, gradient in by_record(trial).items():
        if name.startswith("d"):
            v = np.sign(gradient)
            slope = weighed(dys, [slope_of(y) for y in formula.at(name, SLOPES, lambda x, v=v: Moving(x, v))])  # type: ignore[misc]
            assert not difference(np.asarray(slope), np.asarray(np.abs(gradient).sum())).exceeds(ALLOWED), name


@pytest.mark.parametrize("case", LOSSES, ids=label)
def test_a_loss_has_one_derivative_forward_and_backward(case: LossCase) -> None:
    p, t = loss_arrays(case)
    formula = LOSS_FORMULAS[type(case.loss)]
    with np.errstate(all="ignore"):
        recorded = Tensor(p)
        y = formula(case.loss, RECORDING, recorded, t)
        (gradient,) = gradients(y, [recorded], np.ones_like(y.values))
        moved = formula(case.loss, SLOPES, Moving(p, np.sign(gradient)), t)
    slope, size = np.asarray(slope_of(moved).sum()), np.asarray(np.abs(gradient).sum())
    assert np.array_equal(still(moved), y.values)
    assert not difference(slope, size).exceeds(ALLOWED)


FUNCTIONS: dict[str, Callable[[Namespace, Any, Any], Any]] = {
    **{name: lambda ops, a, b, name=name: getattr(ops, name)(a) for name in SMOOTH},
    "atan2": lambda ops, a, b: ops.atan2(a, b) + ops.atan2(a, 1.0),
    "maximum": lambda ops, a, b: ops.maximum(a, b),
    "minimum": lambda ops, a, b: ops.minimum(a, 0.5),
    "clip": lambda ops, a, b: ops.clip(a, 0.5, 1.0),
    "where": lambda ops, a, b: ops.where(a > b, a, b),
    "max": lambda ops, a, b: ops.max(a, axis=(0, 2)),
    "max of all": lambda ops, a, b: ops.max(a, keepdims=True),
    "concat": lambda ops, a, b: ops.concat([a, b, np.ones((2, 3, 4))], axis=1),
    "stack": lambda ops, a, b: ops.stack([b, a], axis=1),
    "pad": lambda ops, a, b: ops.pad(a, ((1, 0), (0, 2), (1, 1)), value=3.0),
    "power": lambda ops, a, b: a**b + a**2 + 2**a + a**0,
    "divide": lambda ops, a, b: a / b + 1 / a + a / 3,
    "subtract": lambda ops, a, b: (1 - a) - (b - 2) + (-a),
    "matmul": lambda ops, a, b: a @ ops.swapaxes(b, 1, 2) + np.ones((3, 3)) @ (a @ np.ones((4, 3))),
    "broadcast": lambda ops, a, b: (
        ops.sum(a, axis=1, keepdims=True) * b + ops.mean(a) + ops.reshape(b, (3, 2, 4))[0, 1]
    ),
    "permuted": lambda ops, a, b: ops.permute_dims(a, (2, 0, 1)) * ops.broadcast_to(b[0, 0, 0], (4, 2, 3)),
    "stopped": lambda ops, a, b: ops.stop_gradient(a) * b + ops.zeros_like(a) + ops.ones_like(b) * ops.constant(2, a),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_moves_as_its_record_says_ties_and_ends_included(name: str) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.choice([0.25, 0.5, 1.0], (2, 3, 4)), rng.choice([0.5, 1.0], (2, 3, 4))
    v, w = rng.normal(size=(2, 2, 3, 4))
    function = FUNCTIONS[name]
    x, z = Tensor(a), Tensor(b)
    y = function(RECORDING, x, z)
    dy = rng.normal(size=y.shape)
    dx, dz = gradients(y, [x, z], dy)
    found = function(SLOPES, Moving(a, v), Moving(b, w))
    assert np.array_equal(found.value, function(NUMPY, a, b))
    slope = np.asarray(np.vdot(dy, found.slope))
    assert not difference(slope, np.asarray(np.vdot(dx, v) + np.vdot(dz, w))).exceeds(ALLOWED)


@pytest.mark.parametrize(
    ("layer", "at", "derivative"),
    [
        (ig.ReLU(), 0.0, 0.0),
        (ig.ReLU6(), 0.0, 0.0),
        (ig.ReLU6(), 6.0, 0.0),
        (ig.Hardtanh(min_val=-0.5, max_val=2.0), -0.5, 0.0),
        (ig.Hardtanh(min_val=-0.5, max_val=2.0), 2.0, 0.0),
        (ig.Hardsigmoid(), -3.0, 0.0),
        (ig.Hardsigmoid(), 3.0, 0.0),
        (ig.Hardsigmoid(), 1.0, 1 / 6),
        (ig.Hardswish(), -3.0, 0.0),
        (ig.Hardswish(), 3.0, 1.0),
        (ig.Hardswish(), 0.0, 0.5),
        (ig.LeakyReLU(negative_slope=0.3), 0.0, 0.3),
        (ig.PReLU(init=0.3), 0.0, 0.3),
        (ig.ELU(alpha=0.7), 0.0, 0.7),
        (ig.CELU(alpha=0.7), 0.0, 1.0),
        (ig.RReLU(lower=0.3, upper=0.3), 0.0, 0.3),
        (ig.Softsign(), 0.0, 1.0),
        (ig.Softshrink(2.0), 2.0, 0.0),
        (ig.Softshrink(2.0), -2.0, 0.0),
        (ig.Softshrink(0.0), 0.0, 0.0),
        (ig.Hardshrink(2.0), 2.0, 0.0),
        (ig.Hardshrink(2.0), -2.0, 0.0),
        (ig.Hardshrink(-2.0), 1.0, 1.0),
        (ig.Tanhshrink(), 0.0, 0.0),
        (ig.Threshold(2.0, 5.0), 2.0, 0.0),
        (ig.LogSigmoid(), 0.0, 0.5),
        (ig.SELU(), 0.0, 1.7580993408473766),
        (ig.Tanh(), 0.0, 1.0),
        (ig.Sigmoid(), 0.0, 0.25),
        (ig.SiLU(), 0.0, 0.5),
        (ig.Mish(), 0.0, 0.6),
        (ig.GELU(), 0.0, 0.5),
        (ig.Softplus(), 0.0, 0.5),
        (ig.Softplus(beta=2.0, threshold=0.0), 0.0, 0.5),
    ],
    ids=repr,
)
def test_at_a_kink_every_activation_has_its_documented_derivative(layer: Any, at: float, derivative: float) -> None:
    """By its formula, and in both engines."""
    x = np.full((1, 1), at)
    state = {name: weight.initial(np.random.default_rng(0)) for name, weight in layer.weights((1,)).items()}
    trial = Trial("at a kink", layer, (x,), state, "float64", True, given=(np.ones((1, 1)),))
    (y,) = Evaluated.of(trial).at("dx", SLOPES, lambda v: Moving(v, np.ones((1, 1))))
    found = [y.slope] + [run_trial(ig.get_backend(name), trial).gradients["dx"] for name in ("numpy", "torch")]
    wanted = np.full((1, 1), derivative)
    assert not [value for value in found if difference(value, wanted).exceeds(ALLOWED)]


def test_both_engines_have_the_documented_derivative_of_every_loss_where_prediction_and_target_are_equal() -> None:
    p = np.array([[0.0, 1.0]])
    for loss in (ig.L1Loss(), ig.HuberLoss(), ig.MSELoss()):
        for name in ("numpy", "torch"):
            assert not ig.get_backend(name).evaluate_loss(loss, p, p.copy(), np.ones(()))[1].any()  # type: ignore[attr-defined]
