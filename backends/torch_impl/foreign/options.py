"""What a layer of a model says of itself against what the part of a module that it stands for says."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from torch import Tensor, nn

from isograd.core.layers.base import Layer

ABSENT = object()


def options_apart(layer: Layer, part: nn.Module) -> dict[str, tuple[Any, Any]]:
    """{option: (the layer's, the module's)} of those that both have under one name and that are not the same."""
    found: dict[str, tuple[Any, Any]] = {}
    for field in fields(layer):
        mine, theirs = getattr(layer, field.name), getattr(part, field.name, ABSENT)
        if field.name == "name" or theirs is ABSENT or callable(theirs):
            continue
        if field.name == "bias" and not isinstance(theirs, bool):
            theirs = theirs is not None
        if not isinstance(theirs, (Tensor, nn.Module)) and not same(mine, theirs):
            found[field.name] = (mine, theirs)
    return found


def same(mine: Any, theirs: Any) -> bool:
    """Whether two options say the same: one number may stand for each of several axes, and (p, p) for p on both sides.

    >>> same((3, 3), 3), same(((1, 1), (1, 1)), (1, 1)), same((3, 3), (3, 5)), same(1e-5, 1e-3)
    (True, True, False, False)
    """
    if isinstance(mine, (tuple, list)) and isinstance(theirs, (tuple, list)):
        return len(mine) == len(theirs) and all(map(same, mine, theirs))
    if isinstance(mine, (tuple, list)) or isinstance(theirs, (tuple, list)):
        several, one = (mine, theirs) if isinstance(mine, (tuple, list)) else (theirs, mine)
        return all(same(each, one) for each in several)
    return bool(mine == theirs)


def told_apart(path: str, layer: Layer, part: nn.Module) -> str:
    """What differs, in words; "" where nothing does that both have a word for."""
    kind = type(layer).__name__
    if type(part).__module__.startswith("torch.nn.") and kind not in (base.__name__ for base in type(part).__mro__):
        return f"{path} is {kind} in the model, {type(part).__name__} in the module"
    apart = options_apart(layer, part)
    mine, theirs = (", ".join(f"{name}={sides[k]!r}" for name, sides in apart.items()) for k in (0, 1))
    return f"{path} is {kind} with {mine} in the model, with {theirs} in the module" if apart else ""
