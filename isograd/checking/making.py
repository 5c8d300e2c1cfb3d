"""A new object of somebody's class: its constructor called with the weights and the options that it asks for."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import fields
from inspect import Parameter, isclass
from typing import Any

import numpy as np

from isograd.checking.calling import parameters
from isograd.checking.spelling import OPTIONS, found_among
from isograd.core.base.description import Description, default_of
from isograd.core.base.errors import SpecError
from isograd.core.base.types import Array, Shape

INNER = {"in_channels": 0, "num_features": 0, "in_features": -1, "input_size": -1, "embed_dim": -1}
"""{an option that a description infers: the axis of a sample that says it}"""


def options_of(like: Description, sample: Shape = ()) -> tuple[dict[str, Any], set[str]]:
    """(the options of a description and what it infers, the names of those that are not as by default)"""
    options = {f.name: getattr(like, f.name) for f in fields(like) if f.name != "name"}
    said = {f.name for f in fields(like) if f.name in options and options[f.name] != default_of(f)}
    return options | {name: sample[axis] for name, axis in INNER.items() if sample and name not in options}, said


def made_by(
    mine: Any, like: Description, weights: Mapping[str, Array], sample: Shape = ()
) -> tuple[Any, dict[str, str]]:
    """(a new object, {weight: the parameter that took it})

    Of a class, its parameters filled by name: those without a default with weights or options, others with the options
    that `like` says. An object is copied; what makes one is called.
    """
    if not isclass(mine):
        makes = callable(mine) and not any(hasattr(mine, name) for name in ("forward", "step"))
        return (mine() if makes else copy.deepcopy(mine)), {}
    options, said = options_of(like, sample)
    given: dict[str, Any] = {}
    took: dict[str, str] = {}
    for p in parameters(mine):
        needed = p.default is Parameter.empty
        weight = next((w for w in weights if w not in took and found_among([p.name], w)), None)
        option = next((o for o in options if found_among([p.name], o, OPTIONS)), None)
        if p.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
            continue
        if needed and weight is not None:
            given[p.name], took[weight] = np.array(weights[weight]), p.name
        elif option is not None and (needed or option in said):
            given[p.name] = options[option]
        elif needed:
            raise SpecError(
                f"{mine.__name__}(… {p.name})",
                wanted=f"parameters that are options of {type(like).__name__}"
                + (f", or its weights ({', '.join(weights)})" if weights else ""),
                got=p.name,
                fix=f"hand in an object, or what makes one: lambda: {mine.__name__}({p.name}=…)",
            )
    return mine(**given), took
