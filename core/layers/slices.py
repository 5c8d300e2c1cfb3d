"""Layers that take values apart along an axis, and put them in places of others; torch's slicing, axis by axis."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import PlainValidator

from isograd.core.base.description import Count, Int, as_int, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.forms import Form, Rows, Size, as_axes
from isograd.core.base.limits import CALLS
from isograd.core.layers.base import Layer, Misfit, axis_at, made_of


def _check_parts(value: Any) -> Any:
    entries = tuple(map(as_int, value)) if isinstance(value, (list, tuple)) else ()
    try:
        sizes = [size for entry in entries for size in as_axes((entry,), "")]
    except SpecError as error:
        raise ValueError(error.wanted.removeprefix("axes: ")) from None
    if not sizes or len(sizes) > CALLS or len({isinstance(size, Rows) for size in sizes}) > 1:
        raise ValueError('whole numbers of 0 or more, or for an axis that grows with the batch "N", "4N" alone')
    return tuple(str(size) if isinstance(size, Rows) else size for size in sizes)


Parts: TypeAlias = Annotated[tuple[int | str, ...], PlainValidator(_check_parts)]
"""The places of each part of an axis: whole numbers all, or all "N" or "4N"."""


def replaced(form: Form, axis: int, *sizes: Size) -> Form:
    """A value with other axes in the place of one."""
    return made_of((*form.axes[:axis], *sizes, *form.axes[axis + 1 :]), form.kind)


@describes("layer", abstract=True)
class Cut(Layer):
    """Places start, start + step, … before `stop` of axis `dim`, counted as Python's slices do.

    Of an axis that grows with the batch all places (or every step-th of 4N, step dividing 4): how many there are
    before a place that is counted from either end depends on N.
    """

    dim: Int = field(kw_only=False)
    start: Int = 0
    stop: Int | None = None
    step: Count = 1

    @property
    def key(self) -> slice:
        return slice(self.start, self.stop, self.step)

    def cut_of(self, form: Form) -> Form:
        """What stands in the places."""
        axis = axis_at(self.dim, form)
        size = form.axes[axis]
        if isinstance(size, int):
            return replaced(form, axis, len(range(size)[self.key]))
        if self.stop is not None or not 0 <= self.start < self.step or size.times % self.step:
            raise Misfit(
                "all places of an axis that grows with the batch, or every step-th, where step divides their number",
                f"{self!r} of {form}",
                'Split(("N", "N"), 0) takes 2N apart, View(("N", 2)) makes two axes of it',
            )
        return replaced(form, axis, Rows(size.times // self.step))


@describes("layer")
class Slice(Cut):
    """y = x[…, start:stop:step, …] on axis `dim`          x (3, 8) → y (3, 5) for Slice(1, start=2, stop=7)

    Negative ends count from the end. An axis that grows with the batch is taken whole, or every step-th of 4N places,
    where step divides 4.
    """

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        return (self.cut_of(x[0]),)


@describes("layer")
class SliceScatter(Cut):
    """y = x with source in its places start:stop:step of axis `dim`          x, source → y as x

    torch.slice_scatter; source has the axes of what ig.Slice takes there.
    """

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 2

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        form, source = x
        check_source(source, self.cut_of(form))
        return (form,)


def check_source(source: Form, place: Form) -> None:
    """Raise Misfit unless what is put somewhere has the form of what stands there."""
    if source != place:
        raise Misfit(f"a source {place}, as what it replaces", str(source), "bring it to this form")


@describes("layer", abstract=True)
class Pick(Layer):
    """One place of axis `dim`, counted from the end where it is negative.

    The first and the last of an axis that grows with the batch are there for every batch, others are not.
    """

    dim: Int = field(kw_only=False)
    index: Int = field(kw_only=False)

    def picked_from(self, form: Form) -> Form:
        """What stands there: a value without the axis."""
        axis = axis_at(self.dim, form)
        size = form.axes[axis]
        least = size.times if isinstance(size, Rows) else size
        if not -least <= self.index < least:
            raise Misfit(f"an index in −{least}…{least - 1}", f"{self.index} for {form}", "name a place of the axis")
        return replaced(form, axis)


@describes("layer")
class Select(Pick):
    """y = x[…, index, …] on axis `dim`, which is gone, as torch.select          x (3, 8) → y (3,) for Select(1, −1)

    Of an axis of 4N places, 0…3 and −4…−1 are there for every batch.
    """

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        return (self.picked_from(x[0]),)


@describes("layer")
class SelectScatter(Pick):
    """y = x with source in its place `index` of axis `dim`          x (3, 8), source (3,) → y as x for (1, −1)

    torch.select_scatter; source has the axes of what ig.Select takes there.
    """

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 2

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        form, source = x
        check_source(source, self.picked_from(form))
        return (form,)


@describes("layer")
class Split(Layer):
    """The parts of axis `dim`, so many places each, as several outputs          x (3, 8) → (3, 2), (3, 6)

    torch.split with a list of sizes; chunk and split are it with equal ones. `squeeze`, where every part has one
    place, leaves the axis out: torch.unbind. An axis that grows with the batch: Split(("N", "N"), 0) of 2N.
    """

    sizes: Parts = field(kw_only=False)
    dim: Int = field(kw_only=False)
    squeeze: bool = False

    def __post_init__(self) -> None:
        if self.squeeze and any(size != 1 for size in self.sizes):
            raise SpecError(
                repr(self), wanted="parts of one place where squeeze=True", got=f"{self.sizes}", fix="drop squeeze="
            )

    @property
    def shares(self) -> tuple[int, ...]:
        """The places of each part, in whatever the axis is counted: ones, or rows of the batch."""
        return tuple(int(size.removesuffix("N") or 1) if isinstance(size, str) else size for size in self.sizes)

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        (form,) = x
        axis = axis_at(self.dim, form)
        parts: list[Size] = [Rows(s) if isinstance(self.sizes[0], str) else s for s in self.shares]
        total = Rows(sum(self.shares)) if isinstance(self.sizes[0], str) else sum(self.shares)
        if form.axes[axis] != total:
            raise Misfit(f"{total} places on axis {self.dim}", f"{form}", "change sizes=: they add up to the axis")
        return tuple(replaced(form, axis, *(() if self.squeeze else (size,))) for size in parts)


@describes("layer")
class Stack(Layer):
    """y = values side by side along a new axis `dim`, as torch.stack          a, b (3, 4) → y (3, 2, 4) for dim=1"""

    dim: Int = 0
    max_inputs: ClassVar[int | None] = None

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        if len(set(x)) > 1:
            raise Misfit("values of one form", " and ".join(map(str, x)), "bring them to one form")
        (form,) = set(x)
        axis = axis_at(self.dim, Form((1, *form.axes), form.kind))
        return (made_of((*form.axes[:axis], len(x), *form.axes[axis:]), form.kind),)


@describes("layer")
class UnfoldDim(Layer):
    """Windows of `size` places along axis `dim`, `step` apart, on a new last axis, as Tensor.unfold

    y[…, p, …, u] = x[…, step·p + u, …]          x (3, 8, 2) → y (3, 3, 2, 4) for UnfoldDim(1, 4, 2)
    """

    dim: Int = field(kw_only=False)
    size: Count = field(kw_only=False)
    step: Count = field(kw_only=False)

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        (form,) = x
        axis = axis_at(self.dim, form)
        places = form.axes[axis]
        if isinstance(places, Rows) or places < self.size:
            raise Misfit(
                f"at least {self.size} places on axis {self.dim}", f"{form}", "a smaller size=, or another axis"
            )
        windows = replaced(form, axis, (places - self.size) // self.step + 1)
        return (made_of((*windows.axes, self.size), form.kind),)
