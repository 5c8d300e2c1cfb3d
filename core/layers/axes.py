"""Layers that move values to other axes or repeat them. They look at every axis, the batch's wherever it stands."""

from __future__ import annotations

from dataclasses import field
from functools import cached_property
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import PlainValidator

from isograd.core.base.description import Count, Dims, Int, as_int, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.forms import Axes, Form, Rows, Size, as_axes, volume
from isograd.core.layers.base import Layer, Misfit, axes_at, axis_at, check_like, made_of


def _check_places(value: Any) -> Any:
    entries = tuple(map(as_int, value)) if isinstance(value, (list, tuple)) else value
    try:
        axes = as_axes(entries, "")
    except SpecError as error:
        raise ValueError(error.wanted.removeprefix("axes: ")) from None
    return tuple(str(size) if isinstance(size, Rows) else size for size in axes)


Places: TypeAlias = Annotated[tuple[int | str, ...], PlainValidator(_check_places)]
"""How many places each axis has: whole numbers, and "N" or "4N" for axes that grow with the batch."""


def times(size: Size, count: int) -> Size:
    """So many times the places of an axis."""
    return Rows(size.times * count) if isinstance(size, Rows) else size * count


@describes("layer")
class Permute(Layer):
    """Axis k of y is axis dims[k] of x, as torch.permute          x (a, b, c) → y (c, a, b) for dims (2, 0, 1)"""

    dims: Dims = field(kw_only=False)

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        (form,) = x
        order = axes_at(self.dims, form)
        if len(order) != len(form.axes):
            raise Misfit("every axis once", f"{self.dims} for {form}", "name each axis of the value")
        return (made_of((form.axes[axis] for axis in order), form.kind),)


@describes("layer")
class View(Layer):
    """The same values, in reading order, on other axes, as torch.reshape          x → y (axes)

    "N" and "4N" are axes that grow with the batch: View(("4N", 3)) of (N, 4, 3). Where two of them do, or where the
    others have no places, N is read from one more input, View(axes)(x, like), which has the batch in front.
    """

    axes: Places = field(kw_only=False)
    max_inputs: ClassVar[int | None] = 2

    @cached_property
    def form(self) -> Form:
        return Form(as_axes(self.axes, repr(self)))

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        form, *like = x
        if volume(self.form.axes) != volume(form.axes):
            raise Misfit("axes that hold as many values as the input", f"{self.form} of {form}", "change the axes")
        count, growing = volume(self.form.axes)
        check_like(tuple(like), needed=growing > 1 or (growing > 0 and count == 0))
        return (made_of(self.form.axes, form.kind),)


@describes("layer")
class Expand(Layer):
    """Axes of one place, and new ones in front, repeated to these sizes, as torch.expand          x → y (axes)

    ("N", 8, 4) of (1, 8, 4) or (8, 4). Where an axis of x that does not grow with the batch becomes one that does,
    N is read from one more input, Expand(axes)(x, like), which has the batch in front.
    """

    axes: Places = field(kw_only=False)
    max_inputs: ClassVar[int | None] = 2

    @cached_property
    def form(self) -> Form:
        return Form(as_axes(self.axes, repr(self)))

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        form, *like = x
        new = len(self.form.axes) - len(form.axes)
        given: Axes = (1,) * new + form.axes
        if new < 0 or any(old not in (1, size) for old, size in zip(given, self.form.axes, strict=True)):
            raise Misfit(
                "axes of one place, or of the places they shall have", f"{form} for {self.form}", "View or Repeat first"
            )
        grown = any(isinstance(size, Rows) and old == 1 for old, size in zip(given, self.form.axes, strict=True))
        check_like(tuple(like), needed=grown)
        return (made_of(self.form.axes, form.kind),)


@describes("layer")
class Flip(Layer):
    """Each of the axes `dims` in reverse order, as torch.flip: y[…, i, …] = x[…, size−1−i, …]          x → y as x"""

    dims: Dims = field(kw_only=False)

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        axes_at(self.dims, x[0])
        return x


@describes("layer")
class Roll(Layer):
    """Axis dims[k] rolled by shifts[k] places, as torch.roll: y[…, (i + shift) mod size, …] = x[…, i, …]

    x → y, same axes
    """

    shifts: Dims = field(kw_only=False)
    dims: Dims = field(kw_only=False)

    def __post_init__(self) -> None:
        if len(self.shifts) != len(self.dims) or not self.dims:
            raise SpecError(
                repr(self),
                wanted="one shift for each of the dims",
                got=f"{len(self.shifts)} for {len(self.dims)}",
                fix="Roll((1, 2), (0, -1))",
            )

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        axes_at(self.dims, x[0])
        return x


@describes("layer")
class Repeat(Layer):
    """The value repeated along each axis, as Tensor.repeat and torch.tile          x (3, 4) → y (2, 3, 8) for (2, 1, 2)

    y[…, i, …] = x[…, i mod size, …]; `repeats` may have more entries than x axes: the first make new axes in front.
    An entry "N" or "4N" repeats an axis that does not grow with the batch as often as the batch has rows: N is read
    from one more input, Repeat(repeats)(x, like), which has the batch in front.
    """

    repeats: Places = field(kw_only=False)
    max_inputs: ClassVar[int | None] = 2

    @cached_property
    def form(self) -> Form:
        return Form(as_axes(self.repeats, repr(self)))

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        form, *like = x
        new = len(self.form.axes) - len(form.axes)
        if new < 0:
            raise Misfit("a number for every axis", f"{self.form} for {form}", "1 leaves an axis as it is")
        check_like(tuple(like), needed=any(isinstance(count, Rows) for count in self.form.axes))
        sizes: list[Size] = []
        for size, count in zip((1,) * new + form.axes, self.form.axes, strict=True):
            if isinstance(size, Rows) and isinstance(count, Rows):
                raise Misfit(
                    "at most N times the places of an axis", f"{count} times {size}", "View makes two axes of it"
                )
            sizes.append(times(count, size) if isinstance(size, int) else times(size, count))  # type: ignore[arg-type]
        return (made_of(sizes, form.kind),)


@describes("layer")
class RepeatInterleave(Layer):
    """Every place of axis `dim` `repeats` times in a row, as torch.repeat_interleave: y[…, i, …] = x[…, ⌊i/repeats⌋, …]

    x (3, 4) → y (3, 8) for RepeatInterleave(2, 1)
    """

    repeats: Count = field(kw_only=False)
    dim: Int = field(kw_only=False)

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        (form,) = x
        axis = axis_at(self.dim, form)
        sizes = (times(size, self.repeats) if k == axis else size for k, size in enumerate(form.axes))
        return (made_of(sizes, form.kind),)


@describes("layer", abstract=True)
class Triangle(Layer):
    """Values on one side of a diagonal of the matrices in the last two axes, 0 elsewhere          x (…, i, j) → y as x

    `diagonal` 0 is the main one, which stays; positive ones lie above it.
    """

    diagonal: Int = field(kw_only=False, default=0)

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        if len(x[0].axes) < 2:
            raise Misfit("matrices (…, i, j)", str(x[0]), "View makes them")
        return x


@describes("layer")
class Tril(Triangle):
    """y[…, i, j] = x[…, i, j] where j − i ≤ diagonal, else 0, as torch.tril          x (…, i, j) → y, same axes"""


@describes("layer")
class Triu(Triangle):
    """y[…, i, j] = x[…, i, j] where j − i ≥ diagonal, else 0, as torch.triu          x (…, i, j) → y, same axes"""
