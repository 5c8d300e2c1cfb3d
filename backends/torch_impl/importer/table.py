"""One table, operation → layer: the heart of the import. Its entries stand in the files beside this one.

An entry is a function (b, a) → what the operation's outputs are: `a` its arguments by the names of its schema, `b` the
Reader, which records a step for every layer: b.apply(layer, *inputs, weights={…}).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Entry: TypeAlias = Callable[[Any, Any], Any]
"""(b, a): `a` has tensors as refs, sizes as int or Rows, numbers as they are."""

OPERATIONS: dict[str, Entry] = {}


def operation(*names: str) -> Callable[[Entry], Entry]:
    """Enter a function for these operations: "conv2d" for every overload, "add.Tensor" for one."""

    def enter(function: Entry) -> Entry:
        for name in names:
            if name in OPERATIONS:
                raise TypeError(f"two entries for {name}")
            OPERATIONS[name] = function
        return function

    return enter


def entry_of(name: str) -> Entry | None:
    """The entry of "conv2d.default": its own, else that of all overloads."""
    return OPERATIONS.get(name) or OPERATIONS.get(name.partition(".")[0])
