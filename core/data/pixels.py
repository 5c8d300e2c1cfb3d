"""Images on their way into a model: bytes scaled to floats, and random shifts and flips, all in NumPy.

Whatever is drawn depends on (seed, epoch, sample) alone, never on the batch that a sample comes in, so
that both engines see the same images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from isograd.core.base.arraylike import as_array
from isograd.core.base.errors import SpecError
from isograd.core.base.randomness import uniform_rows
from isograd.core.base.types import Array, Arrays
from isograd.core.data.dataset import Dataset, as_dataset, for_epoch


@dataclass(frozen=True)
class Scaling:
    """Bytes x ↦ (x/255 − mean)/std in float32, operation by operation as torchvision's ToDtype and Normalize.

    >>> Scaling(mean=0.5, std=0.5)(np.array([0, 255], np.uint8)).tolist()
    [-1.0, 1.0]
    """

    mean: float
    std: float

    @classmethod
    def fit(cls, pixels: Array) -> Scaling:
        """The scaling after which these pixels have mean 0 and deviation 1."""
        values = as_array(pixels, "pixels")
        return cls(float(values.mean()) / 255, float(values.std()) / 255)

    def __call__(self, pixels: Array) -> Array:
        x = as_array(pixels, "pixels").astype(np.float32)
        x *= np.float32(1 / 255)
        x -= np.float32(self.mean)
        x /= np.float32(self.std)
        return x


class Mapped:
    """A data set whose inputs go through `function` batch by batch: images kept as bytes, scaled when they are read."""

    def __init__(self, data: Dataset, function: Callable[[Array], Array]) -> None:
        self.data, self.function = as_dataset(data), function

    def __len__(self) -> int:
        return len(self.data)

    def batch(self, indices: Array) -> tuple[Arrays, Arrays]:
        inputs, targets = self.data.batch(indices)
        return tuple(map(self.function, inputs)), targets

    def for_epoch(self, epoch: int) -> Dataset:
        return Mapped(for_epoch(self.data, epoch), self.function)


class Reconstructed:
    """A data set whose targets are its inputs: what an autoencoder learns from."""

    def __init__(self, data: Dataset) -> None:
        self.data = as_dataset(data)

    def __len__(self) -> int:
        return len(self.data)

    def batch(self, indices: Array) -> tuple[Arrays, Arrays]:
        inputs, _ = self.data.batch(indices)
        return inputs, inputs

    def for_epoch(self, epoch: int) -> Dataset:
        return Reconstructed(for_epoch(self.data, epoch))


class Augmented:
    """Images (N, C, H, W) moved by up to `shift` places on each axis and, with `flip`, mirrored half of the time.

    `for_epoch(k)`, which the trainer calls, gives epoch k's: image i moves as (seed, k, i) say. Without an
    epoch they are as they were. What comes in from outside repeats the edge.
    """

    def __init__(self, data: Dataset, *, shift: int = 0, flip: bool = False, seed: int = 0) -> None:
        if shift < 0 or not (shift or flip):
            raise SpecError(
                "Augmented",
                wanted="shift=1 or more, flip=True, or both",
                got=f"shift={shift}, flip={flip}",
                fix="shift=2",
            )
        self.data, self.shift, self.flip, self.seed = as_dataset(data), shift, flip, seed

    def __len__(self) -> int:
        return len(self.data)

    def batch(self, indices: Array) -> tuple[Arrays, Arrays]:
        return self.data.batch(indices)

    def for_epoch(self, epoch: int) -> Dataset:
        draws = uniform_rows(self.seed, "augment", "", epoch, (len(self.data), 3))
        moves = (draws[:, :2] * (2 * self.shift + 1)).astype(np.int64) - self.shift
        return _Moved(for_epoch(self.data, epoch), moves, draws[:, 2] < (0.5 if self.flip else 0))


class _Moved:
    """One epoch of Augmented: each image's move on both axes, and whether it is mirrored."""

    def __init__(self, data: Dataset, moves: Array, mirrored: Array) -> None:
        self.data, self.moves, self.mirrored = data, moves, mirrored

    def __len__(self) -> int:
        return len(self.data)

    def batch(self, indices: Array) -> tuple[Arrays, Arrays]:
        (images,), targets = self.data.batch(indices)
        moved, mirrored = shifted(images, self.moves[indices]), self.mirrored[indices]
        moved[mirrored] = moved[mirrored][..., ::-1]
        return (moved,), targets


def shifted(images: Array, moves: Array) -> Array:
    """y[n,c,p,q] = x[n,c,p − a,q − b],   (a, b) = moves[n], places outside taken from the nearest edge

    >>> shifted(np.arange(4).reshape(1, 1, 1, 4), np.array([[0, -1]])).tolist()
    [[[[1, 2, 3, 3]]]]
    """
    most = int(np.abs(moves).max(initial=0))
    margins = ((0, 0), (0, 0), (most, most), (most, most))
    windows = sliding_window_view(np.pad(images, margins, mode="edge"), images.shape[2:], axis=(2, 3))
    rows, columns = most - moves.T
    found: Array = windows[np.arange(len(images)), :, rows, columns]
    return found
