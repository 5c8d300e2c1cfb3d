"""Initial weights, and the check that a state_dict fits a model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from isograd.core.base.errors import WeightsError
from isograd.core.base.initializers import Weight
from isograd.core.base.randomness import generator
from isograd.core.base.types import Array, State
from isograd.core.graph.composite import Composite, check_sharing


def declared(model: Composite) -> tuple[dict[str, Weight], dict[str, Weight]]:
    """(weights, buffers) of a model that knows its input shapes, by dotted path."""
    check_sharing(model)
    shapes = model.input_shapes
    return model.weights(*shapes), model.buffers(*shapes)


def initial_state(model: Composite, *, seed: int, dtype: np.dtype[np.floating]) -> State:
    """Weights and buffers drawn from (seed, path): the same numbers for every backend and dtype (rounded)."""
    weights, buffers = declared(model)
    return {
        path: weight.initial(generator(seed, "init", path)).astype(np.int64 if weight.integers else dtype)
        for path, weight in {**weights, **buffers}.items()
    }


def check_state(model: Composite, state: Mapping[str, Array], where: str = "load_state_dict") -> None:
    """Raise WeightsError unless `state` has exactly the model's paths, each in its shape and numeric."""
    weights, buffers = declared(model)
    wanted = {path: weight.shape for path, weight in {**weights, **buffers}.items()}
    missing = [path for path in wanted if path not in state]
    unexpected = [path for path in state if path not in wanted]
    if missing or unexpected:
        got = [f"missing {', '.join(missing)}"] * bool(missing) + [f"unexpected {', '.join(unexpected)}"] * bool(
            unexpected
        )
        raise WeightsError(
            where,
            wanted=", ".join(wanted) or "no weights",
            got="; ".join(got),
            fix="give the state_dict of a model with the same description; no weight was changed",
        )
    for path, shape in wanted.items():
        values = np.asarray(state[path])
        if values.shape != shape or values.dtype.kind not in "fiu":
            raise WeightsError(
                f"{where}: {path}",
                wanted=f"numbers of shape {shape}",
                got=f"{values.dtype} of shape {values.shape}",
                fix="give the state_dict of a model with the same description; no weight was changed",
            )
