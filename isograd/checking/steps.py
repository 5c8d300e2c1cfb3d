"""The rule of an optimizer, and rules that it is confused with: each a step (weights, gradients, rate) ↦ weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from isograd.core.base.arrays import NUMPY
from isograd.core.base.types import Array
from isograd.core.learning.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from isograd.core.parity.formulas import OPTIMIZER_FORMULAS

Weights = dict[str, Array]
Step = Callable[[Weights, Weights, float], Weights]
Rule = Callable[[], Step]
Formula = Callable[..., tuple[Any, Mapping[str, Any]]]


def right_rule(optimizer: Optimizer) -> Rule:
    """As the optimizer's formula says."""
    return ruled(optimizer, OPTIMIZER_FORMULAS[type(optimizer)])


def ruled(
    optimizer: Optimizer, formula: Formula, *, at: Callable[[int, int], int] = lambda t, k: t, forgets: bool = False
) -> Rule:
    """A formula as a rule; `at(t, k)`: the step that it is told in step t of weight k of two."""

    def begun() -> Step:
        count = 0
        slots: dict[str, Mapping[str, Any]] = {}

        def step(weights: Weights, gradients: Weights, lr: float) -> Weights:
            nonlocal count
            count += 1
            new = {}
            for k, (name, w) in enumerate(weights.items()):
                held = {} if forgets else slots.get(name, {})
                t = at(1 if forgets else count, k if len(weights) > 1 else -1)
                new[name], slots[name] = formula(optimizer, NUMPY, lr, t, w, gradients[name], held)
            return new

        return step

    return begun


def other_rules(optimizer: Optimizer) -> Iterator[tuple[str, Rule]]:
    """(in words, the rule) of everything that this optimizer is known to be confused with."""
    formula = OPTIMIZER_FORMULAS[type(optimizer)]

    def of(**options: Any) -> Rule:
        return right_rule(replace(optimizer, **options))

    yield "the step goes uphill: the sign is wrong", of(maximize=not optimizer.maximize)
    if isinstance(optimizer, SGD):
        yield from _of_momentum(optimizer, of)
    if isinstance(optimizer, (Adam, AdamW)):
        yield from _of_adam(optimizer, formula, of)
    if isinstance(optimizer, RMSprop) and not optimizer.centered and not optimizer.momentum:
        yield "ε stands inside the root: it belongs outside", ruled(optimizer, _rmsprop_inside)
        yield "the mean square is a sum: nothing fades", ruled(optimizer, _rmsprop_summed)
    decay: float = getattr(optimizer, "weight_decay", 0.0)
    if decay:
        yield "weight decay is left out", of(weight_decay=0.0)
        yield "weight decay is subtracted: it belongs added to the gradient", of(weight_decay=-decay)
    yield "nothing is remembered: every step is a first one", ruled(optimizer, formula, forgets=True)


def _of_momentum(optimizer: SGD, of: Callable[..., Rule]) -> Iterator[tuple[str, Rule]]:
    if not optimizer.momentum:
        return
    yield "momentum is left out", of(momentum=0.0, nesterov=False, dampening=0.0)
    other = "step" if optimizer.velocity == "gradient" else "gradient"
    inside = "inside the velocity, it belongs outside" if other == "step" else "outside the velocity, it belongs inside"
    yield f"the rate stands {inside}: they differ once it changes (velocity={other!r})", of(velocity=other)
    if not optimizer.dampening:
        words = f"Nesterov's look ahead is {'left out' if optimizer.nesterov else 'there, and was not asked for'}"
        yield words, of(nesterov=not optimizer.nesterov)
        if not optimizer.nesterov:
            words = "the gradient enters the velocity as (1 − momentum)·g: it belongs whole"
            yield words, ruled(optimizer, _averaged_momentum)


def _of_adam(optimizer: Any, formula: Formula, of: Callable[..., Rule]) -> Iterator[tuple[str, Rule]]:
    never = ruled(optimizer, formula, at=lambda t, k: 10**9)
    yield "the bias correction is left out: m and v start from 0 and are too small at first", never
    yield (
        "the bias correction is always that of the first step: t is not counted",
        ruled(optimizer, formula, at=lambda t, k: 1),
    )
    yield "the bias correction is one step ahead: t is counted from 1", ruled(optimizer, formula, at=lambda t, k: t + 1)
    counted = ruled(optimizer, formula, at=lambda t, k: t if k < 0 else 2 * t - 1 + k)
    yield "the steps are counted once for every weight: with two, t grows by two a step", counted
    yield "β₁ and β₂ are exchanged", of(betas=optimizer.betas[::-1])
    if not optimizer.weight_decay and not optimizer.amsgrad:
        yield "ε stands inside the root: it belongs outside", ruled(optimizer, _adam_with(_inside))
        words = "ε is added before the bias correction: it belongs behind it"
        yield words, ruled(optimizer, _adam_with(_before))
        yield "the root of v is left out", ruled(optimizer, _adam_with(_no_root))
        yield "only m is corrected, v is not", ruled(optimizer, _adam_with(_half))
    if optimizer.weight_decay:
        other = Adam if isinstance(optimizer, AdamW) else AdamW
        words = "weight decay enters the gradient: it belongs beside the step (decoupled)"
        words = words if other is Adam else "weight decay stands beside the step: it belongs into the gradient"
        options = {n: getattr(optimizer, n) for n in ("lr", "betas", "eps", "weight_decay", "amsgrad", "maximize")}
        yield words, right_rule(other(**options))


def _averaged_momentum(
    spec: Any, ops: Any, lr: float, t: int, w: Any, g: Any, slots: Mapping[str, Any]
) -> tuple[Any, Mapping[str, Any]]:
    g = (-g if spec.maximize else g) + spec.weight_decay * w
    v = spec.momentum * slots.get("v", 0.0) + (1 - spec.momentum) * g
    return w - lr * v, {"v": v}


def _rmsprop_inside(
    spec: Any, ops: Any, lr: float, t: int, w: Any, g: Any, slots: Mapping[str, Any]
) -> tuple[Any, Mapping[str, Any]]:
    s = spec.alpha * slots.get("s", 0.0) + (1 - spec.alpha) * g**2
    return w - lr * g / np.sqrt(s + spec.eps), {"s": s}


def _rmsprop_summed(
    spec: Any, ops: Any, lr: float, t: int, w: Any, g: Any, slots: Mapping[str, Any]
) -> tuple[Any, Mapping[str, Any]]:
    s = slots.get("s", 0.0) + g**2
    return w - lr * g / (np.sqrt(s) + spec.eps), {"s": s}


def _adam_with(moved: Callable[[Any, Any, Any, float, float], Any]) -> Formula:
    """Adam, its step made by `moved(spec, m, v, 1 − β₁ᵗ, 1 − β₂ᵗ)`."""

    def formula(
        spec: Any, ops: Any, lr: float, t: int, w: Any, g: Any, slots: Mapping[str, Any]
    ) -> tuple[Any, Mapping[str, Any]]:
        b1, b2 = spec.betas
        m = b1 * slots.get("m", 0.0) + (1 - b1) * g
        v = b2 * slots.get("v", 0.0) + (1 - b2) * g**2
        return w - lr * moved(spec, m, v, 1 - b1**t, 1 - b2**t), {"m": m, "v": v}

    return formula


def _inside(spec: Any, m: Any, v: Any, c1: float, c2: float) -> Any:
    return m / c1 / np.sqrt(v / c2 + spec.eps)


def _before(spec: Any, m: Any, v: Any, c1: float, c2: float) -> Any:
    return np.sqrt(c2) / c1 * m / (np.sqrt(v) + spec.eps)


def _no_root(spec: Any, m: Any, v: Any, c1: float, c2: float) -> Any:
    return m / c1 / (v / c2 + spec.eps)


def _half(spec: Any, m: Any, v: Any, c1: float, c2: float) -> Any:
    return m / c1 / (np.sqrt(v) + spec.eps)
