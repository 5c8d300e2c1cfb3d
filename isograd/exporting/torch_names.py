"""The names of values in a forward(): few of them, each for as long as its value is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from keyword import iskeyword

POOL = ("x", "h", "y", "z", "u", "v", "a", "b", "c", "d")
TAKEN = {"self", "torch", "nn", "F", "Tensor", "log", "Any", "functional_call", "block", "name"}


class Names:
    """What each slot is called while it is alive."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.of: dict[int, str] = {}
        self.reserved = {*TAKEN, *taken}

    def give(self, slot: int, wanted: str = "") -> str:
        """A name for the slot: the wanted one, or one like it, where it is free; else the next of the pool."""
        taken = {*self.of.values(), *self.reserved}
        names = spellings(wanted) if wanted else iter([*POOL, *(f"h{k}" for k in range(2, len(taken) + 3))])
        self.of[slot] = next(name for name in names if name not in taken)
        return self.of[slot]

    def reuse(self, old: int, new: int) -> str:
        """Let a new value have the name of one that is no longer needed."""
        self.of[new] = self.of.pop(old)
        return self.of[new]

    def drop(self, slots: Iterable[int]) -> None:
        for slot in slots:
            self.of.pop(slot, None)


def spellings(wanted: str) -> Iterator[str]:
    """name, name_2, name_3, …: made of letters, digits and underscores."""
    name = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in wanted).strip("_") or "value"
    name = f"_{name}" if name[0].isdecimal() or iskeyword(name) else name
    yield name
    for k in count(2):
        yield f"{name}_{k}"


def camel(path: str) -> str:
    """A class's name for what stands under a path.

    >>> camel("layer1.0"), camel("transformer.h.11"), camel("encoder.layers.3"), camel("mlp"), camel("self_attn")
    ('Layer1Block', 'HBlock', 'Layer', 'Mlp', 'SelfAttn')
    """
    names = path.split(".")
    numbered = names[-1].isdecimal() and len(names) > 1
    name = next((n for n in reversed(names) if not n.isdecimal()), "part")
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in name.replace("_", " ")).split()
    made = "".join(word[0].upper() + word[1:] for word in words) or "Part"
    if numbered:
        made = made.removesuffix("s") if made.endswith("s") and len(made) > 2 else f"{made}Block"
    return made if made[0].isalpha() else f"Part{made}"
