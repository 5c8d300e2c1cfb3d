"""What is drawn at random on both sides alike: masks from isograd's streams, by the part that drops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from isograd.backends.torch_impl.foreign.draws import Draw, SharedDraws
from isograd.backends.torch_impl.randomness import generators, seeded
from isograd.core.base.types import Array, Shape
from isograd.core.engine.context import Run


class _InOneRow(Draw):
    """A draw whose k-th number is the same in whatever shape: (N, heads, …) of one side, (N·heads, …) of the other."""

    def uniform(self, run: Run, shape: Shape) -> Array:
        return run.at(self.path).random((1, int(np.prod(shape))), self.purpose).reshape(shape)


class DrawsByPart(SharedDraws):  # type: ignore[no-untyped-call]
    """The k-th draw inside a part that both sides have is one stream, so that equal rates drop the same entries."""

    def __init__(self, run: Run, place: Callable[[], str]) -> None:
        super().__init__(run)
        self.place, self.drawn = place, Counter[str]()

    def _next(self) -> Draw:
        place = self.place()
        self.drawn[place] += 1
        return _InOneRow(f"{place}, draw {self.drawn[place]}")


@contextmanager
def drawn_alike(seed: int, place: Callable[[], str]) -> Iterator[DrawsByPart]:
    """Inside, masks are shared; other draws of torch's generator begin at `seed`, and its own state is put back."""
    run = Run(True, seed)
    with seeded(generators(torch.device("cpu")), seed, 0), DrawsByPart(run, place) as draws:
        yield draws
