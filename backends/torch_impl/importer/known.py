"""What an operation makes that no input of the module changes: it is computed when the module is imported."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, fx

SHAPE_ONLY = frozenset(
    ["new_zeros", "zeros_like", "new_ones", "ones_like", "full_like", "new_full", "new_empty", "empty_like"]
)
"""Operations that read of their tensor its shape and dtype alone."""


def still(value: Any) -> bool:
    """Whether what an operation makes has the same shape for every batch."""
    leaves = value if isinstance(value, (list, tuple)) else [value]
    return all(isinstance(v, Tensor) and all(isinstance(d, int) for d in v.shape) for v in leaves if v is not None)


def filled(node: fx.Node, base: str, value: Tensor) -> Tensor:
    number = 1 if "ones" in base else node.args[2 if base == "new_full" else 1] if "full" in base else 0
    return torch.full(tuple(value.shape), number, dtype=value.dtype)  # type: ignore[arg-type]


def draws(node: fx.Node) -> bool:
    """Whether an operation draws at random."""
    return torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())
