"""Values made of nothing, values of another kind, and values that pass no gradient."""

from __future__ import annotations

from dataclasses import field
from functools import cached_property
from math import ceil, isfinite
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from isograd.core.base.description import Real, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.forms import Form, Kind, Rows, Size, as_axes
from isograd.core.base.limits import NUMBER
from isograd.core.layers.axes import Places
from isograd.core.layers.base import Layer, check_like, made_of


def is_of(kind: Kind, value: float) -> bool:
    """Whether values of this kind can be this number."""
    return kind == "float" or (value in (0, 1) if kind == "boolean" else isfinite(value) and value == int(value))


@describes("layer")
class Full(Layer):
    """y = value everywhere, as torch.full          y (axes)

    Full((3, 4), 1.0)() has no input. Where axes grow with the batch, Full(("N", 4), 0.0)(like), N is the rows of its
    one input, which has the batch in front. `kind`: "float", in the network's dtype; "integer"; "boolean".
    """

    axes: Places = field(kw_only=False)
    value: bool | Real = field(kw_only=False)
    kind: Kind = "float"
    min_inputs: ClassVar[int] = 0

    def __post_init__(self) -> None:
        if not is_of(self.kind, self.value):
            raise SpecError(repr(self), wanted=f"a value that is {self.kind}", got=f"{self.value}", fix="change kind=")

    @cached_property
    def form(self) -> Form:
        return Form(as_axes(self.axes, repr(self)), self.kind)

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        check_like(x, needed=any(isinstance(size, Rows) for size in self.form.axes))
        return (made_of(*self.form),)


def _check_stop(value: Real | str) -> Real | str:
    try:
        return str(*as_axes((value,), "")) if isinstance(value, str) else value
    except SpecError:
        raise ValueError('a number, or "N", "4N" for as many places as the batch gives') from None


@describes("layer")
class Arange(Layer):
    """y[i] = start + step·i, while that is before `stop`, as torch.arange          y (⌈(stop − start)/step⌉,)

    Arange(0, 5)() has no input. Arange()(like), Arange(0, "N")(like), counts the rows of its one input, which has the
    batch in front; "4N" four times as many; `start` is 0 there and `step` 1. `kind`: "integer", or "float" in the
    network's dtype.
    """

    start: Real = field(kw_only=False, default=0)
    stop: Annotated[Real | str, AfterValidator(_check_stop)] = field(kw_only=False, default="N")
    step: Real = 1
    kind: Kind = "integer"
    min_inputs: ClassVar[int] = 0

    def __post_init__(self) -> None:
        numbers = [number for number in (self.start, self.stop, self.step) if not isinstance(number, str)]
        if isinstance(self.stop, str) and (self.start, self.step) != (0, 1):
            raise SpecError(
                repr(self),
                wanted=f'start 0 and step=1 where stop is "{self.stop}"',
                got=f"start {self.start}, step={self.step}",
                fix="add and multiply what it makes",
            )
        if self.kind == "boolean" or not all(isfinite(n) and is_of(self.kind, n) for n in numbers) or self.step == 0:
            raise SpecError(
                repr(self),
                wanted="finite numbers of the kind, which is integer or float, and a step that is not 0",
                got=f"{self.start} … {self.stop}, step={self.step}, kind={self.kind!r}",
                fix='whole numbers, or kind="float"',
            )
        if not isinstance(self.stop, str) and (self.stop - self.start) / self.step > NUMBER:
            raise SpecError(repr(self), wanted=f"at most {NUMBER} places", got="more", fix="a larger step=")

    @cached_property
    def form(self) -> Form:
        size: Size
        if isinstance(self.stop, str):
            (size,) = as_axes((self.stop,), repr(self))
        else:
            size = max(0, ceil((self.stop - self.start) / self.step))
        return Form((size,), self.kind)

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        check_like(x, needed=isinstance(self.stop, str))
        return (made_of(*self.form),)


@describes("layer")
class Cast(Layer):
    """The same values as another kind          x → y, same axes

    floats as integers lose what stands behind the point (toward 0); all but 0 is True; True is 1. Floats have the
    network's dtype. No gradient passes between kinds.
    """

    kind: Kind = field(kw_only=False)

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        return (Form(x[0].axes, self.kind),)


@describes("layer")
class StopGradient(Layer):
    """y = x, and no gradient passes back, as Tensor.detach          x → y, same axes"""

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        return x
