"""A custom layer or loss is its own definition: the user's function, in whatever namespace is asked for."""

from __future__ import annotations

from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array, Tree
from isograd.core.engine.context import Run
from isograd.core.graph.custom import CustomLayer, CustomLoss
from isograd.core.parity.formulas.table import formula, loss_formula


@formula(CustomLayer)
def custom_layer(spec: CustomLayer, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = function(ops, *x, w, options)"""
    return spec.compute(ops, x, p, spec.out_shapes(*(tuple(v.shape[1:]) for v in x)))


@loss_formula(CustomLoss)
def custom_loss(spec: CustomLoss, ops: Namespace, p: Any, t: Array) -> Any:
    """L = function(ops, prediction, target, options)"""
    return spec.value(ops, p, t)
