"""Formulas of the layers that turn whole numbers into vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Embedding, OneHot
from isograd.core.parity.formulas.table import formula


@formula(Embedding)
def embedding(spec: Embedding, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = W[x]; the padding row is read, but gets no gradient"""
    y = p["weight"][x[0]]
    if spec.padding_idx is None:
        return y
    return ops.where(x[0][..., None] == spec.padding_idx % len(p["weight"]), ops.stop_gradient(y), y)


@formula(OneHot)
def one_hot(spec: OneHot, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = I[x], rows of the identity"""
    return ops.constant(np.eye(spec.num_classes), run.dtype)[x[0]]
