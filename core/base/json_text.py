"""JSON that somebody else wrote: read whole, or an error of ours."""

from __future__ import annotations

import json
from typing import Any

from isograd.core.base.errors import FileError, shown
from isograd.core.base.limits import BRACKETS, TEXT


def read_json(text: object, where: str = "JSON text", *, most: int = TEXT) -> Any:
    """What a JSON text of at most `most` characters holds.

    Raises FileError for what is no JSON, for a key that stands twice in one object, for numbers of thousands of digits
    and for more than BRACKETS objects and lists within each other.
    """
    if not isinstance(text, (str, bytes, bytearray)):
        raise FileError(where, wanted="a text", got=shown(text), fix="read the file that holds it: path.read_text()")
    if len(text) > most:
        raise FileError(where, wanted=f"at most {most:,} characters", got=f"{len(text):,}", fix="divide the model")
    try:
        read = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise FileError(where, wanted="JSON", got=str(error), fix="restore the file") from None
    _check_brackets(read, where)
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, each of its keys there once."""
    record = dict(pairs)
    if len(record) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {shown(twice)} twice in one object")
    return record


def _check_brackets(read: Any, where: str) -> None:
    """Go down level by level: recursion would end where Python's stack does."""
    level = [read]
    for _ in range(BRACKETS + 1):
        level = [
            entry
            for outer in level
            if isinstance(outer, (dict, list))
            for entry in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise FileError(
        where,
        wanted=f"at most {BRACKETS} objects and lists within each other",
        got="more",
        fix="nest fewer models within models",
    )
