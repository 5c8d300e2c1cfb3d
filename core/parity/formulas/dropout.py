"""The formula of dropout, with the mask that the run gives."""

from __future__ import annotations

from typing import Any

from isograd.core.arrays import Namespace
from isograd.core.layers import Dropout, Dropout2d
from isograd.core.parity.formulas.table import formula
from isograd.core.run import Run
from isograd.core.types import Tree


@formula(Dropout, Dropout2d)
def dropout(spec: Dropout, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Training: y = x where u ≥ p, else 0; /(1 − p) for scale="training". Evaluation: y = x, or x·(1 − p)"""
    keep = 1 - spec.p
    if not run.training:
        return x[0] * keep if spec.scale == "inference" else x[0]
    if keep == 0:
        return 0 * x[0]
    u = run.random((len(x[0]), *spec.mask_shape(tuple(x[0].shape[1:]))))
    return ops.where(u >= spec.p, x[0] / keep if spec.scale == "training" else x[0], 0.0)
