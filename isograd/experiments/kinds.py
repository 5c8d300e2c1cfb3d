"""What the parts of an experiment must be: told where it is written, not where it is first used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isograd.core.base.errors import SpecError, shown
from isograd.core.base.numbers import whole_number

Check = Callable[[Any], bool]


def check_kinds(made: object, **wanted: tuple[str, Check]) -> None:
    """Raise SpecError for the first attribute that its check refuses; each has words for what is wanted."""
    kind = type(made).__name__
    for name, (words, fits) in wanted.items():
        value = getattr(made, name)
        if not fits(value):
            raise SpecError(f"{kind}({name}=…)", wanted=words, got=shown(value), fix=f"change {name}=")


def check_counts(made: object, *names: str, least: int | None = None) -> None:
    """Raise SpecError for the first of these attributes that is no whole number, of at least so much."""
    for name in names:
        where = f"{type(made).__name__}({name}={shown(getattr(made, name))})"
        whole_number(getattr(made, name), where, least=least, fix=f"change {name}=")


def is_a(*kinds: type) -> Check:
    """A check for instances."""
    return lambda value: isinstance(value, kinds)


def maybe(check: Check) -> Check:
    """A check that None passes as well."""
    return lambda value: value is None or check(value)


def each(check: Check) -> Check:
    """A check for tuples of what passes."""
    return lambda value: isinstance(value, tuple) and all(map(check, value))
