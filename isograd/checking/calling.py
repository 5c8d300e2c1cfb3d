"""How somebody's function is called, and what it returned: arguments by the names of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from inspect import Parameter, signature
from typing import Any

import numpy as np

from isograd.checking.spelling import found_among, gradient_among, plain
from isograd.core.base.errors import SpecError, shown
from isograd.core.base.types import Array

MODES: dict[str, Callable[[bool], Any]] = {
    "training": lambda training: training,
    "train": lambda training: training,
    "istraining": lambda training: training,
    "inference": lambda training: not training,
    "evaluation": lambda training: not training,
    "mode": lambda training: "train" if training else "test",
}
"""{a parameter's plain name: what it is given}"""


def parameters(function: Callable[..., Any]) -> list[Parameter]:
    """The parameters of a function, without `self`; any number where it does not say."""
    try:
        return list(signature(function).parameters.values())
    except (TypeError, ValueError):  # as those of NumPy's own
        return [Parameter("arguments", Parameter.VAR_POSITIONAL)]


def arguments(
    function: Callable[..., Any],
    first: Sequence[Any],
    weights: Mapping[str, Array],
    known: Mapping[str, Any],
    training: bool,
    spelt: dict[str, str],
) -> tuple[list[Any], dict[str, Any]]:
    """(positional, by name) for a call: what comes first, then weights, the mode and what is `known` by name.

    A parameter that is none of these and has no default gets the next weight that nobody has taken. `spelt` learns by
    which name each weight is taken.
    """
    given: list[Any] = []
    named: dict[str, Any] = {}
    waiting, left = list(first), dict(weights)
    for p in parameters(function):
        if p.kind is Parameter.VAR_POSITIONAL:
            given += [*waiting, *left.values()]
            break
        if waiting and p.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD):
            given.append(waiting.pop(0))
            continue
        if p.kind is Parameter.VAR_KEYWORD:
            continue
        found, value = _meant(p, left, known, training, spelt)
        if found and p.kind is Parameter.POSITIONAL_ONLY:
            given.append(value)
        elif found:
            named[p.name] = value
        elif p.default is Parameter.empty:
            raise SpecError(
                f"{getattr(function, '__qualname__', function)}(… {p.name})",
                wanted=f"parameters that are inputs, weights ({', '.join(weights) or 'there are none'}) or a mode",
                got=p.name,
                fix="give it a default, or hand in what needs none: lambda: Mine(…)",
            )
    return given, named


def _meant(
    p: Parameter,
    left: dict[str, Array],
    known: Mapping[str, Any],
    training: bool,
    spelt: dict[str, str],
) -> tuple[bool, Any]:
    """(whether there is one, the value that a parameter stands for)"""
    if p.name in known:
        return True, known[p.name]
    name = next((w for w in left if found_among([p.name], w)), None)
    if name is None and p.default is Parameter.empty and left and plain(p.name) not in MODES:
        name = next(iter(left))
    if name is not None:
        spelt[name] = p.name
        return True, left.pop(name)
    if plain(p.name) in MODES:
        return True, MODES[plain(p.name)](training)
    return False, None


def takes_mode(function: Callable[..., Any]) -> bool:
    """Whether it can be told to train or not."""
    return any(plain(p.name) in MODES for p in parameters(function))


def takes_any(function: Callable[..., Any]) -> bool:
    """Whether it takes as many arguments as there are."""
    return any(p.kind is Parameter.VAR_POSITIONAL for p in parameters(function))


def parts(returned: Any) -> list[Any]:
    """What a function returned, one by one."""
    return list(returned) if isinstance(returned, (tuple, list)) else [] if returned is None else [returned]


def gradients_returned(
    returned: Any, inputs: Sequence[tuple[str, str]], weights: Sequence[str], spelt: Mapping[str, str]
) -> dict[str, Any]:
    """{"dx" …, "d" + weight: the gradient} of what a backward returned.

    `inputs`: (what, the parameter's name) of each. One array, or one for each input and then for each weight; a mapping
    of the weights' behind those of the inputs; or one mapping of all.
    """
    each = [returned] if isinstance(returned, Mapping) else parts(returned)
    found: dict[str, Any] = {}
    order = [what for what, _ in inputs] + [f"d{name}" for name in weights]
    for value in each:
        if isinstance(value, Mapping):
            found |= by_key(value, inputs, weights, spelt)
        elif order:
            found[order.pop(0)] = value
    return {what: value for what, value in found.items() if value is not None}


def by_key(
    given: Mapping[Any, Any], inputs: Sequence[tuple[str, str]], weights: Sequence[str], spelt: Mapping[str, str]
) -> dict[str, Any]:
    """{"dx" …, "d" + weight: …} of a mapping whose keys name weights, or their gradients."""
    keys = [str(key) for key in given]
    found = {}
    for what, name in inputs:
        key = gradient_among(keys, name, name) or (what if what in keys else None)
        if key is not None:
            found[what] = given[key]
    for name in weights:
        called = spelt.get(name, name)
        key = gradient_among(keys, called, name) or (called if called in keys else found_among(keys, name))
        if key is not None:
            found[f"d{name}"] = given[key]
    return found


def as_array(value: Any) -> Any:
    """A number, or a list of them, as the array that it is; what is no array of numbers stays."""
    if isinstance(value, (int, float, list, np.generic)):
        with suppress(ValueError):  # rows of different lengths
            value = np.asarray(value)
    return value


LAYERS = "(forward, backward), an object or class with both, or a torch.autograd.Function"
LOSSES = "forward(prediction, target) and backward(), or one function that returns the value and the gradient"
OPTIMIZERS = "an object or class with step(params, grads), or a function (w, g, state) → (w, state)"


def refused(mine: Any, wanted: str, fix: str) -> SpecError:
    """The error for what nobody knows how to call."""
    return SpecError("check_operation(mine, …)", wanted=wanted, got=shown(mine), fix=fix)
