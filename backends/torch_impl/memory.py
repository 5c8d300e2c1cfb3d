"""What an optimizer of torch.optim remembers, as arrays weight by weight, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, optim

from isograd.core.base.types import Array, State
from isograd.core.learning.optimizers import Optimizer, Slot

Memory = Mapping[str, Mapping[str, Slot]]
"""{weight path: {slot: its shape and start}}"""
PAIRS, VECTORS = ("old_dirs", "old_stps"), ("d", "prev_flat_grad")


def taken(
    rule: Optimizer, optimizer: optim.Optimizer | None, params: Sequence[Tensor], memory: Memory, dtype: Any
) -> State:
    """Copies of {"slot/weight path": array}; what no gradient has reached is as it was in the beginning."""
    if rule.searches:
        return _vectors(optimizer, memory, dtype)
    held: Mapping[Tensor, Any] = optimizer.state if optimizer is not None else {}
    found: State = {}
    for (path, slots), p in zip(memory.items(), params, strict=True):
        for name, (shape, start) in slots.items():
            value = held.get(p, {}).get(name)
            found[f"{name}/{path}"] = np.full(shape, start, dtype) if value is None else _array(value).copy()
    return found


def put(
    rule: Optimizer,
    optimizer: optim.Optimizer,
    params: Sequence[Tensor],
    memory: Memory,
    state: Mapping[str, Array],
    step: int,
) -> None:
    """The inverse of `taken`, after so many steps, into an optimizer without memory."""
    if rule.searches:
        _put_vectors(optimizer, memory, state)
        return
    counts = {} if isinstance(optimizer, optim.SGD) else {"step": torch.tensor(float(step))}
    for (path, names), p in zip(memory.items(), params, strict=True):
        given = {name: np.array(state[f"{name}/{path}"], order="C") for name in names}
        slots = {name: laid_out_as(p, values) for name, values in given.items()}
        if slots:
            optimizer.state[p] = {**{name: count.clone() for name, count in counts.items()}, **slots}


def _vectors(optimizer: optim.Optimizer | None, memory: Memory, dtype: Any) -> State:
    """{"slot/weight path": array} of what the optimizer keeps, of all weights as one vector, with the first of them."""
    held: Mapping[str, Any] = next(iter(optimizer.state.values()), {}) if optimizer is not None else {}
    numbers = {"t": held.get("t") or 0, "n_iter": held.get("n_iter", 0), "pairs": len(held.get("old_dirs") or ())}
    found: State = {}
    start = 0
    for path, slots in memory.items():
        stop = start + int(np.prod(slots["d"].shape))
        for name, slot in slots.items():
            values = np.full(slot.shape, numbers.get(name, 0.0), dtype)
            if name in VECTORS and held.get(name) is not None:
                values[...] = _array(held[name][start:stop]).reshape(slot.shape)
            for k, row in enumerate(held.get(name) or () if name in PAIRS else ()):
                values[k] = _array(row[start:stop]).reshape(slot.shape[1:])
            found[f"{name}/{path}"] = values
        start = stop
    return found


def _put_vectors(optimizer: optim.Optimizer, memory: Memory, state: Mapping[str, Array]) -> None:
    """The inverse of `_vectors`, into an optimizer without memory."""
    paths, (first, *_) = list(memory), optimizer.param_groups[0]["params"]
    n_iter, count = (int(state[f"{name}/{paths[0]}"]) for name in ("n_iter", "pairs"))

    def vector(name: str, row: Any = ...) -> Tensor:
        parts = [np.asarray(state[f"{name}/{path}"][row]).reshape(-1) for path in paths]
        return torch.tensor(np.concatenate(parts), dtype=first.dtype, device=first.device)

    held: dict[str, Any] = {"func_evals": 0, "n_iter": n_iter}
    if n_iter:
        pairs = {name: [vector(name, k) for k in range(count)] for name in PAIRS}
        products = [y.dot(step) for y, step in zip(*pairs.values(), strict=True)]
        newest = pairs["old_dirs"][-1] if count else None
        held |= {**{name: vector(name) for name in VECTORS}, **pairs, "ro": [1.0 / ys for ys in products]}
        held |= {"t": float(state[f"t/{paths[0]}"]), "prev_loss": None}
        held["H_diag"] = 1 if newest is None else products[-1] / newest.dot(newest)
    optimizer.state[first] = held


@torch.no_grad()
def laid_out_as(p: torch.Tensor, values: Array) -> torch.Tensor:
    """The values in p's dtype, and in memory as p lies: fused optimizers read both side by side.

    Those of another shape lie in order.
    """
    if values.shape != p.shape:
        return torch.tensor(values, dtype=p.dtype, device=p.device)
    return torch.empty_like(p).copy_(torch.from_numpy(values))


def _array(values: Tensor) -> Array:
    found: Array = values.detach().cpu().numpy()
    return found
