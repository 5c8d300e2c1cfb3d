"""What the rules of optimizers and clipping make of a side's own gradients, in float64, and how far it is from that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from isograd.core.base.arrays import NUMPY
from isograd.core.base.types import Array, State
from isograd.core.parity.formulas import OPTIMIZER_FORMULAS
from isograd.core.parity.matching import Difference, difference, largest
from isograd.core.parity.pair import in_dtype
from isograd.core.parity.stages.training import Training

Rule = Callable[..., tuple[Any, dict[str, Any]]]
"""As the formula of an optimizer takes its arguments."""


class Stepped(Protocol):
    """One step of both sides from one state."""

    @property
    def training(self) -> Training: ...

    @property
    def dtype(self) -> str: ...

    @property
    def number(self) -> int: ...

    @property
    def before(self) -> State: ...

    @property
    def memory(self) -> State: ...

    @property
    def after(self) -> tuple[State, State]: ...

    @property
    def gradients(self) -> tuple[tuple[State, State], tuple[State, State]]:
        """(both sides' gradients, both sides' gradients clipped)"""


def by_formula(
    step: Stepped,
    weight: str,
    gradient: Array,
    entered: Callable[[Array], Array] = np.asarray,
    rule: Rule | None = None,
) -> State:
    """{path: the weight and its slots after the step} by the optimizer's formula in float64, or by another rule.

    Weight and slots are `entered` as they are, or by their sizes.
    """
    spec = step.training.optimizer.of_dtype(step.dtype)
    held = in_dtype(step.memory, "float64")
    slots = {k.split("/", 1)[0]: entered(v) for k, v in held.items() if k.endswith(f"/{weight}")}
    w, g = entered(np.asarray(step.before[weight], np.float64)), np.asarray(gradient, np.float64)
    new_w, new = (rule or OPTIMIZER_FORMULAS[type(spec)])(spec, NUMPY, spec.lr, step.number, w, g, slots)
    return {weight: new_w} | {f"{slot}/{weight}": values for slot, values in new.items()}


def beside(step: Stepped, side: int, path: str, ruled: State) -> Difference:
    """How far a side's weight or slot is from what rules make of its own gradients.

    A share of what was added up: of a weight and its step, of a slot and its gradient, each without its sign.
    """
    weight, after = path.split("/", 1)[-1], step.after[side]
    if path == weight:
        added = largest(step.before[path]) + largest(after[path] - step.before[path])
    else:
        sizes = by_formula(step, weight, np.abs(step.gradients[1][side][weight]), np.abs)
        added = largest(sizes[path])
    return difference(after[path], np.asarray(ruled[path]).astype(after[path].dtype), added=added)
