"""What a learner remembers beside the weights, and whether a memory that is given is one of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from isograd.core.base.errors import WeightsError, shown
from isograd.core.base.types import Shape, State
from isograd.core.engine.carry import CARRIED, Carrying, carried_name
from isograd.core.engine.protocol import Network
from isograd.core.graph.weights import declared, floats, plain_array
from isograd.core.learning.optimizers import Optimizer

SQUARES = {  # slots that no gradient makes negative
    "acc_delta",
    "col_var",
    "eta",
    "exp_avg_sq",
    "exp_inf",
    "max_exp_avg_sq",
    "mu",
    "mu_product",
    "row_var",
    "square_avg",
    "step_size",
    "sum",
    "variance",
}


def largest_start(optimizer: Optimizer) -> float:
    """The largest entry of an optimizer's slots before the first step."""
    return max((start for _, start in optimizer.memory((1, 1)).values()), default=0.0)


def check_memory(
    where: str, memory: Mapping[str, Any], net: Network, optimizer: Optimizer, carrying: Carrying | None
) -> tuple[int, State]:
    """(step, arrays in the network's dtype) of a memory as `Learner.state_dict` gives it.

    WeightsError where it is no learner's of these, or a finite number leaves the floats.
    After a step each weight has all of its slots, before the first none has any. Carried states are all there or none.
    """
    step = _step(where, memory)
    weights, _ = declared(net.model)
    shapes: dict[str, Shape] = {}
    for path, weight in weights.items() if step else ():
        shapes |= {f"{name}/{path}": slot.shape for name, slot in optimizer.memory(weight.shape).items()}
    if carrying is not None and any(str(name).startswith(CARRIED) for name in memory):
        shapes |= {carried_name(k): shape for k, shape in enumerate(carrying.shapes)}
    missing, unexpected = [n for n in shapes if n not in memory], [n for n in memory if n not in shapes and n != "step"]
    if missing or unexpected:
        named = {"missing": missing, "unexpected": unexpected}
        got = "; ".join(f"{what} {', '.join(map(str, names))}" for what, names in named.items() if names)
        raise _error(where, ", ".join(["step", *shapes]), got)
    found: State = {}
    for name, shape in shapes.items():
        values = plain_array(memory[name], f"{where}: {name}", shape)
        own = values.shape[1:] if name.startswith(CARRIED) and values.ndim else values.shape
        if own != shape or values.dtype.kind not in "fiu":
            told = f"(N, {', '.join(map(str, shape))})" if name.startswith(CARRIED) else f"{shape}"
            raise _error(f"{where}: {name}", f"numbers of shape {told}", f"{values.dtype} of shape {values.shape}")
        if name.split("/")[0] in SQUARES and (values < 0).any():
            raise _error(f"{where}: {name}", "numbers of 0 or more", f"{values.min()}")
        found[name] = floats(values, net.dtype, f"{where}: {name}")
    return step, found


def _step(where: str, memory: Mapping[str, Any]) -> int:
    """The steps that were made."""
    if not isinstance(memory, Mapping):
        raise _error(where, "what state_dict() gave", type(memory).__name__)
    step = np.asarray(memory.get("step", "nothing"))
    if step.shape != () or step.dtype.kind not in "iu" or step < 0:
        raise _error(f"{where}: step", "a whole number of 0 or more", shown(memory.get("step")))
    return int(step)


def _error(where: str, wanted: str, got: str) -> WeightsError:
    return WeightsError(where, wanted=wanted, got=got, fix="give what state_dict() gave; nothing was changed")
