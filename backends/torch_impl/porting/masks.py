"""What is drawn at random on both sides alike: masks from isograd's streams, by the part that drops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from isograd.core.base.randomness import generator


class SharedMasks(TorchDispatchMode):
    """Every dropout of torch, in a module, a function, attention or a recurrence, comes to `bernoulli_`.

    Its uniforms are those of (seed, the part that runs, how many it has drawn): one entry is kept where its uniform is
    below the share that is kept, so that equal rates drop the same entries.
    """

    def __init__(self, seed: int, place: Callable[[], str]) -> None:
        super().__init__()
        self.seed, self.place, self.drawn = seed, place, Counter[str]()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        if function is torch.ops.aten.bernoulli_.float:
            x, kept = args[0], args[1] if len(args) > 1 else given.get("p", 0.5)
            x.copy_(self.uniform(x) < kept)
            return x
        if function is torch.ops.aten.bernoulli.default:
            return (self.uniform(args[0]) < args[0]).to(args[0].dtype)
        return function(*args, **given)

    def uniform(self, x: Tensor) -> Tensor:
        place = self.place()
        step, self.drawn[place] = self.drawn[place], self.drawn[place] + 1
        return torch.from_numpy(generator(self.seed, "dropout", place, step).random(tuple(x.shape)))


@contextmanager
def drawn_alike(seed: int, place: Callable[[], str]) -> Iterator[None]:
    """Inside, masks are shared; other draws of torch's generator begin at `seed`, and its own state is put back."""
    with torch.random.fork_rng(devices=[]), SharedMasks(seed, place):
        torch.manual_seed(seed)
        yield
