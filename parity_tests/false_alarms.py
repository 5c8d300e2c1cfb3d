"""Holds the two engines, both right, against each other over many seeds and models, and counts the checks that fail.

    python parity_tests/false_alarms.py [--checks 1000] [--only NAME]

A check is `check_parity` of one model with one seed in one dtype: nodes, the whole, six optimizer steps, a free run.
The models are ordinary ones that hold what is zero by mathematics and rounding in practice: biases before
normalisations, attention over one visible key, ties, batches that are learned by heart. A failure is a false alarm. It
runs under the BLAS kernels that its environment names, and says which they are; test_cancelling.py runs a part of it.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_info

import isograd as ig
from isograd.core.base.types import Arrays
from isograd.core.learning.losses import Loss
from isograd.core.learning.optimizers import Clipping, Optimizer
from isograd.core.parity.report import ParityReport

STEPS = 6
DTYPES = ("float64", "float32")
Rng = np.random.Generator


@dataclass(frozen=True)
class Ordinary:
    """A model that people write, and how its data are drawn and it is trained."""

    model: Callable[[], Any]
    inputs: Callable[[Rng], Arrays]
    targets: Callable[[Rng], Arrays]
    loss: Loss | list[Loss | None] = field(default_factory=ig.CrossEntropyLoss)
    optimizer: Optimizer = field(default_factory=lambda: ig.Adam(0.01))
    clip: Clipping | None = None


def normal(*shape: int, scale: float = 1.0) -> Callable[[Rng], Arrays]:
    return lambda rng: (scale * rng.normal(size=shape),)


def integers(bound: int, *shape: int) -> Callable[[Rng], Arrays]:
    return lambda rng: (rng.integers(0, bound, shape),)


def strokes(rng: Rng) -> Arrays:
    """Images that are zero in most places, as digits are: windows without a stroke hold equal values."""
    return (np.where(rng.random((6, 1, 12, 12)) < 0.2, rng.random((6, 1, 12, 12)), 0.0),)


def images(*layers: Any, size: int = 6, channels: int = 3) -> Callable[[], Any]:
    return lambda: ig.Sequential([*layers, ig.Flatten(), ig.Linear(3)], input_shape=(channels, size, size))


def dense(*layers: Any, width: int = 7) -> Callable[[], Any]:
    return lambda: ig.Sequential(layers, input_shape=(width,))


def residual_network() -> Any:
    """A residual network whose convolutions all have a bias before their normalisation."""
    image = ig.Input((3, 8, 8))
    h = ig.ReLU()(ig.BatchNorm2d()(ig.Conv2d(8, 3, padding=1)(image)))
    for width, stride in ((8, 1), (16, 2)):
        branch = ig.ReLU()(ig.BatchNorm2d()(ig.Conv2d(width, 3, padding=1, stride=stride)(h)))
        branch = ig.BatchNorm2d()(ig.Conv2d(width, 3, padding=1)(branch))
        h = ig.ReLU()(branch + (h if stride == 1 else ig.BatchNorm2d()(ig.Conv2d(width, 1, stride=stride)(h))))
    return ig.Model(inputs=image, outputs=ig.Linear(3)(ig.Flatten()(ig.GlobalAvgPool()(h))))


def attended(rng: Rng) -> Arrays:
    """Queries, keys and values, and how many keys are visible: one alone for half of the samples."""
    return (*(rng.normal(size=(6, 4, 8)) for _ in range(3)), np.array([1, 4, 1, 2, 1, 3]))


def one_key() -> Any:
    query, key, value, lengths = (*(ig.Input((4, 8)) for _ in range(3)), ig.Input(()))
    h = ig.MultiheadAttention(2)(query, key, value, lengths=lengths)
    return ig.Model(inputs=(query, key, value, lengths), outputs=ig.Linear(3)(ig.Flatten()(ig.LayerNorm()(h))))


def two_ends() -> Any:
    x = ig.Input((7,))
    h = ig.Tanh()(ig.Linear(9)(x))
    shared = ig.Linear(9)
    h = ig.BatchNorm1d()(shared(ig.ReLU()(shared(h))))
    return ig.Model(inputs=x, outputs=(ig.Linear(3)(h), ig.Linear(2)(h)))


SIX, CLASSES = (6, 3, 6, 6), integers(3, 6)
ORDINARY = {
    "conv, bias, BatchNorm": Ordinary(
        images(ig.Conv2d(4, 3, padding=1), ig.BatchNorm2d(), ig.ReLU()), normal(*SIX), CLASSES
    ),
    "residual network": Ordinary(residual_network, normal(6, 3, 8, 8), CLASSES),
    "residual network, SGD": Ordinary(
        residual_network, normal(6, 3, 8, 8, scale=1e-3), CLASSES, optimizer=ig.SGD(0.1, momentum=0.9)
    ),
    "ties under a pool": Ordinary(
        images(ig.Conv2d(4, 3), ig.BatchNorm2d(), ig.ReLU(), ig.MaxPool2d(2), size=12, channels=1), strokes, CLASSES
    ),
    "normalised twice": Ordinary(
        images(ig.Conv2d(4, 3), ig.GroupNorm(2), ig.InstanceNorm2d(affine=True), ig.BatchNorm2d()),
        normal(*SIX),
        CLASSES,
        optimizer=ig.RMSprop(0.01),
    ),
    "one feature, batch of two": Ordinary(
        dense(ig.Linear(4), ig.BatchNorm1d(), ig.Tanh(), ig.Linear(1), ig.BatchNorm1d(), ig.Linear(3), width=1),
        normal(2, 1),
        integers(3, 2),
        optimizer=ig.AdamW(0.01),
    ),
    "one visible key": Ordinary(one_key, attended, CLASSES),
    "transformer": Ordinary(
        lambda: ig.Sequential(
            [
                ig.Embedding(11, 8),
                ig.PositionalEncoding(),
                ig.TransformerEncoderLayer(2, dim_feedforward=16),
                ig.LastStep(),
                ig.Linear(3),
            ],
            input_shape=(5,),
        ),
        integers(11, 6, 5),
        CLASSES,
        clip=ig.ClipNorm(0.5),
    ),
    "LSTM": Ordinary(
        lambda: ig.Sequential([ig.LSTM(8), ig.BatchNorm1d(), ig.Flatten(), ig.Linear(3)], input_shape=(9, 4)),
        normal(6, 9, 4),
        CLASSES,
        optimizer=ig.Adagrad(0.05),
    ),
    "GRU over words": Ordinary(
        lambda: ig.Sequential(
            [ig.Embedding(11, 6), ig.GRU(8, bidirectional=True), ig.Dropout(0.3), ig.LastStep(), ig.Linear(3)],
            input_shape=(9,),
        ),
        integers(11, 6, 9),
        CLASSES,
        optimizer=ig.SGD(0.1, momentum=0.9, nesterov=True),
    ),
    "autoencoder": Ordinary(
        lambda: ig.Sequential(
            [
                ig.Conv2d(4, 3, stride=2, padding=1),
                ig.BatchNorm2d(),
                ig.LeakyReLU(),
                ig.ConvTranspose2d(1, 4, stride=2, padding=1),
            ],
            input_shape=(1, 12, 12),
        ),
        strokes,
        strokes,
        loss=ig.MSELoss(),
    ),
    "learned by heart": Ordinary(
        dense(ig.Linear(32), ig.ReLU(), ig.Linear(3)), normal(6, 7, scale=30.0), CLASSES, optimizer=ig.SGD(1.0)
    ),
    "two ends, shared": Ordinary(
        two_ends,
        normal(6, 7),
        lambda rng: (rng.integers(0, 3, 6), rng.normal(size=(6, 2))),
        loss=[ig.CrossEntropyLoss(), ig.L1Loss()],
        clip=ig.ClipValue(0.1),
    ),
    "wide regression": Ordinary(
        dense(ig.Linear(64), ig.BatchNorm1d(), ig.GELU(), ig.Dropout(0.2), ig.Linear(64), ig.LayerNorm(), ig.Linear(1)),
        normal(16, 7),
        normal(16, 1),
        loss=ig.HuberLoss(),
    ),
}
"""Fourteen models by name."""


def checked(name: str, seed: int, dtype: str) -> ParityReport:
    """One check, its weights, data and dropout drawn from `seed`."""
    case, rng = ORDINARY[name], np.random.default_rng(seed)
    given: dict[str, Any] = {"loss": case.loss, "optimizer": case.optimizer, "clip": case.clip, "steps": STEPS}
    return ig.check_parity(case.model(), case.inputs(rng), case.targets(rng), dtypes=(dtype,), seed=seed, **given)


def checks(only: str = "") -> Iterator[tuple[str, int, str]]:
    """(model, seed, dtype): seed after seed, every model in both dtypes."""
    names = [name for name in ORDINARY if only in name]
    return ((name, seed, dtype) for seed in count() for name in names for dtype in DTYPES)


def kernels() -> str:
    """The processor's kernels that both engines run here, and on how many threads."""
    blas = next(pool for pool in threadpool_info() if "numpy" in pool["filepath"])
    told = f"OpenBLAS {blas['architecture']}, {blas['num_threads']} threads"
    return f"{told}; PyTorch {torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=1000, help="how many")
    parser.add_argument("--only", default="", help="models whose name has this in it")
    asked = parser.parse_args()
    alarms: Counter[str] = Counter()
    for done, (name, seed, dtype) in enumerate(islice(checks(asked.only), asked.checks), 1):
        report = checked(name, seed, dtype)
        if not report.passed:
            alarms[name] += 1
            print(
                f"\n{name}, seed {seed}, {dtype}: FAILED", *(row.text for row in report.rows if row.failed), sep="\n  "
            )
        print(f"\r{done} of {asked.checks} checks, {alarms.total()} false alarms", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for name, found in alarms.most_common():
        print(f"{found:4}  {name}")
    print(f"{alarms.total()} false alarms in {asked.checks} checks ({kernels()})")
    return bool(alarms)


if __name__ == "__main__":
    sys.exit(main())
