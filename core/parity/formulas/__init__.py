"""What each layer, loss, optimizer and clipping *is*, written plainly against the array namespace: the one definition.

The witness of every comparison: evaluated in float64 on plain arrays it says who is wrong about an output, its
derivative along a direction (core/parity/derivative.py) who is wrong about a gradient. Nothing here is fast or shared
with an engine, windows and shapes included; file names mirror `core/layers/`.

    formula(spec, ops, p, x, run) → y, or a tuple of outputs        p: weights and buffers by name, x: tuple of inputs
    buffer formula (spec, ops, p, x, run) → {name: the buffer after a run in training}
    terms formula (spec, ops, p, x, run, dy) → {"output", "dx": the size of the terms that it adds up, entry by entry}
    loss formula (spec, ops, p, t) → one number, or for reduction="none" one each
    optimizer formula (spec, ops, lr, t, w, g, slots) → (new w, new slots); clipping formula (spec, ops, grads) → grads
    schedule formula (spec, lr, t, total) → the rate at position t
"""

from __future__ import annotations

from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.tree import below, flatten, nest, overlaid
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.graph.composite import Composite
from isograd.core.graph.model import Model
from isograd.core.parity.formulas import (
    activations,
    adaptive,
    attention,
    axes,
    cells,
    columns,
    combine,
    constants,
    conv,
    custom,
    dropout,
    einsum,
    elementwise,
    embedding,
    indexing,
    likelihoods,
    linear,
    losses,
    margins,
    norm,
    optimizers,
    ordering,
    padding,
    pairs,
    pool,
    recurrent,
    reductions,
    resize,
    schedules,
    sequence,
    shape,
    shrinking,
    shuffle,
    similarity,
    slices,
    unpool,
    weighted,
)
from isograd.core.parity.formulas.table import (
    BUFFER_FORMULAS,
    CLIPPING_FORMULAS,
    FORMULAS,
    LOSS_FORMULAS,
    OPTIMIZER_FORMULAS,
    SCHEDULE_FORMULAS,
    TERMS_FORMULAS,
)

__all__ = [
    "BUFFER_FORMULAS",
    "CLIPPING_FORMULAS",
    "FORMULAS",
    "LOSS_FORMULAS",
    "OPTIMIZER_FORMULAS",
    "SCHEDULE_FORMULAS",
    "TERMS_FORMULAS",
    "activations",
    "adaptive",
    "attention",
    "axes",
    "cells",
    "columns",
    "combine",
    "computed",
    "constants",
    "conv",
    "custom",
    "dropout",
    "einsum",
    "elementwise",
    "embedding",
    "evaluated",
    "indexing",
    "likelihoods",
    "linear",
    "losses",
    "margins",
    "norm",
    "optimizers",
    "ordering",
    "padding",
    "pairs",
    "pool",
    "recurrent",
    "reductions",
    "resize",
    "schedules",
    "sequence",
    "shape",
    "shrinking",
    "shuffle",
    "similarity",
    "slices",
    "unpool",
    "weighted",
]

Seen = dict[str, tuple[Any, ...]]
"""{node path: its outputs}"""


def computed(layer: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> tuple[Any, ...]:
    """Every output of a layer by its formula; of a graph, node by node, shared weights being the same arrays."""
    return evaluated(layer, ops, p, x, run)[0]


def evaluated(
    layer: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run, seen: Seen | None = None
) -> tuple[tuple[Any, ...], Tree]:
    """(every output, p with its buffers as they are after the run); `seen` is told the outputs of every inner node."""
    if not isinstance(layer, Composite):
        y = FORMULAS[type(layer)](layer, ops, p, x, run)
        moves = run.training and bool(layer.buffers(*(tuple(v.shape[1:]) for v in x)))
        after = {**p, **BUFFER_FORMULAS[type(layer)](layer, ops, p, x, run)} if moves else p
        return y if isinstance(y, tuple) else (y,), after
    knows = isinstance(layer, Model)  # its inputs' axes itself, which may grow with the batch
    graph = layer.graph(*(layer.input_shapes if knows else (tuple(v.shape[1:]) for v in x)))
    values, moved = dict(enumerate(x)), dict[str, Any]()
    for slot, entry in enumerate(graph.entries, len(x)):
        held = below(p, entry.path)
        values[slot] = held != 0 if entry.form.kind == "boolean" else held
    for node in graph.nodes_in(run.training):
        inner, given = run.at(node.name), dict(node.given)
        inputs = tuple(values[k] for k in node.reads)
        held = moved.get(node.owner, below(p, node.owner))
        own = overlaid(held, nest({name: values[k] for name, k in given.items()})) if given else held
        outputs, after = evaluated(node.layer, ops, own, inputs, inner, seen)
        moved[node.owner] = after
        for name in node.layer.buffers(*node.in_shapes) if given else ():
            if name in given:
                values[given[name]] = moved[graph.entries[given[name] - len(x)].path] = after[name]
        if seen is not None:
            seen[inner.path] = outputs
        values |= dict(zip(node.writes, outputs, strict=True))
    return tuple(values[slot] for slot in graph.outputs_in(run.training)), nest({**flatten(p), **flatten(moved)})
