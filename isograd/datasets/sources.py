"""The built-in data sets: NumPy arrays, nothing scaled, nothing loaded before its function is called.

Files are looked for under a root: places.py says where that is, catalog.py where they come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from csv import Error as CsvError
from csv import reader
from math import isfinite
from pathlib import Path
from typing import Literal

import numpy as np

from isograd.core.base.errors import DataError, SpecError
from isograd.core.base.types import Array
from isograd.datasets.fetching import fetch
from isograd.datasets.places import getting, located, roots
from isograd.optional import require

Pair = tuple[Array, Array]

MNIST_FILES = (
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)


def digits() -> Pair:
    """1797 images of 8 x 8 pixels, 0…16, as rows of 64, and their digits: UCI, CC BY 4.0 (digits.txt beside this)."""
    with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as held:
        return held["x"].astype(np.float64), held["y"].astype(np.int64)


def diabetes() -> Pair:
    """442 patients, 10 measurements, and how far the disease went in a year (25…346)."""
    return _embedded("diabetes")


def iris() -> Pair:
    """150 flowers, 4 lengths in cm, and their species (3 classes)."""
    return _embedded("iris")


def wine() -> Pair:
    """178 wines, 13 chemical measurements, and their grower (3 classes)."""
    return _embedded("wine")


def breast_cancer() -> Pair:
    """569 tumours, 30 measurements, and malignant (0) or benign (1)."""
    return _embedded("breast_cancer")


def _embedded(name: str) -> Pair:
    """A data set that scikit-learn carries in its package."""
    sets = require("sklearn.datasets", extra="sklearn", purpose=f"data.{name}()")
    x, y = getattr(sets, f"load_{name}")(return_X_y=True)
    return np.asarray(x, np.float64), y if y.dtype.kind == "f" else y.astype(np.int64)


def mnist(
    root: str | Path | None = None,
    *,
    through: Literal["numpy", "torchvision"] = "numpy",
    download: bool = True,
) -> tuple[Pair, Pair]:
    """((x, y) to train, (x, y) to test): images (N, 28, 28) uint8, labels (N,) int64.

    "numpy" reads the four idx files with NumPy alone, "torchvision" through torchvision.datasets.MNIST;
    the arrays are identical. Files lie in ROOT/MNIST/raw. Where they are absent, `fetch` downloads them into the root
    given, else into ~/.cache/isograd.
    """
    if through not in ("numpy", "torchvision"):
        raise SpecError(
            f"data.mnist(through={through!r})",
            wanted='"numpy" or "torchvision"',
            got=repr(through),
            fix='through="numpy"',
        )
    place = _mnist_root(root, download)
    if through == "torchvision":
        source = require("torchvision.datasets", extra="torch", purpose='data.mnist(through="torchvision")')
        parts = [source.MNIST(place, train=train, download=False) for train in (True, False)]
        (train, test) = [(part.data.numpy(), part.targets.numpy()) for part in parts]
        return train, test
    folder = place / "MNIST" / "raw"
    (train, test) = [(_idx(folder / images), _idx(folder / labels).astype(np.int64)) for images, labels in MNIST_FILES]
    return train, test


def _mnist_root(root: str | Path | None, download: bool) -> Path:
    """The root that has all four files, after a download where it is allowed."""
    names = [f"MNIST/raw/{name}" for pair in MNIST_FILES for name in pair]
    places = roots(root)
    for place in places:
        if all((place / name).is_file() for name in names):
            return place
    missing, got = next(place / name for place in places for name in names if not (place / name).is_file()), ""
    if download:
        try:
            fetch("mnist", places[-1])
            return places[-1]
        except DataError as error:
            got = f", and the download failed: {error.got}"
    raise DataError("data.mnist", wanted=f"the file {missing}", got=f"no such file{got}", fix=getting(names[0], root))


def _idx(path: Path) -> Array:
    """An idx file: 0, 0, 8 (unsigned bytes), the rank, each length as a big-endian u32, the values."""
    content = np.fromfile(path, np.uint8)
    head = 4 + 4 * int(content[3]) if len(content) >= 4 else 4
    shape = [int(n) for n in content[4:head].view(">u4")] if len(content) >= head else []
    if not shape or content[:3].tolist() != [0, 0, 8] or len(content) != head + np.prod(shape):
        raise DataError(
            f"data.mnist: {path}",
            wanted="an unpacked idx file of unsigned bytes, whole",
            got=f"{len(content)} bytes that are not",
            fix="unpack or download it again",
        )
    return content[head:].reshape(shape)


def boston(root: str | Path | None = None) -> Pair:
    """506 districts, 13 columns, and the median price in $1000: ROOT/tabular/boston_house_prices.csv.

    Only to replay the figures of the book (Weidman 2019): scikit-learn removed this set because of its column B.
    """
    x, y, _ = csv(located("tabular/boston_house_prices.csv", root, "data.boston"), target="MEDV", header_line=1)
    return x, y


def california(root: str | Path | None = None) -> Pair:
    """20640 districts and their median price in $: ROOT/tabular/cal_housing.data, which has no header.

    Columns: longitude, latitude, age, rooms, bedrooms, population, households, income.
    """
    x, y, _ = csv(located("tabular/cal_housing.data", root, "data.california"), target=-1, header_line=None)
    return x, y


def tiny_shakespeare(root: str | Path | None = None) -> str:
    """1,115,394 characters of Shakespeare's plays, 65 different ones: ROOT/text/tinyshakespeare.txt."""
    return located("text/tinyshakespeare.txt", root, "data.tiny_shakespeare").read_text("utf-8")


def book_text(root: str | Path | None = None) -> str:
    """99,993 characters, 62 different ones, on which the book's chapter on recurrence trains.

    ROOT/text/dlfs_input.txt.
    """
    return located("text/dlfs_input.txt", root, "data.book_text").read_text("utf-8")


def csv(
    path: str | Path, *, target: str | int, header_line: int | None = 0, delimiter: str = ","
) -> tuple[Array, Array, list[str]]:
    """(x, y, names of x's columns) of a file of numbers, float64; `target` names y's column, or counts to it.

    `header_line` counts from 0; lines above it are skipped; None: no header, columns are named "0", "1", …
    Raises DataError, with the line, for a cell that is not a finite number or a row of another length.
    """
    rows = _rows(Path(path), delimiter)
    names: list[str] | None = None
    if header_line is not None:
        names = next((row for line, row in rows if line > header_line), [])
    values: list[list[float]] = []
    for line, row in rows:
        names = names or [str(k) for k in range(len(row))]
        if len(row) != len(names):
            raise DataError(
                f"{path}, line {line}",
                wanted=f"{len(names)} cells, as in the first row",
                got=f"{len(row)}",
                fix="mend the row, or give header_line= or delimiter=",
            )
        values.append(
            [_number(cell, f"{path}, line {line}, column {name!r}") for cell, name in zip(row, names, strict=True)]
        )
    if not values or not names:
        raise DataError(str(path), wanted="one row of numbers or more", got="none", fix="give a file with data")
    column = _column(target, names, str(path))
    table = np.array(values)
    return np.delete(table, column, axis=1), table[:, column], names[:column] + names[column + 1 :]


def _rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line number from 1, cells) of every line that is not blank."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = reader(file, delimiter=delimiter)
            for row in lines:
                if any(cell.strip() for cell in row):
                    yield lines.line_num, [cell.strip() for cell in row]
    except FileNotFoundError:
        raise DataError(
            f"data.csv({str(path)!r})",
            wanted=f"the file {path.absolute()}",
            got="no such file",
            fix="mend the path",
        ) from None
    except (OSError, UnicodeDecodeError, CsvError) as error:
        raise DataError(
            f"data.csv({str(path)!r})", wanted="a text file", got=str(error), fix="give a CSV file in UTF-8"
        ) from None


def _number(cell: str, where: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise DataError(
            where,
            wanted="a finite number",
            got=repr(cell),
            fix="fill or drop the row, or give header_line= or delimiter=",
        )
    return value


def _column(target: str | int, names: list[str], path: str) -> int:
    if isinstance(target, str) and target in names:
        return names.index(target)
    if isinstance(target, int) and -len(names) <= target < len(names):
        return target % len(names)
    raise DataError(
        f"data.csv({path!r}, target={target!r})",
        wanted=f"one of the columns {', '.join(names)}",
        got=repr(target),
        fix="name one of them, or give header_line=",
    )
