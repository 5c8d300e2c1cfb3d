"""What is trained in the measurements: one entry a workload, for every contender alike.

A workload is its isograd description, the module that a PyTorch user would write for it by hand (with the
same names of weights, so that both start from the same numbers), and a way to draw a batch. Each target is
design.md's figure for (NumPy engine)/(PyTorch by hand).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import isograd as ig

if TYPE_CHECKING:
    from torch import nn

Array = NDArray[Any]
Batch = tuple[Array, Array]

LR, MOMENTUM = 1e-3, 0.9  # a step costs the same at any rate; a small one keeps the numbers ordinary
BATCHES = 8  # that are trained on in turn


@dataclass(frozen=True)
class Workload:
    """Something to train with SGD and momentum on softmax cross-entropy."""

    name: str
    title: str
    model: Callable[[], ig.Sequential | ig.Model]
    by_hand: Callable[[], nn.Module]
    batch: Callable[[np.random.Generator], Batch]
    at_most: float
    steps: int  # in one timed block: about 25 ms

    def batches(self) -> list[Batch]:
        draw = np.random.default_rng(0)
        return [self.batch(draw) for _ in range(BATCHES)]


def labelled(size: int, shape: tuple[int, ...], classes: int) -> Callable[[np.random.Generator], Batch]:
    """Batches of `size` standard normal samples with random labels."""

    def batch(draw: np.random.Generator) -> Batch:
        return draw.standard_normal((size, *shape), np.float32), draw.integers(0, classes, size)

    return batch


def small_by_hand() -> nn.Module:
    from torch import nn

    return nn.Sequential(nn.Linear(784, 89), nn.Tanh(), nn.Linear(89, 10))


def wide_by_hand() -> nn.Module:
    from torch import nn

    return nn.Sequential(nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 10))


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload(
            name="mlp_small",
            title="MLP 784-89-10 tanh, batch 60",
            model=lambda: ig.Sequential([ig.Linear(89), ig.Tanh(), ig.Linear(10)], input_shape=(784,)),
            by_hand=small_by_hand,
            batch=labelled(60, (784,), 10),
            at_most=0.60,
            steps=60,
        ),
        Workload(
            name="mlp_wide",
            title="MLP 784-1024-1024-10 ReLU, batch 256",
            model=lambda: ig.Sequential(
                [ig.Linear(1024), ig.ReLU(), ig.Linear(1024), ig.ReLU(), ig.Linear(10)], input_shape=(784,)
            ),
            by_hand=wide_by_hand,
            batch=labelled(256, (784,), 10),
            at_most=1.15,
            steps=3,
        ),
    )
}
