"""Exported source, executed where isograd cannot be imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

from isograd.core.base.types import Array, Arrays, State
from isograd.core.graph.composite import Composite
from isograd.exporting.example import executed
from isograd.exporting.numpy_source import write_source


class Nothing:
    """Finds no module of these names, whatever is loaded already."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.split(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Inside, these packages cannot be imported; what was loaded of them is loaded again behind."""
    held = {name: module for name, module in sys.modules.items() if name.split(".")[0] in names}
    finder = Nothing(*names)
    for name in held:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)  # type: ignore[arg-type]
    try:
        yield
    finally:
        sys.meta_path.remove(finder)  # type: ignore[arg-type]
        sys.modules.update(held)


@contextmanager
def opened(
    model: Composite, weights: Mapping[str, Array], inputs: Arrays, dtype: str, seed: int = 0
) -> Iterator[tuple[ModuleType, Any]]:
    """(module, network) of a model's NumPy source."""
    source = write_source(model, dict(weights), inputs)
    with without("isograd", "torch", "pydantic", "safetensors"), executed(source, "exported_model") as module:
        yield module, module.Model(weights, dtype=dtype, seed=seed)


def same(a: State, b: State) -> list[str]:
    """The names of arrays that are not the same, bit for bit."""
    return [
        name
        for name in {**a, **b}
        if name not in a
        or name not in b
        or a[name].dtype != b[name].dtype
        or not np.array_equal(a[name], b[name], equal_nan=a[name].dtype.kind == "f")
    ]
