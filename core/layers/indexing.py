"""Layers that read and write places that are themselves values: whole numbers, from 0 or, where it says so, negative.

A number that is no place of its axis is a DataError, in every engine.
"""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar

from isograd.core.base.description import Dims, Int, describes
from isograd.core.base.errors import DataError
from isograd.core.base.forms import Form, Rows, Size
from isograd.core.layers.base import Layer, Misfit, axes_at, axis_at, made_of
from isograd.core.layers.combine import broadcast, one_kind


def no_place(where: str, got: int, size: int, least: int = 0) -> DataError:
    """The error of a number that is no place of an axis of so many."""
    return DataError(
        f"{where}, an index",
        wanted=f"whole numbers {least}…{size - 1}",
        got=f"{got}",
        fix="mend the data, or what computes the index",
    )


def room(size: Size, among: Size) -> bool:
    """Whether so many places are there for every batch."""
    if isinstance(size, Rows) or isinstance(among, Rows):
        return isinstance(size, Rows) and isinstance(among, Rows) and size.times <= among.times
    return size <= among


def check_room(index: Form, value: Form, *, but: int | None = None) -> None:
    """Raise Misfit unless on every axis but one the index has at most the places of the value."""
    same_rank = len(index.axes) == len(value.axes)
    pairs = enumerate(zip(index.axes, value.axes, strict=False))
    if not same_rank or not all(room(size, among) for k, (size, among) in pairs if k != but):
        raise Misfit(
            "an index of as many axes as the value, with at most its places on every other axis",
            f"{index} for {value}",
            "bring the index to the value's axes with Expand, View or Slice",
        )


@describes("layer")
class Gather(Layer):
    """y[i, j] = x[index[i, j], j] for dim 0, y[i, j] = x[i, index[i, j]] for dim 1, as torch.gather

    Gather(dim)(x, index): whole numbers 0…size−1, of as many axes as x          index (3, 2) → y (3, 2)
    """

    dim: Int = field(kw_only=False)
    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 2

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        form, index = x
        one_kind([index], "integer")
        check_room(index, form, but=axis_at(self.dim, form))
        return (Form(index.axes, form.kind),)


@describes("layer")
class IndexSelect(Layer):
    """y = the places index[0], index[1], … of axis `dim`, as torch.index_select

    IndexSelect(dim)(x, index): index (k,) of whole numbers 0…size−1          x (3, 8) → y (3, k) for dim 1
    """

    dim: Int = field(kw_only=False)
    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 2

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        form, index = x
        one_kind([index], "integer")
        axis = axis_at(self.dim, form)
        if len(index.axes) != 1:
            raise Misfit("an index (k,)", str(index), "View it so, or ig.Index, which takes any")
        return (made_of((*form.axes[:axis], *index.axes, *form.axes[axis + 1 :]), form.kind),)


@describes("layer", abstract=True)
class Indexing(Layer):
    """Places named by whole numbers on the axes `at`, all places of the others.

    The indices are broadcast among each other; negative numbers count from the end. What they name stands where the
    first of the axes `at` stood where these follow each other, else in front, as NumPy and torch put it.
    """

    at: Dims = field(kw_only=False)
    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = None

    def axes_of(self, rank: int) -> tuple[int, ...]:
        """`at`, counted from the first axis."""
        return tuple(axis % rank for axis in self.at)

    def place(self, rank: int) -> int:
        """The axis of the indexed value at which what the indices name begins."""
        axes = self.axes_of(rank)
        return axes[0] if axes[-1] - axes[0] == len(axes) - 1 else 0

    def indexed(self, form: Form, indices: tuple[Form, ...]) -> Form:
        """What stands at the named places."""
        if len(indices) != len(self.at):
            raise Misfit(f"one index for each of at={self.at}", f"{len(indices)}", "give as many as axes")
        if any(index.kind == "boolean" for index in indices):
            raise Misfit(
                "indices of whole numbers",
                " and ".join(map(str, indices)),
                "a mask takes as many values as it has True: Where, Multiply or MaskedFill keep the size",
            )
        one_kind(indices, "integer")
        axes = axes_at(self.at, form)
        if not axes or list(axes) != sorted(axes):
            raise Misfit("one axis or more, the first ones first", f"at={self.at}", "order the indices by their axes")
        rest = [size for k, size in enumerate(form.axes) if k not in axes]
        start = self.place(len(form.axes))
        return made_of((*rest[:start], *broadcast(*indices), *rest[start:]), form.kind)


@describes("layer")
class Index(Indexing):
    """y = x[…, i, …, j, …], indexing by arrays as torch's          x (3, 8, 5), i (2, 4) → y (3, 2, 4, 5) for at=(1,)

    Index(at)(x, *indices): one index of whole numbers −size…size−1 for each of the axes `at`, broadcast among each
    other; x[:, i, j] is Index((1, 2))(x, i, j). Where other axes stand between them, what they name stands in front.
    """

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        form, *indices = x
        return (self.indexed(form, tuple(indices)),)


@describes("layer")
class IndexPut(Indexing):
    """y = x with value in its places x[…, i, …, j, …] (accumulate: added to what is there), as torch.index_put

    IndexPut(at)(x, value, *indices), with the indices of ig.Index and a value that broadcasts to what it takes there.
    Where a place is named several times, all values are added up, or else one of them stands there: which is not said.
    """

    accumulate: bool = False
    min_inputs: ClassVar[int] = 3

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        form, value, *indices = x
        place = self.indexed(form, tuple(indices))
        if value.kind != form.kind or broadcast(value, place) != place.axes:
            raise Misfit(f"a value that broadcasts to {place}", str(value), "bring it to this form")
        if form.kind == "boolean" and self.accumulate:
            raise Misfit("numbers, which add up", str(form), "ig.Cast makes them")
        return (form,)


@describes("layer", abstract=True)
class Scattering(Layer):
    """Values written to places of axis `dim` that an index names.

    The index has as many axes as x and the source, and at most their places on every axis (of x: but `dim`).
    """

    dim: Int = field(kw_only=False)
    min_inputs: ClassVar[int] = 3
    max_inputs: ClassVar[int | None] = 3

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        form, index, source = x
        one_kind([index], "integer")
        check_room(index, form, but=axis_at(self.dim, form))
        check_room(index, source)
        if source.kind != form.kind:
            raise Misfit(f"a source of {form.kind} values", str(source), f"ig.Cast({form.kind!r}) makes them of others")
        return (form,)


@describes("layer")
class Scatter(Scattering):
    """y = x, but y[index[i, j], j] = source[i, j] for dim 0, y[i, index[i, j]] = source[i, j] for dim 1: torch.scatter

    Scatter(dim)(x, index, source): whole numbers 0…size−1          x → y, same axes. Where a place is named several
    times, one of the values stands there: which is not said.
    """


@describes("layer")
class ScatterAdd(Scattering):
    """y = x, but y[index[i, j], j] += source[i, j] for dim 0, y[i, index[i, j]] += source[i, j] for dim 1

    ScatterAdd(dim)(x, index, source), as torch.scatter_add: whole numbers 0…size−1          x → y, same axes
    """

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        made = super().out_forms(*x)
        if made[0].kind == "boolean":
            raise Misfit("numbers, which add up", str(made[0]), "ig.Cast makes them")
        return made
