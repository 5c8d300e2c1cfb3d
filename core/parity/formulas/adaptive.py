"""Formulas of pooling over a grid that adapts to the input's size, and over all places."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
    GlobalAvgPool,
)
from isograd.core.layers.adaptive import AdaptiveMaxPooling, AdaptivePooling
from isograd.core.parity.formulas.pool import averaged, largest
from isograd.core.parity.formulas.table import formula
from isograd.core.parity.formulas.windows import NOWHERE, combined, each


def adaptive(spec: AdaptivePooling, sizes: tuple[int, ...]) -> list[Array]:
    """Window q of an axis holds ⌊q·size/out⌋ … ⌈(q+1)·size/out⌉ − 1; shorter windows end NOWHERE."""
    tables = []
    for size, asked in zip(sizes, each(spec.output_size, len(sizes)), strict=True):
        out = size if asked is None else asked
        held = [list(range(q * size // out, ceil((q + 1) * size / out))) for q in range(out)]
        longest = max(map(len, held))
        tables.append(np.array([window + [NOWHERE] * (longest - len(window)) for window in held]))
    return tables


@formula(AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d)
def adaptive_max_pool(spec: AdaptiveMaxPooling, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,c,q] = max of window q"""
    return largest(ops, x[0], adaptive(spec, tuple(x[0].shape[2:])), spec.return_indices)


@formula(AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d)
def adaptive_avg_pool(spec: AdaptivePooling, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,c,q] = mean of window q"""
    sizes = tuple(x[0].shape[2:])
    tables = adaptive(spec, sizes)
    return averaged(ops, x[0], tables, (combined(tables, sizes) != NOWHERE).sum(1))


@formula(GlobalAvgPool)
def global_avg_pool(spec: GlobalAvgPool, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[n,c] = mean over every place"""
    return ops.mean(x[0], axis=tuple(range(2, x[0].ndim)))
