"""Sizes at which the NumPy engine takes another path, and layers just below, at and above each of them."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import isograd as ig
from isograd.backends import numpy_impl
from isograd.backends.numpy_impl import learner
from isograd.backends.numpy_impl.operations import channels, convolve, depthwise, products
from isograd.core.base.types import Shape
from isograd.core.layers.base import Layer
from isograd.core.parity.cases import Case

Around = list[tuple[float, Case]]
"""(how large it is, in the measure of the constant; what is of that size), in float64"""

ITEM = 8  # bytes of a float64


def case(layer: Layer, shape: Shape, size: float, batch: int) -> tuple[float, Case]:
    return size, Case(layer, (shape,), f"size {size}, {batch} rows", batch=batch, large=True)


def blocks_of_columns() -> Iterator[tuple[float, Case]]:
    """One image's columns, cut into bands of windows; several images' columns, cut into blocks; pooled images."""
    kernel, whole = 64, convolve.BLOCK_BYTES
    windows = whole // (kernel * ITEM)
    for stride in (1, 2):
        conv = ig.Conv1d(1, kernel, stride=stride, bias=False)
        for out in (windows - 1, windows, windows + 1, 2 * windows + 3):
            yield case(conv, (1, stride * (out - 1) + kernel), out * kernel * ITEM, 2)
        for images in (3, 4, 5, 7):
            length = stride * (windows // 4 - 1) + kernel
            yield case(conv, (1, length), images * windows // 4 * kernel * ITEM, images)
            back = ig.ConvTranspose1d(1, kernel, stride=stride)
            yield case(back, (1, windows // 4), images * windows // 4 * kernel * ITEM, images)
    for images in (3, 4, 5, 7):
        high = whole // (4 * 256 * ITEM)
        yield case(ig.MaxPool2d(3, stride=2, padding=1), (1, high, 256), images * high * 256 * ITEM, images)
    yield case(ig.MaxPool2d(2), (1, 5 * high, 256), 5 * high * 256 * ITEM, 2)


def copies() -> Iterator[tuple[float, Case]]:
    """How many times as many filters as channels."""
    for given, groups in ((3, 1), (4, 2)):
        for filters in range(groups, 6 * given, groups):
            yield case(ig.Conv1d(filters, 2, groups=groups), (given, 4), filters / given, 3)


def tiles() -> Iterator[tuple[float, Case]]:
    """Outputs of a row, and places of one in dx, of a depthwise convolution."""
    for outputs in (1, depthwise.TILE - 1, depthwise.TILE, depthwise.TILE + 1, 2 * depthwise.TILE + 1):
        for stride in (1, 2):
            conv = ig.Conv2d(2, 3, stride=stride, groups=2)
            yield case(conv, (2, 5, stride * (outputs - 1) + 3), outputs, 2)
            back = ig.ConvTranspose2d(2, 3, stride=stride, groups=2)
            yield case(back, (2, 2, outputs), outputs, 2)


def few_entries() -> Iterator[tuple[float, Case]]:
    for kernel in range(1, 8):
        yield case(ig.Conv1d(3, kernel, groups=3), (3, 9), kernel, 2)
    for entries in (2, 3):
        yield case(ig.Conv2d(2, (entries, 2), groups=2), (2, 4, 3), 2 * entries, 2)


def short_channels() -> Iterator[tuple[float, Case]]:
    for places in (1, channels.SHORT_ROW - 1, channels.SHORT_ROW, channels.SHORT_ROW + 1):
        yield case(ig.BatchNorm1d(), (3, places), places, 4)


def long_channels() -> Iterator[tuple[float, Case]]:
    for places in (channels.LONG_ROW - 1, channels.LONG_ROW, channels.LONG_ROW + 1):
        yield case(ig.BatchNorm1d(), (2, places), places, 2)


def long_rows() -> Iterator[tuple[float, Case]]:
    """Features of a row; 24 and 22 rows are cut evenly, 13 are not."""
    for features in (products.LONG_ROW - 1, products.LONG_ROW, products.LONG_ROW + 1):
        for batch in (1, 13, 22, 24):
            yield case(ig.Linear(3), (features,), features, batch)


def few_outputs() -> Iterator[tuple[float, Case]]:
    for outputs in (products.FEW_OUTPUTS - 1, products.FEW_OUTPUTS, products.FEW_OUTPUTS + 1):
        yield case(ig.Linear(outputs), (products.LONG_ROW,), outputs, 8)


def small_products() -> Iterator[tuple[float, Case]]:
    """12 rows at once, and, where that is too much, 6; 4 of them too much: all at once."""
    features = products.SMALL_PRODUCT // (12 * 100)
    for n in (features - 1, features, features + 1):
        yield case(ig.Linear(100), (n,), 12 * 100 * n, 12)
    yield case(ig.Linear(100), (3 * features + 1,), 12 * 100 * (3 * features + 1), 12)


def blocks_of_weights() -> Iterator[tuple[float, Case]]:
    for size in (learner.BLOCK - 1, learner.BLOCK, learner.BLOCK + 1, 2 * learner.BLOCK + 3):
        yield case(ig.Linear(1, bias=False), (size,), size, 2)


THRESHOLDS: dict[str, Around] = {
    "operations.convolve.BLOCK_BYTES": list(blocks_of_columns()),
    "operations.convolve.COPIES_FOR_AN_ADD": list(copies()),
    "operations.depthwise.TILE": list(tiles()),
    "operations.depthwise.LEAST_ENTRIES": list(few_entries()),
    "operations.channels.SHORT_ROW": list(short_channels()),
    "operations.channels.LONG_ROW": list(long_channels()),
    "operations.products.LONG_ROW": list(long_rows()),
    "operations.products.FEW_OUTPUTS": list(few_outputs()),
    "operations.products.SMALL_PRODUCT": list(small_products()),
    "learner.BLOCK": list(blocks_of_weights()),
}
"""By the constant's name: what lies around it."""

NO_THRESHOLDS = {
    "memory.M_TRIM_THRESHOLD": "the number that glibc gives an option",
    "memory.M_MMAP_THRESHOLD": "the number that glibc gives an option",
    "memory.LARGEST_HEAP_BLOCK": "how memory is handed out; no value depends on it",
    "memory.KEPT": "how memory is handed back; no value depends on it",
    "searching.ENOUGH": "a share of the slope",
    "searching.FLAT": "a share of the slope",
    "searching.NARROW": "a length along the search",
    "operations.special.FARTHEST": "beyond it erfc is smaller than any number it is added to",
    "operations.special.NEAREST_T": "the same place, in the variable of the series",
    "likelihoods.LEAST": "what a logarithm is at least",
    "likelihoods.SMALLEST": "what a product is at least that divides",
    "margins.TINY": "is added to squared lengths of any size",
    "operations.special.DEGREES": "by dtype, not by size",
}
"""Numbers that no size is held against, each with the reason why."""


def constants() -> dict[str, Any]:
    """Every number, or table of numbers, that stands in capitals in a module of the NumPy engine."""
    found: dict[str, Any] = {}
    for info in pkgutil.walk_packages(numpy_impl.__path__, f"{numpy_impl.__name__}."):
        module = importlib.import_module(info.name)
        short = info.name.removeprefix(f"{numpy_impl.__name__}.")
        found |= {f"{short}.{name}": value for name, value in assigned(module) if is_number(value)}
    return found


def assigned(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """(name, value) of what a module itself assigns in capitals."""
    assert module.__file__ is not None
    for node in ast.parse(Path(module.__file__).read_text("utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if hasattr(node, "target") else []
        for name in (part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)):
            if name.isupper():
                yield name, getattr(module, name)


def is_number(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value) and all(map(is_number, value.values()))
    if isinstance(value, (tuple, list)):
        return bool(value) and all(map(is_number, value))
    return isinstance(value, (int, float)) and not isinstance(value, bool)
