"""Tensors inside what modules take and return: nested tuples, dictionaries, dataclasses."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isograd.core.parity.matching import nudged_given


def tensors_in(value: Any) -> list[Tensor]:
    """Every tensor of a structure, in order; what is no structure and no tensor holds none."""
    found: list[Tensor] = []

    def kept(values: Tensor) -> Tensor:
        found.append(values)
        return values

    mapped(value, kept)
    return found


def places_in(value: Any, place: str = "") -> list[str]:
    """Where each tensor of a structure stands in it, in the order of `tensors_in`: "['scores']", "[0][2]"."""
    if isinstance(value, Tensor):
        return [place]
    if isinstance(value, Mapping):
        inside = [(f"[{key!r}]", each) for key, each in value.items()]
    elif isinstance(value, (tuple, list)):
        inside = [(f"[{k}]", each) for k, each in enumerate(value)]
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        inside = [(f".{each.name}", getattr(value, each.name)) for each in dataclasses.fields(value)]
    else:
        inside = []
    return [found for where, each in inside for found in places_in(each, f"{place}{where}")]


def mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """A copy of the structure with change(tensor) for every tensor."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, tuple):
        made = [mapped(each, change) for each in value]
        return type(value)(*made) if hasattr(value, "_fields") else tuple(made)
    if isinstance(value, list):
        return [mapped(each, change) for each in value]
    if isinstance(value, Mapping):
        copied: Any = {} if type(value) is dict else copy.copy(value)
        for key, each in value.items():
            copied[key] = mapped(each, change)
        return copied
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        shallow = copy.copy(value)
        for each in dataclasses.fields(value):
            object.__setattr__(shallow, each.name, mapped(getattr(value, each.name), change))
        return shallow
    return value


@dataclass(frozen=True)
class Inputs:
    """What a module is called with."""

    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)

    @property
    def tensors(self) -> list[Tensor]:
        return tensors_in((self.args, self.kwargs))

    @property
    def floats(self) -> list[Tensor]:
        return [values for values in self.tensors if values.is_floating_point()]

    def mapped(self, change: Callable[[Tensor], Tensor]) -> Inputs:
        args, kwargs = mapped((self.args, self.kwargs), change)
        return Inputs(args, kwargs)

    def cloned(self) -> Inputs:
        return self.mapped(lambda values: values.detach().clone())

    def nudged(self, units: int, draw: int) -> Inputs:
        """Every float moved by so many units in the last place, whole numbers apart."""
        if not units:
            return self
        return self.mapped(
            lambda values: torch.from_numpy(np.asarray(nudged_given(values.detach().numpy(), units, draw)))
        )

    def in_dtype(self, dtype: torch.dtype) -> Inputs:
        """On the processor, floats in this dtype."""
        return self.mapped(lambda v: v.detach().cpu().to(dtype if v.is_floating_point() else v.dtype).clone())

    def filled(self, others: Inputs) -> Inputs | None:
        """These with the floats of `others` in place of their own: each is the next of its shape. None where one of
        them finds none."""
        left, failed = list(others.floats), list[Tensor]()

        def next_of(values: Tensor) -> Tensor:
            if not values.is_floating_point():
                return values
            for k, other in enumerate(left):
                if other.shape == values.shape:
                    return left.pop(k)
            failed.append(values)
            return values

        made = self.mapped(next_of)
        return None if failed else made
