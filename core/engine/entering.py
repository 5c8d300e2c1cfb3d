"""What a forward is given, for every layer at once: a batch, one sample without the batch axis, or no rows at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isograd.core.base.arraylike import as_array
from isograd.core.base.types import Array, Arrays, Shape, State
from isograd.core.engine.batches import check_inputs
from isograd.core.engine.rows import Fewest
from isograd.core.graph.composite import Composite


@dataclass(frozen=True)
class Entered:
    """How what was given became a batch. `alone`: one sample, given and wanted back without the batch axis.

    Of no rows (`none`) nothing is computed: outputs and dx (0, …), and gradients of weights that are sums of nothing.
    """

    alone: bool = False
    none: bool = False

    def returned(self, values: Any) -> Any:
        """What is handed back of a batch: of one sample by itself its row."""
        if not self.alone:
            return values
        if isinstance(values, tuple):
            return tuple(map(self.returned, values))
        return None if values is None else np.array(values[0])

    def upstream(self, dys: Sequence[Any]) -> tuple[Any, ...]:
        """The dy of the batch."""
        return tuple(as_array(dy, f"dy {k}")[None] for k, dy in enumerate(dys)) if self.alone else tuple(dys)


def entered(model: Composite, inputs: Sequence[Any]) -> tuple[Arrays, Entered]:
    """The batch that they are; ShapeError or DataError where they are neither batch, nor sample, nor empty batch."""
    shapes = model.input_shapes
    if not model.batch_first or len(inputs) != len(shapes):
        return check_inputs(model, inputs), Entered()
    arrays = tuple(as_array(x, f"input {k}") for k, x in enumerate(inputs))
    if all(x.shape == shape for x, shape in zip(arrays, shapes, strict=True)) and _joins(model):
        return check_inputs(model, [x[None] for x in arrays]), Entered(alone=True)
    if all(x.shape == (0, *shape) for x, shape in zip(arrays, shapes, strict=True)) and _joins(model):
        return arrays, Entered(none=True)
    return check_inputs(model, arrays), Entered()


def entering(model: Composite, fewest: Fewest, inputs: Sequence[Any], *, training: bool) -> tuple[Arrays, Entered]:
    """As `entered`, with as many rows as the mode needs."""
    arrays, how = entered(model, inputs)
    fewest.check(0 if how.none else model.rows(arrays), training=training)
    return arrays, how


def _joins(model: Composite) -> bool:
    """Whether every output has the batch in front."""
    graph = model.graph(*model.input_shapes)
    return all(graph.forms[slot].batch_first for slot in graph.outputs)


def outputs_of_none(model: Composite, dtype: np.dtype[np.floating], *, training: bool) -> Any:
    """The outputs of a batch of no rows, or a tuple of them."""
    graph = model.graph(*model.input_shapes)
    kinds: dict[str, Any] = {"float": dtype, "integer": np.int64, "boolean": np.bool_}
    forms = [graph.forms[slot] for slot in graph.outputs_in(training)]
    made = tuple(np.zeros(form.sizes(0), kinds[form.kind]) for form in forms)
    return made if len(made) > 1 else made[0]


def gradients_of_none(
    model: Composite, dtype: np.dtype[np.floating], weights: Mapping[str, Shape]
) -> tuple[Any, State]:
    """(dx, gradients of the weights) of a batch of no rows, from the weights' shapes."""
    graph = model.graph(*model.input_shapes)
    dx: tuple[Array | None, ...] = tuple(
        np.zeros(form.sizes(0), dtype) if form.kind == "float" and slot not in graph.integer_inputs else None
        for slot, form in enumerate(graph.input_forms)
    )
    return dx if len(dx) > 1 else dx[0], {path: np.zeros(shape, dtype) for path, shape in weights.items()}
