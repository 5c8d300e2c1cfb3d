"""Weights, buffers and gradients by name: flat as they are stored, nested as the model's parts see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isograd.core.base.types import Array, State, Tree


class Weights(dict[str, Any]):
    """Nested mappings of arrays. A dotted name reaches down: p["block.conv"] is p["block"]["conv"]."""

    def __missing__(self, path: str) -> Any:
        name, dot, rest = path.partition(".")
        if not dot:
            raise KeyError(path)
        return self[name][rest]


def nested(state: Mapping[str, Array]) -> Weights:
    """{"conv.weight": w} as {"conv": {"weight": w}}"""
    tree = Weights()
    for path, values in state.items():
        *folders, name = path.split(".")
        here = tree
        for folder in folders:
            here = here.setdefault(folder, Weights())
        here[name] = values
    return tree


def flat(tree: Tree, prefix: str = "") -> State:
    """The inverse of `nested`."""
    state: State = {}
    for name, entry in tree.items():
        state |= flat(entry, f"{prefix}{name}.") if isinstance(entry, dict) else {prefix + name: entry}
    return state


def overlaid(*trees: Tree) -> Weights:
    """The first, with the entries of the others in their places."""
    made = Weights()
    for tree in trees:
        for name, entry in tree.items():
            made[name] = overlaid(made.get(name, {}), entry) if isinstance(entry, dict) else entry
    return made


def merged(a: Tree, b: Tree) -> dict[str, Any]:
    """The gradients of a layer that is called again, added weight by weight."""
    return {name: merged(a[name], b[name]) if isinstance(a[name], dict) else a[name] + b[name] for name in a}


def popped(tree: dict[str, Any], path: str) -> Any:
    """Take one entry out of nested gradients: that of a weight that is a value of the graph."""
    *folders, name = path.split(".")
    for folder in folders:
        tree = tree[folder]
    return tree.pop(name)
