"""Lines of code within the width that formatters keep to."""

from __future__ import annotations

import keyword
from collections.abc import Sequence

WIDTH = 120


def call(front: str, parts: Sequence[str], depth: int, back: str = ")") -> str:
    """front + parts + back, on one line, on three, or with a line for each part."""
    pad, inner = "    " * depth, "    " * (depth + 1)
    joined = ", ".join(parts)
    if len(pad + front + joined + back) <= WIDTH:
        return pad + front + joined + back
    if len(inner + joined) <= WIDTH:
        return f"{pad}{front}\n{inner}{joined}\n{pad}{back}"
    return "\n".join([pad + front, *(f"{inner}{part}," for part in parts), pad + back])


def collection(front: str, parts: Sequence[str], depth: int, back: str) -> str:
    """front + entries + back, on one line, or with a line for each entry."""
    pad = "    " * depth
    joined = ", ".join(parts) + ("," if len(parts) == 1 and back == ")" else "")
    if len(pad + front + joined + back) <= WIDTH:
        return pad + front + joined + back
    return "\n".join([pad + front, *(f"{pad}    {part}," for part in parts), pad + back])


def identifier(name: str) -> str:
    """A node's name as part of one in Python: layer1.0.conv1 → layer1_0_conv1

    >>> identifier("layer1.0.conv1"), identifier("linear#2")
    ('layer1_0_conv1', 'linear_2')
    """
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in name)


def attribute(name: str) -> str:
    """A node's name as that of an attribute: 0 → layer_0"""
    made = identifier(name)
    return f"layer_{made}" if not made[0].isalpha() or keyword.iskeyword(made) else made


def comment(name: str) -> str:
    """A name as part of a docstring, which it cannot end.

    >>> comment("a'b")
    'a_b'
    """
    return "".join(c if c.isalnum() or c in "_- " else "_" for c in name)


def class_name(name: str) -> str:
    """A node's name as that of a class: encoder.block_1 → EncoderBlock1"""
    made = "".join(part[:1].upper() + part[1:] for part in identifier(name).split("_"))
    return made if made[:1].isalpha() else f"Part{made}"


class Names:
    """Names that are not given twice."""

    def __init__(self, *taken: str) -> None:
        self.taken = set(taken)

    def new(self, wanted: str) -> str:
        """The name itself, or with a number behind it."""
        name, number = wanted, 1
        while name in self.taken:
            number += 1
            name = f"{wanted}_{number}"
        self.taken.add(name)
        return name
