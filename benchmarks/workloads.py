"""What is trained in the measurements: one entry a workload, for every contender alike.

A workload is its isograd description, the module that a PyTorch user would write for it by hand (with the
same names of weights, so that both start from the same numbers), and a way to draw a batch. Each target is
design.md's figure for (NumPy engine)/(PyTorch by hand).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

import isograd as ig

if TYPE_CHECKING:
    from torch import nn

Array = NDArray[Any]
Batch = tuple[Array, Array]

LR, MOMENTUM = 1e-3, 0.9  # a step costs the same at any rate; a small one keeps the numbers ordinary
BATCHES = 8  # that are trained on in turn
SYMBOLS, WINDOW = 65, 25


@dataclass(frozen=True)
class Workload:
    """Something to train with SGD and momentum: to name a label, to copy its input, or to name the next symbol."""

    name: str
    title: str
    model: Callable[[], ig.Sequential | ig.Model]
    by_hand: Callable[[], nn.Module]
    batch: Callable[[np.random.Generator], Batch]
    at_most: float
    steps: int  # in one timed block: about 25 ms
    rounds: int = 200  # blocks of each contender
    task: Literal["label", "copy", "symbols"] = "label"

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


def images(size: int) -> Callable[[np.random.Generator], Batch]:
    """Batches of `size` images 1x28x28, each its own target."""

    def batch(draw: np.random.Generator) -> Batch:
        x = draw.standard_normal((size, 1, 28, 28), np.float32)
        return x, x

    return batch


def book_cnn_by_hand() -> nn.Module:
    from torch import nn

    return nn.Sequential(nn.Conv2d(1, 16, 5, padding=2), nn.Tanh(), nn.Flatten(), nn.Linear(16 * 28 * 28, 10))


def cnn_by_hand() -> nn.Module:
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(128 * 7 * 7, 10),
    )


def autoencoder_by_hand() -> nn.Module:
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 16, 4, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 4, 2, 1),
        nn.Tanh(),
    )


def book_cnn() -> ig.Sequential:
    return ig.Sequential([ig.Conv2d(16, 5, padding=2), ig.Tanh(), ig.Flatten(), ig.Linear(10)], input_shape=(1, 28, 28))


def cnn() -> ig.Sequential:
    layers = [
        ig.Conv2d(32, 3, padding=1),
        ig.ReLU(),
        ig.Conv2d(64, 3, padding=1),
        ig.ReLU(),
        ig.MaxPool2d(2),
        ig.Conv2d(128, 3, padding=1),
        ig.ReLU(),
        ig.MaxPool2d(2),
        ig.Flatten(),
        ig.Linear(10),
    ]
    return ig.Sequential(layers, input_shape=(1, 28, 28))


def autoencoder() -> ig.Sequential:
    layers = [
        ig.Conv2d(16, 3, stride=2, padding=1),
        ig.ReLU(),
        ig.Conv2d(32, 3, stride=2, padding=1),
        ig.ReLU(),
        ig.ConvTranspose2d(16, 4, stride=2, padding=1),
        ig.ReLU(),
        ig.ConvTranspose2d(1, 4, stride=2, padding=1),
        ig.Tanh(),
    ]
    return ig.Sequential(layers, input_shape=(1, 28, 28))


def windows(draw: np.random.Generator) -> Batch:
    """32 windows of random symbols, and at every step the symbol that follows."""
    text = draw.integers(0, SYMBOLS, (32, WINDOW + 1))
    return text[:, :-1].copy(), text[:, 1:].copy()


def reader(kind: type[ig.LSTM] | type[ig.GRU], hidden: int) -> ig.Sequential:
    layers = [ig.OneHot(SYMBOLS), kind(hidden, name="recurrent"), ig.Linear(SYMBOLS, name="head")]
    return ig.Sequential(layers, input_shape=(WINDOW,))


def reader_by_hand(kind: str, hidden: int) -> nn.Module:
    from torch import Tensor, nn

    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.recurrent = getattr(nn, kind)(SYMBOLS, hidden, batch_first=True)
            self.head = nn.Linear(hidden, SYMBOLS)

        def forward(self, x: Tensor) -> Tensor:
            h, _ = self.recurrent(nn.functional.one_hot(x, SYMBOLS).float())
            return self.head(h)

    return Reader()


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
        Workload(
            name="book_cnn",
            title="book CNN: conv 5x5 1→16 same, tanh, dense 10, batch 60",
            model=book_cnn,
            by_hand=book_cnn_by_hand,
            batch=labelled(60, (1, 28, 28), 10),
            at_most=1.40,
            steps=5,
        ),
        Workload(
            name="cnn",
            title="conv 3x3 32 – ReLU – 64 – pool – 128 – pool – dense, 28x28, batch 64",
            model=cnn,
            by_hand=cnn_by_hand,
            batch=labelled(64, (1, 28, 28), 10),
            at_most=1.60,
            steps=1,
            rounds=40,
        ),
        Workload(
            name="autoencoder",
            title="conv autoencoder (stride 2, transposed), batch 64",
            model=autoencoder,
            by_hand=autoencoder_by_hand,
            batch=images(64),
            at_most=1.60,
            steps=3,
            task="copy",
        ),
        *(
            Workload(
                name=f"char_{kind.__name__.lower()}_{hidden}",
                title=f"char {kind.__name__}, {SYMBOLS} symbols, hidden {hidden}, T {WINDOW}, batch 32",
                model=partial(reader, kind, hidden),
                by_hand=partial(reader_by_hand, kind.__name__, hidden),
                batch=windows,
                at_most=at_most,
                steps=2 if hidden > 100 else 8,
                rounds=60,
                task="symbols",
            )
            for kind, hidden, at_most in (
                (ig.LSTM, 256, 1.40),
                (ig.LSTM, 64, 1.10),
                (ig.GRU, 256, 1.05),
                (ig.GRU, 64, 0.75),
            )
        ),
    )
}
