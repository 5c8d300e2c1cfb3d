"""What a model can be exported to: how its source is written, and how what was written is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from isograd.core.base.types import Array, Arrays, State
from isograd.core.graph.composite import Composite
from isograd.exporting.carried.selftest import MODES


@dataclass(frozen=True)
class Target:
    """One kind of source.

    `engine`: the engine of isograd that it must equal. `write_source(model, weights, inputs)`: the text of model.py.
    `opened(module, weights, dtype, seed)`: a network of the executed module, with forward(*x, training=),
    backward(*dy), state_dict and load_state_dict as isograd's networks have them, arrays in and out. `modes(model)`:
    the modes that compute the same again.
    """

    engine: str
    write_source: Callable[[Composite, State, Arrays], str]
    opened: Callable[[ModuleType, Mapping[str, Array], str, int], Any]
    modes: Callable[[Composite], tuple[str, ...]] = lambda model: MODES


def _numpy() -> Target:
    from isograd.exporting.numpy_source import write_source

    def opened(module: ModuleType, weights: Mapping[str, Array], dtype: str, seed: int) -> Any:
        return module.Model(weights, dtype=dtype, seed=seed)

    return Target("numpy", write_source, opened)


def _torch() -> Target:
    from isograd.exporting.torch_target import modes, opened, write_source

    return Target("torch", write_source, opened, modes)


TARGETS: dict[str, Callable[[], Target]] = {"numpy": _numpy, "torch": _torch}
"""By the name that `ig.export` takes; made when it is asked for, since each needs its own packages."""
