"""Sliding windows: how many positions a kernel takes on each axis, and which places it covers there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import Annotated, Any, NamedTuple, TypeAlias

from pydantic import PlainValidator

from isograd.core.base.description import as_int
from isograd.core.base.errors import SpecError
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Misfit

AXIS_NAMES = ("D", "H", "W")


class Axis(NamedTuple):
    """Windows along one axis: window p covers the places stride·p + dilation·u − before, u = 0 … kernel−1.

    Places outside 0 … size−1 are padding.
    """

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int
    out: int

    @property
    def reach(self) -> int:
        """How many places a window spans, its holes included."""
        return span(self.kernel, self.dilation)


def span(kernel: int, dilation: int) -> int:
    return dilation * (kernel - 1) + 1


def _is_integer(value: Any, least: float) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _normal(value: Any) -> Any:
    """Lists as tuples, NumPy integers as Python's."""
    if isinstance(value, (list, tuple)):
        return tuple(map(_normal, value))
    return as_int(value)


def _sizes(least: float, *, each: str = "axis") -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        value = _normal(value)
        entries = value if isinstance(value, tuple) else (value,)
        if not entries or not all(_is_integer(entry, least) for entry in entries):
            limit = "" if least == -inf else f" of at least {least}"
            raise ValueError(f"a whole number{limit}, or a tuple with one for each {each}")
        return value

    return check


def _check_grid(value: Any) -> Any:
    value = _normal(value)
    entries = value if isinstance(value, tuple) else (value,)
    if not entries or not all(entry is None or _is_integer(entry, 1) for entry in entries):
        raise ValueError("a whole number of at least 1 or None, or a tuple with one for each axis")
    return value


def _check_padding(value: Any) -> Any:
    value = _normal(value)
    if value in ("same", "valid"):
        return value
    entries = value if isinstance(value, tuple) else (value,)
    sides = [side for entry in entries for side in (entry if isinstance(entry, tuple) else (entry,))]
    pairs = all(len(entry) == 2 for entry in entries if isinstance(entry, tuple))
    if not sides or not pairs or not all(_is_integer(side, 0) for side in sides):
        raise ValueError(
            'a whole number of at least 0, one for each axis, a pair (before, after) for each axis, "same" or "valid"'
        )
    return value


Sizes: TypeAlias = Annotated[int | tuple[int, ...], PlainValidator(_sizes(1))]
"""A positive number for all axes, or one for each."""

Grid: TypeAlias = Annotated[int | tuple[int | None, ...] | None, PlainValidator(_check_grid)]
"""As Sizes; None where an axis stays as it is."""

Margins: TypeAlias = Annotated[int | tuple[int, ...], PlainValidator(_sizes(0))]
"""A number ≥ 0 for all axes, or one for each."""

Sides: TypeAlias = Annotated[int | tuple[int, ...], PlainValidator(_sizes(-inf, each="side"))]
"""A number for all sides, or one for each; negative ones crop."""

Padding: TypeAlias = Annotated[int | str | tuple[int | tuple[int, int], ...], PlainValidator(_check_padding)]
"""A number for all sides, one for each axis, a pair (before, after) for each axis, "same" or "valid"."""


def per_axis(value: Any, axes: int) -> tuple[Any, ...]:
    """One entry for each axis.

    >>> per_axis(3, 2), per_axis((3, 5), 2)
    ((3, 3), (3, 5))
    """
    return value if isinstance(value, tuple) else (value,) * axes


def check_lengths(where: str, axes: int, **options: Any) -> None:
    """Every option that is a tuple has one entry for each axis."""
    for name, value in options.items():
        if isinstance(value, tuple) and len(value) != axes:
            raise SpecError(
                where,
                wanted=f"{name}= of {axes} {'entry' if axes == 1 else 'entries'}, one for each axis",
                got=f"{len(value)}: {value}",
                fix=f"give {axes}, or one number for all",
            )


def check_rank(shape: Shape, axes: int, *, least: int | None = None) -> None:
    """Samples (C, *axes); with `least`, any number of axes from `least` to `axes`."""
    few = axes if least is None else least
    if not few <= len(shape) - 1 <= axes:
        wanted = " or ".join(f"(N, {', '.join(['C', *AXIS_NAMES[3 - k :]])})" for k in range(few, axes + 1))
        raise Misfit(wanted, shape_text(shape), "bring the input to this form, with Reshape for example")


def check_fits(shape: Shape, axes: Sequence[Axis]) -> None:
    """Every window finds room on its axis."""
    for name, axis in zip(AXIS_NAMES[3 - len(axes) :], axes, strict=True):
        padded = axis.size + axis.before + axis.after
        if axis.out < 1:
            raise Misfit(
                f"{name} of at least {axis.reach - axis.before - axis.after}, for a window that spans {axis.reach}",
                f"{name} = {axis.size} in {shape_text(shape)}, {padded} with its padding",
                "a smaller kernel_size= or dilation=, more padding=, or fewer layers that shrink the image",
            )
