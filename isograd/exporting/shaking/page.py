"""What stands around carried source: imports in order, and headings."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from textwrap import wrap

from isograd.exporting.shaking.reading import Import, module

WIDTH = 120


def heading(name: str) -> str:
    """A comment that says where what follows is from, and what its module says of itself."""
    told = module(name).doc.splitlines()
    lines = [f"From {name.replace('.', '/')}.py"]
    if told:
        lines[0] += ":"
        for line in told:
            lines += wrap(line, WIDTH - 2) or [""] if len(line) > WIDTH - 2 else [line]
    return ruled(*lines)


def ruled(*lines: str) -> str:
    """A heading of comment lines."""
    rule = "# " + "-" * (WIDTH - 2)
    return "\n".join([rule, *(f"# {line}".rstrip() for line in lines), rule])


def import_lines(found: Iterable[Import]) -> str:
    """Imports in the order in which they are usually written: the standard library's, then others'."""
    groups: tuple[list[str], list[str]] = ([], [])
    plain = {entry for entry in found if entry.name is None}
    named: dict[str, set[str]] = {}
    for entry in found:
        if entry.name is not None:
            text = entry.name if entry.name == entry.alias else f"{entry.name} as {entry.alias}"
            named.setdefault(entry.module, set()).add(text)
    named.pop("__future__", None)
    for entry in sorted(plain, key=lambda e: e.module):
        text = f"import {entry.module}" if entry.module == entry.alias else f"import {entry.module} as {entry.alias}"
        groups[not is_standard(entry.module)].append(text)
    for name, parts in sorted(named.items()):
        groups[not is_standard(name)].append(f"from {name} import {', '.join(sorted(parts, key=_kind_and_name))}")
    blocks = ["from __future__ import annotations", *("\n".join(group) for group in groups if group)]
    return "\n\n".join(blocks)


def is_standard(name: str) -> bool:
    return name.split(".")[0] in sys.stdlib_module_names


def _kind_and_name(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, name
