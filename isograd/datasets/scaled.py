"""MNIST as images (N, 1, 28, 28), scaled in NumPy or by torchvision's transforms: the batches are identical."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from isograd.core.base.randomness import generator
from isograd.core.base.types import Array
from isograd.core.data.dataset import ArrayDataset, Dataset, Subset
from isograd.core.data.pixels import Mapped, Scaling
from isograd.core.data.prepare import Splits
from isograd.datasets import sources
from isograd.optional import require

HELD_OUT = 5000  # of MNIST's 60,000 training images, to validate on
SIGNED = Scaling(mean=0.5, std=0.5)  # bytes to [−1, 1], tanh's range


def mnist_images(seed: int, backend: str, *, scaling: Scaling | None = None) -> Splits[Dataset]:
    """55,000 images to train on, 5,000 to validate, drawn by `seed`, and MNIST's own 10,000 to test.

    Standardised by the training part's pixels unless a scaling is given. For the backend "torch" they are
    read through torchvision.datasets and scaled by torchvision.transforms, in its DataLoader's batches.
    """
    through: Literal["numpy", "torchvision"] = "torchvision" if backend == "torch" else "numpy"
    (images, labels), test = sources.mnist(through=through)
    order = generator(seed, "split").permutation(len(images))
    train, held = np.sort(order[HELD_OUT:]), np.sort(order[:HELD_OUT])
    scale = scaled(scaling or Scaling.fit(images[train]), through)
    known = Mapped(ArrayDataset(images[:, None], labels), scale)
    return Splits(Subset(known, train), Subset(known, held), Mapped(ArrayDataset(test[0][:, None], test[1]), scale))


def scaled(scaling: Scaling, through: Literal["numpy", "torchvision"]) -> Callable[[Array], Array]:
    """The scaling itself, or torchvision's transforms that compute the same."""
    if through == "numpy":
        return scaling
    v2 = require("torchvision.transforms.v2", extra="torch", purpose='images through="torchvision"')
    torch = require("torch", extra="torch", purpose='images through="torchvision"')
    transforms = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize([scaling.mean], [scaling.std])])

    def transformed(pixels: Array) -> Array:
        result: Array = transforms(torch.from_numpy(pixels)).numpy()
        return result

    return transformed
