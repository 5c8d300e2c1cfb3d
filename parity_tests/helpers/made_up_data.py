"""Small files in the forms of the real ones, so that experiments on files run where there are none.

Every sample can be told from every other, and whoever asks may spoil those that are held out.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from isograd.experiments.next_character import ENGLISH

IMAGES, TESTED, BITS = 5200, 40, 13  # of MNIST: images to train on and to test on, pixels that say an image's number
DISTRICTS = {"tabular/boston_house_prices.csv": 13, "tabular/cal_housing.data": 8}  # columns beside the price
ROWS, SENTENCES, CHARACTERS = 120, 50, 60_000
WORDS = ("phone", "film", "soup", "good", "bad", "lovely", "awful", "battery", "plot", "waiter")


def write(root: Path, spoilt: Collection[int] = (), *, test: bool = False) -> Path:
    """All files under `root`; samples of these numbers, and with `test` MNIST's own test part, hold something else."""
    write_images(root / "MNIST/raw", spoilt, test)
    for file, columns in DISTRICTS.items():
        write_table(root / file, columns, spoilt)
    for seed, file in enumerate(("text/tinyshakespeare.txt", "text/dlfs_input.txt")):
        characters = np.random.default_rng(seed).choice(list(ENGLISH.characters), CHARACTERS)
        put(root / file, "".join(characters).encode())
    for k, site in enumerate(("amazon_cells", "imdb", "yelp")):
        put(root / f"sentiment/{site}_labelled.txt", sentences(range(k * SENTENCES, (k + 1) * SENTENCES), spoilt))
    return root


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_images(folder: Path, spoilt: Collection[int], test: bool) -> None:
    """Images of bright and dark pixels; the first BITS say an image's number, in binary."""
    for name, count in (("train", IMAGES), ("t10k", TESTED)):
        rng = np.random.default_rng(count)
        pixels = rng.integers(0, 256, (count, 28 * 28), np.uint8)
        pixels[:, BITS : BITS + 2] = 0, 255
        rows = np.arange(count) if name == "t10k" and test else np.array(sorted(spoilt), int)
        if name == "train" or test:
            pixels[rows, 100:] = 255
        pixels[:, :BITS] = 255 * (np.arange(count)[:, None] >> np.arange(BITS) & 1)
        for kind, values in (("images-idx3", pixels.reshape(-1, 28, 28)), ("labels-idx1", rng.integers(0, 10, count))):
            head = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
            put(folder / f"{name}-{kind}-ubyte", head + values.astype(np.uint8).tobytes())


def image_numbers(images: np.ndarray) -> list[int]:
    """The numbers that images say, whatever their pixels were scaled to."""
    flat = images.reshape(len(images), -1)
    bits = flat[:, :BITS] > (flat[:, BITS] + flat[:, BITS + 1])[:, None] / 2
    return [int(n) for n in bits @ (1 << np.arange(BITS))]


def write_table(path: Path, columns: int, spoilt: Collection[int]) -> None:
    """Rows of numbers; the last column, the price, is the row's number."""
    values = np.random.default_rng(columns).normal(size=(ROWS, columns))
    wrong = np.isin(np.arange(ROWS), sorted(spoilt))
    values[wrong] += 1e3
    prices = np.arange(ROWS) + 1e6 * wrong
    lines = [",".join(map(repr, map(float, (*row, price)))) for row, price in zip(values, prices, strict=True)]
    header = [] if path.suffix == ".data" else ["made up", ",".join([*(f"c{k}" for k in range(columns)), "MEDV"])]
    put(path, "\n".join([*header, *lines]).encode())


def sentences(numbers: range, spoilt: Collection[int]) -> bytes:
    """Lines of a number, words, and a label; spoilt ones have a word that no other has."""
    rng = np.random.default_rng(numbers.start)
    lines = [
        f"{n:04d} {' '.join(rng.choice(WORDS, 6))}{' zebra zebra' if n in spoilt else ''}\t{n % 2}" for n in numbers
    ]
    return "\n".join(lines).encode()
