"""Where an object keeps weights and gradients: attributes, `params`, `grads`, `param` of the book (Weidman 2019)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from isograd.checking.spelling import fitted, found_among, gradient_among
from isograd.core.base.types import Array

LISTS = ("params", "parameters", "weights")
GRADIENTS = ("grads", "gradients", "param_grads")
ONE, ONE_GRADIENT = "param", "param_grad"  # of the book's ParamOperation


def held_in(made: Any, names: tuple[str, ...], kind: type) -> Any:
    """The first attribute of these names that is of a kind, None where there is none."""
    found = (getattr(made, name, None) for name in names)
    return next((value for value in found if isinstance(value, kind)), None)


class Slots:
    """The places of an object that weights are put into, by the names of the description."""

    def __init__(self, made: Any, names: list[str]) -> None:
        self.made = made
        self.by_name: dict[str, tuple[str, Any, Callable[[Any], None]]] = {}
        mapping, listed = held_in(made, LISTS, dict), held_in(made, LISTS, list)
        known = [*getattr(made, "__dict__", {})]
        for k, name in enumerate(names):
            if mapping is not None and (key := found_among(mapping, name)) is not None:
                self._add(name, key, mapping[key], partial(mapping.__setitem__, key))
            elif (key := found_among((n for n in known if n != ONE), name)) is not None:
                self._add(name, key, getattr(made, key), partial(setattr, made, key))
            elif ONE in known and len(names) == 1:
                self._add(name, name, getattr(made, ONE), partial(setattr, made, ONE))
            elif listed is not None and len(listed) == len(names):
                self._add(name, name, listed[k], partial(_relisted, made, listed, k))

    def _add(self, name: str, spelt: str, held: Any, put: Callable[[Any], None]) -> None:
        self.by_name[name] = (spelt, held, put)

    def put(self, name: str, values: Array, *, transposed: bool) -> bool:
        """Put values into the place of a weight in the shape that it has there; whether they were transposed."""
        _, held, put = self.by_name[name]
        turned = transposed and values.ndim == 2
        given = values.T if turned else values
        if isinstance(held, np.ndarray) and held.shape != given.shape:
            there = fitted(values, held.shape)
            given, turned = there if there is not None else (given, turned)
        given = np.array(given)
        if isinstance(held, np.ndarray) and held.dtype == given.dtype and held.shape == given.shape:
            held[...] = given  # what else reads this very array is told as well
        else:
            put(given)
        return turned


def _relisted(made: Any, listed: list[Any], k: int, values: Array) -> None:
    """Another array in a list, and in the operations that read the former one."""
    for operation in getattr(made, "operations", []):
        if getattr(operation, ONE, None) is listed[k]:
            operation.param = values
    listed[k] = values


def gradients_held(made: Any, names: list[str], spelt: Mapping[str, str]) -> dict[str, Any]:
    """{"d" + weight: what an object keeps of its gradient after a backward}"""
    mapping, listed = held_in(made, GRADIENTS, dict), held_in(made, GRADIENTS, list)
    known = getattr(made, "__dict__", {})
    found = {}
    for k, name in enumerate(names):
        called = spelt.get(name, name)
        if mapping is not None:
            own = gradient_among(mapping, called, name) or found_among(mapping, called) or found_among(mapping, name)
            if own is not None:
                found[f"d{name}"] = mapping[own]
                continue
        key = gradient_among(known, called, name)
        if key is not None:
            found[f"d{name}"] = known[key]
        elif len(names) == 1 and ONE_GRADIENT in known:
            found[f"d{name}"] = known[ONE_GRADIENT]
        elif listed is not None and len(listed) == len(names):
            found[f"d{name}"] = listed[k]
    return found
