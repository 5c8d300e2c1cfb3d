"""Modules with what they are called with: those that are imported right, and those that are refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from isograd.core.base.randomness import generator

Kind = TypeVar("Kind", bound="type[nn.Module]")
MARK = "# refused"


@dataclass(frozen=True)
class Pitfall:
    """A module, the example that it is imported with, and another call of another batch size."""

    kind: type[nn.Module]
    example: Callable[[int], tuple[Any, ...]]
    keywords: Callable[[int], Mapping[str, Any]]
    rows: int
    called: Callable[[int], tuple[Any, ...]]
    got: str
    path: str

    def module(self) -> nn.Module:
        """Made of the same random numbers every time, the process's own generator left alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return self.kind()

    @property
    def line(self) -> str:
        """File and number of the line that the class marks as the one to be named; "" where it is the whole."""
        lines, first = inspect.getsourcelines(self.kind)
        numbers = [first + k for k, line in enumerate(lines) if line.rstrip().endswith(MARK)]
        return f"{Path(inspect.getfile(self.kind)).name}:{numbers[0]}" if numbers else ""


RIGHT: dict[str, Pitfall] = {}
REFUSED: dict[str, Pitfall] = {}


def nothing(rows: int) -> Mapping[str, Any]:
    """No keywords."""
    return {}


def right(
    *shapes: tuple[int, ...],
    example: Callable[[int], tuple[Any, ...]] | None = None,
    keywords: Callable[[int], Mapping[str, Any]] = nothing,
    rows: int = 3,
    called: Callable[[int], tuple[Any, ...]] | None = None,
) -> Callable[[Kind], Kind]:
    """Enter a module that is imported right.

    `shapes` are those of its inputs without the batch, or `example` makes them; `called` where it is judged by others.
    """

    def enter(kind: Kind) -> Kind:
        made = example or floats(*shapes)
        RIGHT[kind.__name__] = Pitfall(kind, made, keywords, rows, called or made, "", "")
        return kind

    return enter


def refused(
    got: str,
    *shapes: tuple[int, ...],
    example: Callable[[int], tuple[Any, ...]] | None = None,
    keywords: Callable[[int], Mapping[str, Any]] = nothing,
    path: str | None = None,
    rows: int = 3,
) -> Callable[[Kind], Kind]:
    """Enter a module that is refused: the error's `got` has this text, and it names the path and the marked line."""

    def enter(kind: Kind) -> Kind:
        where = kind.__name__ if path is None else path
        made = example or floats(*shapes)
        REFUSED[kind.__name__] = Pitfall(kind, made, keywords, rows, made, got, where)
        return kind

    return enter


def floats(*shapes: tuple[int, ...]) -> Callable[[int], tuple[Tensor, ...]]:
    """A batch of normal numbers for each shape."""
    return lambda rows: tuple(drawn((rows, *shape), seed) for seed, shape in enumerate(shapes))


def drawn(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    """Normal numbers."""
    made: Any = generator(seed, "pitfall", f"{shape[1:]}").normal(size=shape)
    return torch.from_numpy(made).float()
