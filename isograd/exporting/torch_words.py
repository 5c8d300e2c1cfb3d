"""What a line of a forward() is written from, and how a function of torch reads in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

from isograd.core.graph.nodes import Node
from isograd.exporting.torch_modules import value_text

LIKE = "self._like"
"""A buffer of no axes that is not in the state_dict: it has the dtype of the module and its device."""


@dataclass(frozen=True)
class Line:
    """A call: the expression, the pattern of what it is assigned to, and what is done to an output that is read."""

    text: str
    target: str = ""
    then: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spoken:
    """What a line is written from: the engine's module, the node, the names of its inputs, and where the module is."""

    made: Any
    node: Node
    x: tuple[str, ...]
    here: str
    given: dict[str, str] = field(default_factory=dict)

    @property
    def all(self) -> str:
        return ", ".join(self.x)

    def rank(self, k: int = 0) -> int:
        return len(self.node.in_forms[k].axes)

    def option(self, name: str) -> str:
        return value_text(getattr(self.made, name))


INFIX: dict[Any, str] = {
    torch.add: "+",
    torch.sub: "-",
    torch.mul: "*",
    torch.div: "/",
    torch.matmul: "@",
    torch.pow: "**",
    torch.eq: "==",
    torch.ne: "!=",
    torch.lt: "<",
    torch.le: "<=",
    torch.gt: ">",
    torch.ge: ">=",
    torch.bitwise_and: "&",
    torch.bitwise_or: "|",
    torch.bitwise_xor: "^",
}
PREFIX: dict[Any, str] = {torch.neg: "-", torch.bitwise_not: "~"}
NAMES: dict[Any, str] = {torch.linalg.vector_norm: "torch.linalg.vector_norm"}
METHODS = {"permute", "cumsum", "cumprod", "argmax", "argmin", "sort", "argsort", "max", "min", "amax", "amin", "any"}
METHODS |= {"all", "sum", "mean", "var", "std", "flip", "roll", "repeat_interleave", "tril", "triu", "clamp"}
METHODS |= {"masked_fill", "detach", "unfold"}
"""Functions that are written as methods of their first value."""

BY_DEFAULT = {"keepdim": False, "descending": False, "dim": None}
"""Options that torch's functions have these values of where they are not said."""


def operator(which: Any, operands: Sequence[str]) -> str:
    """The operands with the sign of a function between them, as a formatter sets it."""
    if which is not torch.pow:
        return f" {INFIX[which]} ".join(operands)
    base, exponent = operands
    return f"({base}) ** {exponent}" if base.startswith("-") else f"{base}**{exponent}"


def function(which: Any, given: tuple[str, ...], options: dict[str, Any]) -> str:
    """function(given, options), as an operator or a method where people write it so."""
    if isinstance(which, partial):
        first = tuple(map(value_text, which.args))
        return function(which.func, (*first, *given), {**which.keywords, **options})
    operands = [*given, *([value_text(options["other"])] if "other" in options else [])]
    if which in INFIX and len(operands) == 2 and options.keys() <= {"other"}:
        return operator(which, operands)
    if which in PREFIX:
        return f"{PREFIX[which]}{given[0]}"
    said = {k: v for k, v in options.items() if BY_DEFAULT.get(k, ...) != v}
    if "keepdim" in said and options.get("dim", ...) is None:
        said["dim"] = None
    named = [f"{k}={value_text(v)}" for k, v in said.items()]
    if which.__name__ in METHODS:
        return f"{given[0]}.{which.__name__}({', '.join([*given[1:], *named])})"
    return f"{NAMES.get(which, f'torch.{which.__name__}')}({', '.join([*given, *named])})"
