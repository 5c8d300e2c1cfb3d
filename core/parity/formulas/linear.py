"""The formula of the fully connected layer."""

from __future__ import annotations

from typing import Any

from isograd.core.arrays import Namespace
from isograd.core.layers import Linear
from isograd.core.parity.formulas.table import formula
from isograd.core.run import Run
from isograd.core.types import Tree


@formula(Linear)
def linear(spec: Linear, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x Wᵀ + b"""
    y = x[0] @ ops.permute_dims(p["weight"], (1, 0))
    return y + p["bias"] if spec.bias else y
