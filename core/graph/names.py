"""The names of nodes: a layer's own, else its kind, made unique."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from isograd.core.base.errors import SpecError
from isograd.core.layers.base import Layer


def kind_name(layer: Layer) -> str:
    """LeakyReLU → leaky_relu, Conv2d → conv2d.

    >>> from isograd.core.layers import LeakyReLU, LogSoftmax, SiLU
    >>> kind_name(LeakyReLU()), kind_name(LogSoftmax()), kind_name(SiLU())
    ('leaky_relu', 'log_softmax', 'silu')
    """
    text = (
        type(layer)
        .__name__.replace("ReLU", "Relu")
        .replace("ELU", "Elu")
        .replace("SiLU", "Silu")
        .replace("GElu", "Gelu")
    )
    return "".join(("_" if i and c.isupper() and text[i - 1].islower() else "") + c.lower() for i, c in enumerate(text))


def checked_name(name: str, where: str) -> str:
    if not name or any(mark in name for mark in ".#:|/"):
        raise SpecError(
            where, wanted="a name without . # : | /, which separate names in paths", got=repr(name), fix="rename it"
        )
    return name


def name_layers(layers: Sequence[Layer], where: str) -> dict[int, str]:
    """A unique name for each distinct layer object, by id: its own, else by kind and number."""
    names: dict[int, str] = {}
    taken = {checked_name(layer.name, where) for layer in layers if layer.name is not None}
    given: set[str] = set()
    for layer in layers:
        if id(layer) in names:
            continue
        if layer.name is not None:
            if layer.name in given:
                raise SpecError(
                    where,
                    wanted="a name of its own for every layer",
                    got=f"two layers named {layer.name!r}",
                    fix="rename one; to share weights, call one layer object twice",
                )
            given.add(layer.name)
            names[id(layer)] = layer.name
            continue
        base = kind_name(layer)
        free = next(n for k in count() if (n := f"{base}_{k}" if k else base) not in taken)
        taken.add(free)
        names[id(layer)] = free
    return names
