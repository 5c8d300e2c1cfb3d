"""Definitions of the layers over whole numbers and over time."""

from __future__ import annotations

from isograd.core import layers as core
from isograd.core.base.types import Arrays, Tree
from isograd.core.engine.context import Run
from isograd.core.parity.definitions.table import Index, defines


@defines(core.Embedding)
def embedding(spec: core.Embedding, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    return float(p["weight"][int(x[0][i[:-1]]), i[-1]])


@defines(core.OneHot)
def one_hot(spec: core.OneHot, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    return float(int(x[0][i[:-1]]) == i[-1])


@defines(core.LastStep)
def last_step(spec: core.LastStep, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    n, feature = i
    steps = int(x[1][n]) if len(x) > 1 else x[0].shape[1]
    return float(x[0][n, steps - 1, feature])
