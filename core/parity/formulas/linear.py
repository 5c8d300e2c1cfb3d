"""The formula of the fully connected layer."""

from __future__ import annotations

from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Linear
from isograd.core.parity.formulas.table import formula


@formula(Linear)
def linear(spec: Linear, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x Wᵀ + b"""
    y = x[0] @ ops.permute_dims(p["weight"], (1, 0))
    return y + p["bias"] if spec.bias else y
