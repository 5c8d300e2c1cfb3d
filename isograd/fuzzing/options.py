"""Options of a description, drawn: from those that its cases have, and around them."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable
from functools import cache
from typing import Any, Literal, get_args, get_origin

import numpy as np

from isograd.core.base.description import Description, from_dict
from isograd.core.base.errors import IsogradError
from isograd.core.layers.base import Layer
from isograd.core.parity.cases import CASES

KEPT = frozenset({"name", "function", "number", "ord", "norm_type", "equation", "input_shape", "axes", "kind", "value"})
"""Options that stay a case's own: what a function is defined for, and axes that fit the case's inputs alone."""

TRIES = 4
SMALL = 64
"""Whole numbers beyond it (a vocabulary of 70,000 words) are those of cases for large sizes, not drawn for others."""


def again(layer: Layer) -> Layer:
    """The same description, an object of its own: weights are shared by objects."""
    made = from_dict(layer.to_dict())
    assert isinstance(made, Layer)
    return made


def varied(rng: np.random.Generator, layer: Layer) -> Layer:
    """The layer with some of its options drawn; as it is where nothing that was drawn can be."""
    fields = [f.name for f in dataclasses.fields(layer) if f.name not in KEPT]
    if not fields or type(layer).from_options.__func__ is not Description.from_options.__func__:  # type: ignore[attr-defined]
        return again(layer)
    for _ in range(TRIES):
        chosen = [name for name in fields if rng.random() < 0.4]
        options = {f.name: getattr(layer, f.name) for f in dataclasses.fields(layer)}
        options |= {name: _drawn(rng, type(layer), name, options[name]) for name in chosen}
        try:
            return type(layer)(**options)
        except IsogradError:
            continue
    return again(layer)


def _drawn(rng: np.random.Generator, kind: Any, name: str, value: Any) -> Any:
    words = _words(kind).get(name)
    if words:
        return words[rng.integers(len(words))]
    known = _known(kind, name)
    if known and not isinstance(value, bool) and rng.random() < 0.5:
        value = known[rng.integers(len(known))]
    return near(rng, value)


def near(rng: np.random.Generator, value: Any) -> Any:
    """A value of the same kind: either truth, a number beside it, a tuple of such.

    What is none of these stays: descriptions, words, None.
    """
    if isinstance(value, bool):
        return bool(rng.random() < 0.5)
    if isinstance(value, int):
        return int(rng.choice([value, value, value - 1, value + 1, 1, 2, 3]))
    if isinstance(value, float):
        return value if value in (0.0, 1.0) and rng.random() < 0.5 else value * float(rng.uniform(0.5, 1.5))
    if isinstance(value, tuple) and rng.random() < 0.5:
        return tuple(near(rng, entry) for entry in value)
    return value


@cache
def _known(kind: Any, name: str) -> list[Any]:
    """What the option is among the cases of its kind."""
    found = (getattr(case.layer, name) for case in CASES.get(kind, ()) if hasattr(case.layer, name))
    return list(dict.fromkeys(value for value in found if _small(value) and not isinstance(value, Description)))


def _small(value: Any) -> bool:
    entries: Iterable[Any] = value if isinstance(value, tuple) else (value,)
    return all(_small(e) if isinstance(e, tuple) else not isinstance(e, int) or abs(e) <= SMALL for e in entries)


@cache
def _words(kind: Any) -> dict[str, tuple[Any, ...]]:
    """{option: the words that it may be}"""
    try:
        hints = typing.get_type_hints(kind)
    except NameError:
        return {}
    return {name: words for name, hint in hints.items() if (words := _literal(hint))}


def _literal(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) is Literal:
        return get_args(hint)
    return ()
