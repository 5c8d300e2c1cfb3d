"""Values and types as source."""

from __future__ import annotations

import types
from collections.abc import Callable
from math import inf, isinf
from typing import Any, Literal, Union, get_args, get_origin

from isograd.core.base.forms import Form, Rows
from isograd.exporting.shaking.facts import place_of
from isograd.exporting.shaking.reading import Import, Place

MOST_CHOICES = 60  # characters: of a longer list of choices only their type is told
Name = Callable[[Place | Import], str]
"""What a name is called in the source that is written."""


def text_literal(text: str) -> str:
    """A string, in double quotes where that needs no escape."""
    written = repr(text)
    return f'"{text}"' if written == f"'{text}'" and '"' not in text else written


def literal(value: Any, name: Name) -> str:
    """An option of a description as source."""
    match value:
        case str():
            return text_literal(value)
        case Form(axes, kind):
            more = "" if kind == "float" else f", {text_literal(kind)}"
            return f"{name(place_of(Form))}({literal(axes, name)}{more})"
        case Rows(times):
            return f"{name(place_of(Rows))}({'' if times == 1 else times})"
        case tuple() | list():
            inner = ", ".join(literal(entry, name) for entry in value)
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        case float() if isinf(value):
            infinity = name(Import("math", "inf", "inf"))
            return infinity if value == inf else f"-{infinity}"
        case None | bool() | int() | float():
            return repr(value)
    raise TypeError(f"no source for {value!r}")


def type_text(hint: Any, name: Name) -> str:
    """A type as source."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint is type(None) or hint is None:
        return "None"
    if hint is Any:
        return name(Import("typing", "Any", "Any"))
    if hint is Ellipsis:
        return "..."
    if origin in (Union, types.UnionType):
        return " | ".join(type_text(part, name) for part in parts)
    if origin is Literal:
        choices = ", ".join(literal(part, name) for part in parts)
        if len(choices) > MOST_CHOICES:
            return " | ".join(dict.fromkeys(type_text(type(part), name) for part in parts))
        return f"{name(Import('typing', 'Literal', 'Literal'))}[{choices}]"
    if origin is not None:
        return f"{origin.__name__}[{', '.join(type_text(part, name) for part in parts)}]"
    if hint.__module__ == "builtins":
        return str(hint.__name__)
    return name(place_of(hint))
