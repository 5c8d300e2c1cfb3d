"""States as flat {"a.b.weight": …} and as nested {"a": {"b": {"weight": …}}}; the arrays are shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isograd.core.base.types import Array, State


def nest(state: Mapping[str, Array]) -> dict[str, Any]:
    """The mapping that a graph's operation walks.

    >>> import numpy as np
    >>> nest({"0.weight": np.ones(1), "a.b.bias": np.zeros(1)})
    {'0': {'weight': array([1.])}, 'a': {'b': {'bias': array([0.])}}}
    """
    tree: dict[str, Any] = {}
    for path, values in state.items():
        *folders, name = path.split(".")
        here = tree
        for folder in folders:
            here = here.setdefault(folder, {})
        here[name] = values
    return tree


def flatten(tree: Mapping[str, Any], prefix: str = "") -> State:
    """The inverse of `nest`."""
    state: State = {}
    for name, entry in tree.items():
        if isinstance(entry, dict):
            state |= flatten(entry, f"{prefix}{name}.")
        else:
            state[prefix + name] = entry
    return state


def below(tree: Mapping[str, Any], path: str) -> Any:
    """What stands in a tree under a dotted path, {} where nothing does.

    >>> below({"a": {"b": {"bias": 0}}}, "a.b"), below({}, "a")
    ({'bias': 0}, {})
    """
    for name in path.split("."):
        tree = tree.get(name, {})
    return tree


def overlaid(tree: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`tree` with the entries of `new` in their places.

    >>> overlaid({"a": {"weight": 1, "bias": 2}}, {"a": {"weight": 3}})
    {'a': {'weight': 3, 'bias': 2}}
    """
    mixed = {k: overlaid(tree.get(k, {}), v) if isinstance(v, dict) else v for k, v in new.items()}
    return {**tree, **mixed}
