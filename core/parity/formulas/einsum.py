"""The formula of sums of products by Einstein's notation."""

from __future__ import annotations

from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import Einsum
from isograd.core.parity.formulas.table import formula


@formula(Einsum)
def einsum(spec: Einsum, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = Σ x₀ x₁ …, every value with an axis for each letter, in y's order and then those that are summed over

    The last two are joined as matrices, so that their product need not be held: … letters of both and y, i of the one
    and y, s of both alone, j of the other and y: Σₛ a[…, i, s] b[…, s, j].
    """
    terms, out = list(spec.terms[0]), spec.terms[1]
    values = list(x)
    while len(values) > 1:
        b, a = values.pop(), values.pop()
        right, left = terms.pop(), terms.pop()
        needed = set(out).union(*terms)
        made, letters = joined(ops, a, left, b, right, needed)
        values.append(made)
        terms.append(letters)
    return summed(ops, values[0], terms[0], out)


def summed(ops: Namespace, x: Any, term: str, out: str) -> Any:
    """Σ over the letters that `out` has not, the others in its order"""
    gone = tuple(axis for axis, letter in enumerate(term) if letter not in out)
    x = ops.sum(x, axis=gone) if gone else x
    left = [letter for letter in term if letter in out]
    return ops.permute_dims(x, tuple(left.index(letter) for letter in out)) if out else x


def joined(ops: Namespace, a: Any, left: str, b: Any, right: str, needed: set[str]) -> tuple[Any, str]:
    """(the product of two, its letters), summed over those that nobody needs after them"""
    sizes = dict(zip(left + right, (*a.shape, *b.shape), strict=True))
    a_own = "".join(c for c in left if c not in right and c in needed)
    b_own = "".join(c for c in right if c not in left and c in needed)
    both = [c for c in left if c in right]
    kept = "".join(c for c in both if c in needed)
    gone = "".join(c for c in both if c not in needed)

    def shaped(x: Any, term: str, *groups: str) -> Any:
        """An axis for each letter of the first group, one for each other group"""
        first, *others = groups
        ordered = summed(ops, x, term, "".join(groups))
        return ops.reshape(ordered, (*(sizes[c] for c in first), *(volume(sizes, group) for group in others)))

    made = shaped(a, left, kept, a_own, gone) @ shaped(b, right, kept, gone, b_own)
    letters = kept + a_own + b_own
    return ops.reshape(made, tuple(sizes[c] for c in letters)), letters


def volume(sizes: dict[str, int], letters: str) -> int:
    """How many places the axes of these letters have together."""
    count = 1
    for letter in letters:
        count *= sizes[letter]
    return count
