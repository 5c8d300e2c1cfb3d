"""One table, operation → layer: the heart of the import. Its entries stand in the files beside this one.

An entry is a function (b, a) → what the operation's outputs are: `a` its arguments by the names of its schema, `b` the
Reader, which records a step for every layer: b.apply(layer, *inputs, weights={…}).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from isograd.backends.torch_impl.importer.reading import Reader

Arguments: TypeAlias = Any
"""The operation's arguments as attributes: tensors as refs, sizes as int or Rows, numbers as they are."""

Entry: TypeAlias = "Callable[[Reader, Arguments], Any]"

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
