"""Cases of custom layers and losses: functions as users write them."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.description import Description
from isograd.core.base.initializers import Constant
from isograd.core.graph.custom import CustomLayer, CustomLoss
from isograd.core.graph.custom_decorator import custom
from isograd.core.parity.cases.kinds import Case, LossCase


@custom
def case_swish(ops: Any, x: Any, *, beta: float = 1.0) -> Any:
    """y = x σ(βx)"""
    return x * ops.sigmoid(beta * x)


@custom(weights=lambda x: {"scale": x[-1:]})
def case_rms_norm(ops: Any, x: Any, w: Any, *, eps: float = 1e-6) -> Any:
    """y = scale ⊙ x / √(mean x² + ε)"""
    return x / ops.sqrt(ops.mean(x * x, axis=-1, keepdims=True) + eps) * w["scale"]


@custom(weights=lambda a, b, *, out: {"weight": (out, a[-1], b[-1]), "bias": (out,)})
def case_bilinear(ops: Any, a: Any, b: Any, w: Any, *, out: int) -> Any:
    """y[n,o] = aₙ W_o bₙ + bias_o"""
    left = ops.swapaxes(a @ w["weight"], 0, 1)  # (out, n, i) → (n, out, i)
    return ops.sum(left * b[:, None], axis=-1) + w["bias"]


@custom(weights=lambda x: {"slope": ()}, init={"slope": Constant(0.25)})
def case_two_ways(ops: Any, x: Any, w: Any) -> Any:
    """(max(x, slope·x), mean x): two outputs, the weight used twice"""
    return ops.maximum(x, w["slope"] * x), ops.mean(x, axis=1) * w["slope"]


@custom(weights=lambda words, x, *, rows: {"table": (rows, x[-1])}, integers={"words": 4})
def case_shifted(ops: Any, words: Any, x: Any, w: Any, *, rows: int = 4) -> Any:
    """y[n] = x[n] + table[wordsₙ]"""
    return x + w["table"][words]


@custom(kind="loss")
def case_log_cosh(ops: Any, prediction: Any, target: Any, *, scale: float = 1.0) -> Any:
    """L = mean log cosh(scale·e),   e = p − t"""
    e = ops.abs(prediction - target) * scale
    return ops.mean(e + ops.log1p(ops.exp(-2 * e))) - 0.6931471805599453


@custom(kind="class loss")
def case_focal(ops: Any, prediction: Any, target: Any, *, gamma: float = 2.0) -> Any:
    """L = −mean (1 − pₜ)^γ log pₜ,   p = softmax"""
    z = prediction - ops.max(prediction, axis=1, keepdims=True)
    logp = z - ops.log(ops.sum(ops.exp(z), axis=1, keepdims=True))
    chosen = logp[np.arange(len(target)), target]
    return -ops.mean((1 - ops.exp(chosen)) ** gamma * chosen)


CASES: dict[type[Description], list[Case]] = {
    CustomLayer: [
        Case(case_swish(beta=2.0), ((3, 4),), "elementwise, an option that shows"),
        Case(case_rms_norm(), ((6,),), "a weight"),
        Case(case_bilinear(out=3), ((2,), (4,)), "two inputs, weights whose shape an option sets"),
        Case(case_two_ways(), ((5,),), "two outputs"),
        Case(case_shifted(), ((), (3,)), "whole numbers beside floats: no dx for the first", batch=5),
    ]
}
LOSS_CASES: dict[type[Description], list[LossCase]] = {
    CustomLoss: [
        LossCase(case_log_cosh(scale=1.5), (5, 3), "values", "an option that shows"),
        LossCase(case_focal(), (5, 3), "labels", "class indices"),
    ]
}
