"""Which inputs of which nodes get no gradient, as one run tells: their numbers are counted, or their rows alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import FLOATS, Array, Arrays
from isograd.core.graph.composite import Composite


class Returned(NamedTuple):
    """What the backward of a node returns of its inputs: a tuple or one gradient; None or not, for each."""

    is_tuple: bool
    none: tuple[bool, ...]


Silent = dict[str, Returned]
"""By a node's path."""


def silent_inputs(model: Composite, weights: Mapping[str, Array], inputs: Arrays) -> Silent:
    """Of all nodes whose backward runs, those of inner models among them."""
    found: Silent = {}

    def watched(operation: Callable[..., Any]) -> Callable[..., Any]:
        def watching(spec: Any, p: Any, *x: Array, run: Any) -> Any:
            y, back, *new = operation(spec, p, *x, run=run)

            def backward(*dy: Array) -> Any:
                dx, grads = back(*dy)
                several = dx if isinstance(dx, tuple) else (dx,)
                found[run.path] = Returned(isinstance(dx, tuple), tuple(d is None for d in several))
                return dx, grads

            return y, backward, *new

        return watching

    operations = STANDARD.operations.overlaid({kind: watched(op) for kind, op in STANDARD.operations.items()})
    dtype = next((v.dtype for v in weights.values() if v.dtype in FLOATS.values()), FLOATS["float32"])
    net = NumpyBackend(replace(STANDARD, operations=operations)).build(model, dict(weights), seed=0, dtype=dtype)
    y = net.forward(*inputs, training=True)
    outputs = y if isinstance(y, tuple) else (y,)
    net.backward(*(random_upstream(v.shape, 0, str(k), dtype) for k, v in enumerate(outputs)))
    return found
