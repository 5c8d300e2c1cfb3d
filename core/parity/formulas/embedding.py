"""Formulas of the layers that turn whole numbers into vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.arrays import Namespace
from isograd.core.layers import Embedding, OneHot
from isograd.core.parity.formulas.table import formula
from isograd.core.run import Run
from isograd.core.types import Tree


@formula(Embedding)
def embedding(spec: Embedding, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = W[x]; the padding row is read, but gets no gradient"""
    y = p["weight"][x[0]]
    return y if spec.padding_row is None else ops.where(x[0][..., None] == spec.padding_row, ops.stop_gradient(y), y)


@formula(OneHot)
def one_hot(spec: OneHot, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = I[x], rows of the identity"""
    return ops.constant(np.eye(spec.num_classes), run.dtype)[x[0]]
