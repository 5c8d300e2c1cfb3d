"""The formulas of the fully connected layer, and of that of two inputs."""

from __future__ import annotations

from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Bilinear, Linear
from isograd.core.parity.formulas.table import formula


@formula(Linear)
def linear(spec: Linear, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x Wᵀ + b"""
    y = x[0] @ ops.permute_dims(p["weight"], (1, 0))
    return y + p["bias"] if spec.bias else y


@formula(Bilinear)
def bilinear(spec: Bilinear, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[o] = x1ᵀ W[o] x2 + b[o], output by output"""
    a, b = x
    y = ops.stack([ops.sum(a @ p["weight"][o] * b, axis=-1) for o in range(spec.out_features)], axis=a.ndim - 1)
    return y + p["bias"] if spec.bias else y
