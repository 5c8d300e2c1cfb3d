"""Padding of any axes, and of the last one, two or three under the names of torch.nn."""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar, Literal, TypeAlias

from isograd.core.base.description import Dims, Real, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.forms import Form, Size
from isograd.core.base.types import Shape
from isograd.core.layers.base import Layer, Misfit, made_of
from isograd.core.layers.combine import one_kind
from isograd.core.layers.constants import is_of
from isograd.core.layers.windows import Sides, check_rank, per_axis

Mode: TypeAlias = Literal["constant", "reflect", "replicate", "circular"]
SIDES = ("left", "right", "top", "bottom", "front", "back")


@describes("layer")
class Pad(Layer):
    """Places before and after the last axes, as torch.nn.functional.pad: (last axis' before, after, last but one's, …)

    mode="constant": `value` stands there (…v v | a b c d | v v…). "reflect" (d c b | a b c d | c b a), "replicate"
    (a a a | a b c d | d d d) and "circular" (b c d | a b c d | a b c) take floats, on axes that hold as many places as
    they ask for. A negative width crops: "circular" goes round what is left, the others mirror and repeat the whole.
    (Where less is left than it asks for, torch gives what happens to stand in memory; here it is refused.)

    x (3, 4) → y (3, 6) for Pad((1, 1)), (5, 4) for Pad((0, 0, 2, 0)); axes that grow with the batch stay as they are.
    """

    padding: Dims = field(kw_only=False)
    mode: Mode = "constant"
    value: Real = 0.0

    def __post_init__(self) -> None:
        if len(self.padding) % 2:
            raise SpecError(
                repr(self),
                wanted="two widths, before and after, for each axis, from the last one on",
                got=f"{len(self.padding)} widths",
                fix="Pad((0, 0, 1, 1)) pads the last axis but one",
            )
        if self.mode != "constant" and self.value != 0:
            raise SpecError(
                repr(self),
                wanted=f"no value= where what is there is taken (mode={self.mode!r})",
                got=f"value={self.value}",
                fix="drop it",
            )

    def widths(self, rank: int) -> tuple[tuple[int, int], ...]:
        """(before, after) of every axis, the first one's first."""
        return sides_by_axis(self.padding, rank)

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        (form,) = x
        if len(self.padding) > 2 * len(form.axes):
            raise Misfit(f"a value of {len(self.padding) // 2} axes or more", f"{form}", "drop widths")
        if self.mode != "constant":
            one_kind(x, "float")
        if not is_of(form.kind, self.value):
            raise Misfit(f"a value= that is {form.kind}", f"{self.value}", "a value= of the kind of what is padded")
        widths = zip(form.axes, self.widths(len(form.axes)), strict=True)
        sizes = (padded_size(size, *pair, self.mode, self.padding, form) for size, pair in widths)
        return (made_of(sizes, form.kind),)


def sides_by_axis(sides: tuple[int, ...], rank: int) -> tuple[tuple[int, int], ...]:
    """Sides of the last axis, the last but one, … as (before, after) of every axis, the first one's first."""
    pairs = tuple(zip(sides[::2], sides[1::2], strict=True))[::-1]
    return ((0, 0),) * (rank - len(pairs)) + pairs


def padded_size(size: Size, before: int, after: int, mode: Mode, padding: object, form: Form) -> Size:
    """The places of a padded axis; Misfit where it cannot be padded so."""
    if not (before or after):
        return size
    if not isinstance(size, int):
        raise Misfit("widths of 0 on axes that grow with the batch", f"{padding} for {form}", "pad other axes")
    left = size + min(before, 0) + min(after, 0)
    most = {"reflect": size - 1, "circular": left}.get(mode)
    if most is not None and max(before, after) > most:
        told = ", of what cropping leaves" if mode == "circular" and left < size else ""
        raise Misfit(f"widths of at most {most} there{told}", f"{padding} for {form}", "smaller widths")
    places = before + size + after if mode in ("reflect", "replicate") else left
    if places < 0 or (mode != "constant" and min(size, places) < 1):
        raise Misfit("an axis that is left some places", f"{padding} for {form}", "smaller widths")
    return before + size + after


@describes("layer", abstract=True)
class SidePad(Layer):
    """`padding` places on the sides of the last axes: a number for all, or (left, right, top, bottom, front, back).

    What stands there is ig.Pad's `mode`; a negative number crops. x (N, C, D, H, W) → y (N, C, front + D + back,
    top + H + bottom, left + W + right) for three axes, fewer sides for fewer.
    """

    padding: Sides = field(kw_only=False)

    axes: ClassVar[int] = 0
    mode: ClassVar[Mode] = "constant"

    def __post_init__(self) -> None:
        if isinstance(self.padding, tuple) and len(self.padding) != 2 * self.axes:
            raise SpecError(
                repr(self),
                wanted=f"a number, or ({', '.join(SIDES[: 2 * self.axes])})",
                got=f"{self.padding}",
                fix=f"give {2 * self.axes} numbers, or one",
            )

    def widths(self, rank: int) -> tuple[tuple[int, int], ...]:
        """(before, after) of every axis, the first one's first."""
        return sides_by_axis(per_axis(self.padding, 2 * self.axes), rank)

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        (shape,) = x
        check_rank(shape, self.axes)
        form = Form.of_sample(shape)
        widths = zip(form.axes, self.widths(len(form.axes)), strict=True)
        return (tuple(padded_size(size, *pair, self.mode, self.padding, form) for size, pair in widths)[1:],)  # type: ignore[return-value]


@describes("layer", abstract=True)
class ConstantPad(SidePad):
    """`value` on every side."""

    value: Real = field(kw_only=False)


@describes("layer", abstract=True)
class PlainPad(SidePad):
    """No value of one's own on the sides."""

    value: ClassVar[float] = 0.0


@describes("layer")
class ConstantPad1d(ConstantPad):
    """`value` before and after a sequence          x (N, C, W) → y (N, C, left + W + right)"""

    axes: ClassVar[int] = 1


@describes("layer")
class ConstantPad2d(ConstantPad):
    """`value` around an image          x (N, C, H, W) → y (N, C, top + H + bottom, left + W + right)"""

    axes: ClassVar[int] = 2


@describes("layer")
class ConstantPad3d(ConstantPad):
    """`value` around a volume

    x (N, C, D, H, W) → y (N, C, front + D + back, top + H + bottom, left + W + right)
    """

    axes: ClassVar[int] = 3


@describes("layer")
class ZeroPad1d(PlainPad):
    """0 before and after a sequence          x (N, C, W) → y (N, C, left + W + right)"""

    axes: ClassVar[int] = 1


@describes("layer")
class ZeroPad2d(PlainPad):
    """0 around an image          x (N, C, H, W) → y (N, C, top + H + bottom, left + W + right)"""

    axes: ClassVar[int] = 2


@describes("layer")
class ZeroPad3d(PlainPad):
    """0 around a volume

    x (N, C, D, H, W) → y (N, C, front + D + back, top + H + bottom, left + W + right)
    """

    axes: ClassVar[int] = 3


@describes("layer")
class ReflectionPad1d(PlainPad):
    """a sequence mirrored at its ends, which stand once: c b | a b c d | c b

    x (N, C, W) → y (N, C, left + W + right)
    """

    axes: ClassVar[int] = 1
    mode: ClassVar[Mode] = "reflect"


@describes("layer")
class ReflectionPad2d(PlainPad):
    """an image mirrored at its edges, which stand once

    x (N, C, H, W) → y (N, C, top + H + bottom, left + W + right)
    """

    axes: ClassVar[int] = 2
    mode: ClassVar[Mode] = "reflect"


@describes("layer")
class ReflectionPad3d(PlainPad):
    """a volume mirrored at its faces, which stand once

    x (N, C, D, H, W) → y (N, C, front + D + back, top + H + bottom, left + W + right)
    """

    axes: ClassVar[int] = 3
    mode: ClassVar[Mode] = "reflect"


@describes("layer")
class ReplicationPad1d(PlainPad):
    """the ends of a sequence again: a a | a b c d | d d          x (N, C, W) → y (N, C, left + W + right)"""

    axes: ClassVar[int] = 1
    mode: ClassVar[Mode] = "replicate"


@describes("layer")
class ReplicationPad2d(PlainPad):
    """the edges of an image again          x (N, C, H, W) → y (N, C, top + H + bottom, left + W + right)"""

    axes: ClassVar[int] = 2
    mode: ClassVar[Mode] = "replicate"


@describes("layer")
class ReplicationPad3d(PlainPad):
    """the faces of a volume again

    x (N, C, D, H, W) → y (N, C, front + D + back, top + H + bottom, left + W + right)
    """

    axes: ClassVar[int] = 3
    mode: ClassVar[Mode] = "replicate"


@describes("layer")
class CircularPad1d(PlainPad):
    """a sequence round and round: c d | a b c d | a b          x (N, C, W) → y (N, C, left + W + right)"""

    axes: ClassVar[int] = 1
    mode: ClassVar[Mode] = "circular"


@describes("layer")
class CircularPad2d(PlainPad):
    """an image round and round          x (N, C, H, W) → y (N, C, top + H + bottom, left + W + right)"""

    axes: ClassVar[int] = 2
    mode: ClassVar[Mode] = "circular"


@describes("layer")
class CircularPad3d(PlainPad):
    """a volume round and round

    x (N, C, D, H, W) → y (N, C, front + D + back, top + H + bottom, left + W + right)
    """

    axes: ClassVar[int] = 3
    mode: ClassVar[Mode] = "circular"
