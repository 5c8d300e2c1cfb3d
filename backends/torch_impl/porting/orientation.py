"""Which weights are transposed on the way from one module to the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from isograd.backends.torch_impl.porting.alignment import Half, Match, parent


def fits(a: Tensor, b: Tensor) -> bool:
    """Whether b can hold a's numbers: equal shapes, or those of matrices the other way round."""
    return a.shape == b.shape or (a.dim() == 2 and tuple(a.shape) == tuple(b.shape)[::-1])


def oriented(theirs: Half, mine: Half, matches: Sequence[Match]) -> list[Match]:
    """Each match, and whether its weight is transposed.

    A square one fits both ways: it is copied as it is, unless everything else of the same two classes is transposed.
    """
    turned: dict[tuple[type, type], set[bool]] = defaultdict(set)

    def classes(match: Match) -> tuple[type, type]:
        return type(theirs.parts[parent(match.theirs)]), type(mine.parts[parent(match.mine)])

    def square(match: Match) -> bool:
        shape = theirs.weight(match.theirs).shape
        return len(shape) == 2 and shape[0] == shape[1]

    def differ(match: Match) -> bool:
        return theirs.weight(match.theirs).shape != mine.weight(match.mine).shape

    for match in matches:
        if theirs.weight(match.theirs).dim() == 2 and not square(match):
            turned[classes(match)].add(differ(match))
    return [
        replace(match, transposed=differ(match) or (square(match) and turned[classes(match)] == {True}))
        for match in matches
    ]
