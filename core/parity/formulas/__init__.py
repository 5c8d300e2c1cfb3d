"""What each layer's forward is, written plainly against the array namespace, so that a record can differentiate it.

The witness of gradients: automatic differentiation of these lines is held against every hand-derived backward.
Nothing here is fast or shared with an engine; file names mirror `core/layers/`.

    formula(spec, ops, p, x, run) → y, or a tuple of outputs        p: weights and buffers by name, x: tuple of inputs
    loss formula (spec, ops, p, t) → one number, or for reduction="none" one each
"""

from __future__ import annotations

from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.graph.composite import Composite
from isograd.core.graph.custom import CustomLayer
from isograd.core.parity.formulas import (
    activations,
    attention,
    cells,
    combine,
    conv,
    dropout,
    embedding,
    linear,
    losses,
    norm,
    pool,
    recurrent,
    resize,
    sequence,
    shape,
)
from isograd.core.parity.formulas.table import FORMULAS, LOSS_FORMULAS

__all__ = [
    "FORMULAS",
    "LOSS_FORMULAS",
    "activations",
    "attention",
    "cells",
    "combine",
    "computed",
    "conv",
    "dropout",
    "embedding",
    "linear",
    "losses",
    "norm",
    "pool",
    "recurrent",
    "resize",
    "sequence",
    "shape",
]


def computed(layer: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> tuple[Any, ...]:
    """Every output of a layer by its formula; of a graph, node by node, shared weights being the same arrays."""
    if isinstance(layer, CustomLayer):
        return layer.compute(ops, x, p, layer.out_shapes(*(tuple(v.shape[1:]) for v in x)))
    if not isinstance(layer, Composite):
        y = FORMULAS[type(layer)](layer, ops, p, x, run)
        return y if isinstance(y, tuple) else (y,)
    graph = layer.graph(*(tuple(v.shape[1:]) for v in x))
    values: list[Any] = [*x, *[None] * (graph.slots - len(x))]
    for node in graph.nodes:
        inputs = tuple(values[k] for k in node.reads)
        outputs = computed(node.layer, ops, p.get(node.owner, {}), inputs, run.at(node.name))
        for slot, value in zip(node.writes, outputs, strict=True):
            values[slot] = value
    return tuple(values[slot] for slot in graph.outputs)
