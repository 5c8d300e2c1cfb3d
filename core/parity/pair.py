"""Two backends side by side, built from one description and one state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from isograd.core.base.types import FLOATS, Array, State
from isograd.core.engine.protocol import Backend, Network, options_when_compared
from isograd.core.engine.registry import get_backend
from isograd.core.graph.composite import Composite


@dataclass(frozen=True)
class Pair:
    """The side under judgement and its peer; `left` is compared against `right`."""

    left: Backend
    right: Backend

    @classmethod
    def named(cls, left: str | Backend = "numpy", right: str | Backend = "torch") -> Pair:
        """Engines by name, or as they are handed in."""
        return cls(get_backend(left), get_backend(right))

    @property
    def names(self) -> tuple[str, str]:
        return self.left.name, self.right.name

    def build(self, model: Composite, state: Mapping[str, Array], *, seed: int, dtype: str) -> tuple[Network, Network]:
        """The two networks, with the same weights and shared randomness."""
        return build_in(self.left, model, state, seed, dtype), build_in(self.right, model, state, seed, dtype)


def build_in(backend: Backend, model: Composite, state: Mapping[str, Array], seed: int, dtype: str) -> Network:
    """A network of these weights, its masks drawn from isograd's streams."""
    shared = options_when_compared(backend)
    return backend.build(model, in_dtype(state, dtype), seed=seed, dtype=FLOATS[dtype], **shared)


def in_dtype(state: Mapping[str, Array], dtype: str) -> State:
    """Floats in this dtype, everything else as it is; always copies."""
    return {path: np.array(v, FLOATS[dtype] if v.dtype.kind == "f" else v.dtype) for path, v in state.items()}
