"""What each layer *is*, entry by entry, in Python's own floats: the witness of outputs.

When two engines differ in an output, a slope cannot tell who is right; the formula, evaluated for the one
entry in question, can. Nothing here is fast, vectorised, or shared with an engine.

    definition(spec, p, x, i, run) → y[i]        p: weights by name, x: tuple of inputs, i: full index, batch first
    definition of buffers (spec, p, x, name, i, run) → the buffer's entry i after this run
"""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.arrays import NUMPY
from isograd.core.base.types import Array, Arrays, Tree
from isograd.core.engine.context import Run
from isograd.core.graph.custom import CustomLayer
from isograd.core.parity.definitions import attention, images, layers, recurrent, sequences
from isograd.core.parity.definitions.table import BUFFER_DEFINITIONS, DEFINITIONS

__all__ = [
    "BUFFER_DEFINITIONS",
    "DEFINITIONS",
    "attention",
    "defined",
    "defined_buffer",
    "images",
    "layers",
    "recurrent",
    "sequences",
]


def defined(layer: Any, p: Tree, x: Arrays, run: Run, shapes: list[tuple[int, ...]]) -> Arrays:
    """Every entry of every output (of these full shapes) by definition; a graph node by node.

    A custom layer is its own definition: its function on plain NumPy arrays.
    """
    from isograd.core.graph.composite import Composite

    if isinstance(layer, CustomLayer):
        return layer.compute(NUMPY, x, p, tuple(shape[1:] for shape in shapes))
    if isinstance(layer, Composite):
        graph = layer.graph(*(value.shape[1:] for value in x))
        values: list[Any] = [*x, *[None] * (graph.slots - len(x))]
        for node in graph.nodes:
            full = [(len(x[0]), *shape) for shape in node.out_shapes]
            inputs = tuple(values[k] for k in node.reads)
            made = defined(node.layer, p.get(node.owner, {}), inputs, run.at(node.name), full)
            for slot, value in zip(node.writes, made, strict=True):
                values[slot] = value
        return tuple(values[slot] for slot in graph.outputs)
    rule = DEFINITIONS[type(layer)]
    outputs = []
    for k, shape in enumerate(shapes):
        more = {"output": k} if len(shapes) > 1 else {}
        entries = [rule(layer, p, x, i, run, **more) for i in np.ndindex(shape)]
        outputs.append(np.array(entries, np.float64).reshape(shape))
    return tuple(outputs)


def defined_buffer(layer: Any, p: Tree, x: Arrays, name: str, run: Run) -> Array:
    """Every entry of a buffer after a run, by definition: unchanged in evaluation."""
    before = np.asarray(p[name])
    if not run.training:
        return before
    rule = BUFFER_DEFINITIONS[type(layer)]
    return np.array([rule(layer, p, x, name, i, run) for i in np.ndindex(before.shape)]).reshape(before.shape)
