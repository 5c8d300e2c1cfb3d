"""The formula of the layer that keeps the last step of a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import LastStep
from isograd.core.parity.formulas.table import formula


@formula(LastStep)
def last_step(spec: LastStep, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n] = x[n, lengths[n] − 1], or x[n, T − 1] where there are no lengths"""
    return x[0][np.arange(len(x[0])), x[1] - 1] if len(x) > 1 else x[0][:, -1]
