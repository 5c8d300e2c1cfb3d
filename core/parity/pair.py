"""Two engines side by side, built from one description and one state; and how several become pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from isograd.core.base.description import Description
from isograd.core.base.errors import SpecError
from isograd.core.base.types import FLOATS, Array, Shape, State
from isograd.core.engine.protocol import Backend, Network, options_when_compared
from isograd.core.engine.registry import get_backend
from isograd.core.graph.composite import Composite
from isograd.core.parity.matching import NAN, Difference, Sides, entries, structure
from isograd.core.parity.verdict import Culprit, Row, Verdict, short


class Named(Protocol):
    """Two sides of a comparison, whatever computes them."""

    @property
    def names(self) -> tuple[str, str]: ...


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
    def backends(self) -> tuple[Backend, Backend]:
        return self.left, self.right

    @property
    def names(self) -> tuple[str, str]:
        return self.left.name, self.right.name

    def build(self, model: Composite, state: Mapping[str, Array], *, seed: int, dtype: str) -> tuple[Network, Network]:
        """The two networks, with the same weights and shared randomness."""
        return self.build_side(0, model, state, seed, dtype), self.build_side(1, model, state, seed, dtype)

    def build_side(self, side: int, model: Composite, state: Mapping[str, Array], seed: int, dtype: str) -> Network:
        """The left (0) or the right (1) of them."""
        return build_in(self.backends[side], model, state, seed, dtype)

    def row(
        self,
        stage: str,
        dtype: str,
        path: str,
        what: str,
        gap: Difference,
        allowed: float | None = None,
        note: str = "",
        step: int | None = None,
    ) -> Row:
        """The row of one comparison of this pair."""
        return Row.of(gap, stage, dtype, path, what, allowed, note, self.names, step)

    def culprit(
        self,
        row: Row,
        spec: Description,
        index: tuple[int, ...],
        values: Sides,
        verdict: Verdict | None = None,
        *,
        mode: str = "",
        shapes: Sequence[Shape] = (),
        inherited: str | None = None,
    ) -> Culprit:
        """What the row found, with what each side has there and what the witness says of it.

        `shapes` are those of the inputs, for a model inside a model, which does not know them itself.
        """
        said = verdict or Verdict()
        sources = dict(zip(self.names, self.backends, strict=True))
        return Culprit(
            stage=row.stage,
            dtype=row.dtype,
            mode=mode,
            path=row.path,
            layer=short(spec, *shapes),
            what=row.what,
            error=row.error,
            allowed=row.allowed,
            fault=row.fault,
            index=index,
            values=structure(values) if row.fault not in (None, NAN) else entries(values, index),
            witness=said.witness,
            quantity=said.quantity,
            claims=said.claims,
            truth=said.truth,
            guilty=said.guilty,
            source=sources[said.guilty].source(spec) if said.guilty else None,
            inherited=inherited,
        )


def pairs_of(where: str, backends: Sequence[str | Backend]) -> list[Pair]:
    """The first engine with each of the others; SpecError where there are fewer than two, or two of one name."""
    several: Sequence[Any] = backends if isinstance(backends, (tuple, list)) else [backends]
    engines = [get_backend(given) for given in several]
    names = [engine.name for engine in engines]
    twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
    if len(names) < 2 or twice is not None:
        raise SpecError(
            where,
            wanted="two or more engines, each once: the first is compared with every other",
            got=f"{twice!r} twice" if twice is not None else f"{len(names)}: {', '.join(names) or 'none'}",
            fix='"numpy", "torch"',
        )
    first, *others = engines
    return [Pair(first, other) for other in others]


def names_of(pairs: Sequence[Pair]) -> tuple[str, ...]:
    """The engines of `pairs_of`, in the order in which they were given."""
    return pairs[0].left.name, *(pair.right.name for pair in pairs)


def build_in(backend: Backend, model: Composite, state: Mapping[str, Array], seed: int, dtype: str) -> Network:
    """A network of these weights, its masks drawn from isograd's streams."""
    shared = options_when_compared(backend)
    return backend.build(model, in_dtype(state, dtype), seed=seed, dtype=FLOATS[dtype], **shared)


def in_dtype(state: Mapping[str, Array], dtype: str) -> State:
    """Floats in this dtype, everything else as it is; always copies."""
    return {path: np.array(v, FLOATS[dtype] if v.dtype.kind == "f" else v.dtype) for path, v in state.items()}
