"""What is drawn at random on both sides alike: masks from isograd's streams, by the part that drops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isograd.backends.torch_impl.foreign.draws import Draw, SharedDraws, aten
from isograd.backends.torch_impl.randomness import generators, seeded
from isograd.core.base.types import Array, Shape
from isograd.core.engine.context import Run
from isograd.core.parity.matching import NOISE_FACTOR, TOLERANCE, difference

AXES = 6  # of which every order is tried


@dataclass(frozen=True)
class Dropped:
    """What one draw drops of, and the share that stays."""

    values: Array
    rate: float


@dataclass(frozen=True)
class Layouts:
    """How a side's masks lie where not in theirs' order: {draw: theirs' place of each entry}; `kept`: draws that drop
    nothing. `all_kept`: none does, and what they would drop of is recorded."""

    places: Mapping[str, Array] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    all_kept: bool = False


@dataclass(frozen=True)
class _Nothing(Draw):
    """A draw that keeps everything."""

    def uniform(self, run: Run, shape: Shape) -> Array:
        return np.ones(shape)


@dataclass(frozen=True, eq=False)
class _InOneRow(Draw):
    """A draw whose k-th number is the same in whatever shape: (N, heads, …) of one side, (N·heads, …) of the other.

    `places`: where these numbers go instead.
    """

    places: Array | None = None

    def uniform(self, run: Run, shape: Shape) -> Array:
        row = run.at(self.path).random((1, int(np.prod(shape))), self.purpose).reshape(-1)
        other = self.places is not None and self.places.shape == row.shape
        return (row[self.places] if other else row).reshape(shape)


class DrawsByPart(SharedDraws):  # type: ignore[no-untyped-call]
    """The k-th draw inside a part that both sides have is one stream, so that equal rates drop the same entries."""

    def __init__(self, run: Run, place: Callable[[], str], layouts: Layouts) -> None:
        super().__init__(run)
        self.place, self.layouts, self.drawn = place, layouts, Counter[str]()
        self.dropped: dict[str, Dropped] = {}
        self._empty: tuple[Tensor, Tensor] | None = None  # (what a mask will be written to, what it is of)
        self._now: Dropped | None = None

    def answered(self, function: Any, args: Sequence[Any], given: Mapping[str, Any]) -> Any:
        if function is aten.empty_like.default:
            made = super().answered(function, args, given)
            self._empty = made, args[0]
            return made
        self._now = None
        if self.layouts.all_kept and function is aten.bernoulli_.float and self._empty is not None:
            mask, of = self._empty
            if (mask.data_ptr(), mask.shape) == (args[0].data_ptr(), args[0].shape):
                rate = args[1] if len(args) > 1 else given.get("p", 0.5)
                self._now = Dropped(of.detach().cpu().numpy().copy(), float(rate))
        return super().answered(function, args, given)

    def _next(self) -> Draw:
        place = self.place()
        self.drawn[place] += 1
        name = f"{place}, draw {self.drawn[place]}"
        if self._now is not None:
            self.dropped[name] = self._now
        if self.layouts.all_kept or name in self.layouts.kept:
            return _Nothing(name)
        return _InOneRow(name, places=self.layouts.places.get(name))


@contextmanager
def drawn_alike(seed: int, place: Callable[[], str], layouts: Layouts) -> Iterator[DrawsByPart]:
    """Inside, masks are shared; other draws of torch's generator begin at `seed`, and its own state is put back."""
    run = Run(True, seed)
    with seeded(generators(torch.device("cpu")), seed, 0), DrawsByPart(run, place, layouts) as draws:
        yield draws


def layouts_of(theirs: Mapping[str, Dropped], mine: Mapping[str, Dropped], dtype: str) -> Layouts:
    """How mine's masks lie, where both drop of the same numbers in other places: those that an order of the axes
    explains are turned, others kept: nobody can say which entry of one is which of the other."""
    places, kept = {}, set()
    for name in theirs.keys() & mine.keys():
        a, b = theirs[name], mine[name]
        x, y = a.values, b.values
        if x.size != y.size or _equal(x.reshape(-1), y.reshape(-1), dtype):
            continue
        orders = _orders(x, y, dtype)
        if len(orders) == 1:
            places[name] = orders[0]
        elif a.rate == b.rate and _equal(np.sort(x, axis=None), np.sort(y, axis=None), dtype):
            kept.add(name)
    return Layouts(places, frozenset(kept))


def _equal(x: Array, y: Array, dtype: str) -> bool:
    return not difference(x, y).exceeds(NOISE_FACTOR * TOLERANCE["node", dtype])


def _orders(x: Array, y: Array, dtype: str) -> list[Array]:
    """Where each entry of y stands in x, by every order of the axes that makes them equal."""
    if x.ndim != y.ndim or x.ndim > AXES:
        return []
    indices = np.arange(x.size).reshape(x.shape)
    found: list[Array] = []
    for axes in permutations(range(x.ndim)):
        if x.transpose(axes).shape == y.shape and _equal(x.transpose(axes), y, dtype):
            order = indices.transpose(axes).reshape(-1)
            if not any(np.array_equal(order, other) for other in found):
                found.append(order)
    return found
