"""The formula of padding any axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Pad
from isograd.core.parity.formulas.axes import taken
from isograd.core.parity.formulas.table import formula
from isograd.core.parity.formulas.windows import padded_by


@formula(Pad)
def pad(spec: Pad, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Axis by axis, the last one first: places −before … size + after − 1, and what stands there"""
    (y,) = x
    for k in range(len(spec.padding) // 2):
        before, after = spec.padding[2 * k : 2 * k + 2]
        axis = y.ndim - 1 - k
        size = y.shape[axis]
        places = np.arange(-before, size + after)
        if spec.mode != "constant":
            y = taken(y, axis, padded_by(spec.mode, places, size))
            continue
        widths = [(0, 0)] * y.ndim
        widths[axis] = (max(before, 0), max(after, 0))
        y = ops.pad(taken(y, axis, places[(places >= 0) & (places < size)]), widths, value=spec.value)
    return y
