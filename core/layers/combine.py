"""Layers that join several values. Also written as operators: a + b, a - b, a * b, a @ b."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from isograd.core.base.description import Int, describes
from isograd.core.base.forms import Axes, Form, Kind, Rows, Size
from isograd.core.layers.base import Layer, Misfit, axis_at, made_of


def broadcast(*x: Form) -> Axes:
    """The axes of values that are joined entry by entry, as torch broadcasts: from the last one, equal or 1.

    >>> print(Form(broadcast(Form((4, 3)), Form((Rows(), 1, 3)))))
    (N, 4, 3)
    """
    rank = max(len(form.axes) for form in x)
    columns = zip(*((*[1] * (rank - len(form.axes)), *form.axes) for form in x), strict=True)
    sizes = [set(column) - {1} for column in columns]
    batches = [len(form.axes) for form in x if form.batch_first]
    if len(set(batches)) > 1 or any(len(different) > 1 for different in sizes):
        samples = len(batches) == len(x)
        raise Misfit(
            "shapes of equal rank whose axes are equal or 1" if samples else "axes that are equal or 1, from the last",
            " and ".join(map(str, x)),
            f"bring them to one shape with {'Linear, Reshape or Flatten' if samples else 'View or Permute'}",
        )
    return tuple(next(iter(each), 1) for each in sizes)


def one_kind(x: Sequence[Form], *kinds: Kind) -> Kind:
    """The kind of all values, one of `kinds`; raises Misfit for others, and for several."""
    found = {form.kind for form in x}
    if len(found) != 1 or not found <= set(kinds):
        told = {"float": "floats", "integer": "whole numbers", "boolean": "booleans"}
        wanted = " or ".join(told[kind] for kind in kinds)
        several = ", all of one kind" if len(x) > 1 and len(kinds) > 1 else ""
        raise Misfit(f"{wanted}{several}", " and ".join(map(str, x)), f'ig.Cast("{kinds[0]}") before it')
    return found.pop()


@describes("layer", abstract=True)
class Joining(Layer):
    """Values joined entry by entry: floats, or whole numbers, which stay whole and have no gradient."""

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = None

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        return (Form(broadcast(*x), one_kind(x, "float", "integer")),)


@describes("layer")
class Add(Joining):
    """y = a + b + …          axes equal or 1 from the last: (N, T, E) and (N, T, E), (N, 1, E), a weight (T, E)"""


@describes("layer")
class Subtract(Joining):
    """y = a − b          axes as Add's"""

    max_inputs: ClassVar[int | None] = 2


@describes("layer")
class Multiply(Joining):
    """y = a ⊙ b ⊙ …          axes as Add's"""


@describes("layer")
class MatMul(Layer):
    """y = a b, matrix by matrix          a (…, i, k), b (…, k, j) → y (…, i, j), leading axes broadcast as Add's

    Sample by sample where the batch stands first in both: (N, …, i, k), (N, …, k, j). One may be a weight: (k, j).
    """

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 2

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        one_kind(x, "float")
        a, b = (form.axes for form in x)
        samples = all(form.batch_first for form in x)
        try:
            if min(len(a), len(b)) < (3 if samples else 2) or a[-1] != b[-2]:
                raise ValueError
            return (Form((*broadcast(Form(a[:-2]), Form(b[:-2])), a[-2], b[-1])),)
        except (ValueError, Misfit):
            raise Misfit(
                "a (N, …, i, k) and b (N, …, k, j)" if samples else "a (…, i, k) and b (…, k, j)",
                " and ".join(map(str, x)),
                "reshape or transpose one of them, so that a's last axis is b's last but one",
            ) from None


@describes("layer")
class Concat(Layer):
    """y = values one after the other along `dim`, which counts every axis, as torch.cat

    a (N, i, …), b (N, j, …) → y (N, i+j, …) for dim=1; (N, …) and (2N, …) → (3N, …) for dim=0
    """

    dim: Int = 1
    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = None

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        axis = axis_at(self.dim, x[0])
        rest = {(len(form.axes), *form.axes[:axis], *form.axes[axis + 1 :], form.kind) for form in x}
        if len(rest) != 1:
            kinds = {form.kind for form in x}
            raise Misfit(
                f"shapes that agree in all axes but {self.dim}" if len(kinds) == 1 else "values of one kind",
                " and ".join(map(str, x)),
                "bring the other axes to one size" if len(kinds) == 1 else "ig.Cast makes others of them",
            )
        sizes = [form.axes[axis] for form in x]
        counts = [size.times if isinstance(size, Rows) else size for size in sizes]
        grown = [isinstance(size, Rows) for size in sizes]
        if any(grown) and not all(grown):
            raise Misfit(
                f"on axis {self.dim} places that all grow with the batch, or none that do",
                " and ".join(map(str, x)),
                "Expand a value to the rows of the batch first",
            )
        total: Size = Rows(sum(counts)) if all(grown) else sum(counts)
        return (made_of((*x[0].axes[:axis], total, *x[0].axes[axis + 1 :]), x[0].kind),)
