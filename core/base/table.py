"""A backend's table from description to implementation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar

from isograd.core.base.description import REGISTRY, Description
from isograd.core.base.errors import BackendError

F = TypeVar("F", bound=Callable[..., Any])


class Table(dict[type[Description], Callable[..., Any]]):
    """Implementations by description class; an entry can be made once, and a gap says what to write.

    The entry of a base that is no description of its own (`CustomLayer`) serves all that are derived from it.
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title

    def implements(self, *kinds: type[Description]) -> Callable[[F], F]:
        """Enter the decorated function for these descriptions."""

        def enter(function: F) -> F:
            for kind in kinds:
                if kind in self:
                    raise TypeError(f"{self.title} implements {kind.__name__} twice")
                self[kind] = function
            return function

        return enter

    def overlaid(self, entries: Mapping[type[Description], Callable[..., Any]]) -> Self:
        """Another table: these entries, and this one's for every other description."""
        made = type(self)(self.title)
        made.update(self)
        made.update(entries)
        return made

    def __missing__(self, kind: type[Description]) -> Callable[..., Any]:
        for base in kind.__mro__[1:]:
            if base in self and base not in REGISTRY[kind.family].values():
                return self[base]
        raise BackendError(
            f"{self.title}: {kind.__name__}",
            wanted=f"one of {', '.join(sorted(k.__name__ for k in self))}",
            got=kind.__name__,
            fix=f"add its entry to {self.title}, or use a backend that has it",
        )
