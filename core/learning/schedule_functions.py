"""Functions that schedules call: a description, and a file, hold their names alone."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Annotated

from pydantic import BeforeValidator

from isograd.core.base.errors import SpecError, shown

FUNCTIONS: dict[str, Callable[[int], float]] = {}
"""{name: what `schedule_function` was given}"""


def schedule_function(function: Callable[[int], float]) -> Callable[[int], float]:
    """Let LambdaLR and CyclicLR's scale_fn know a function of the position by its name.

        @ig.schedule_function
        def halved(position: int) -> float:
            return 0.5**position

    A function of the same name replaces it. SpecError for what has no name of its own.
    """
    name = getattr(function, "__name__", "")
    if not callable(function) or not name.isidentifier():
        raise SpecError(
            "ig.schedule_function", wanted="a function with a name", got=shown(function), fix="write it with def"
        )
    FUNCTIONS[name] = function
    return function


def _known(value: object) -> object:
    """The name of a function that is registered."""
    name = getattr(value, "__name__", None) if callable(value) else value
    if not isinstance(name, str) or name not in FUNCTIONS or (callable(value) and FUNCTIONS[name] is not value):
        raise ValueError("a function with @ig.schedule_function above it, or its name")
    return name


Registered = Annotated[str, BeforeValidator(_known)]


@schedule_function
def inverse_root(position: int) -> float:
    """1/√(t + 1)"""
    return float((position + 1) ** -0.5)


def called(name: str, position: int) -> float:
    """What a registered function says; SpecError for no number."""
    value = FUNCTIONS[name](position)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise SpecError(
            f"{name}({position})", wanted="a finite number", got=shown(value), fix=f"mend {name}, a schedule's function"
        )
    return float(value)
