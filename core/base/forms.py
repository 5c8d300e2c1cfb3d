"""What a value is before it is computed: its axes, the batch's wherever it stands, and the kind of its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from isograd.core.base.errors import SpecError, shown
from isograd.core.base.limits import AXES, NUMBER
from isograd.core.base.types import Array, Shape


@dataclass(frozen=True)
class Rows:
    """times · N places: an axis that grows with the batch.

    >>> print(Rows(), Rows(4), 2 * Rows(3))
    N 4N 6N
    """

    times: int = 1

    def __mul__(self, other: int) -> Rows:
        return Rows(self.times * other)

    __rmul__ = __mul__

    def __str__(self) -> str:
        return "N" if self.times == 1 else f"{self.times}N"


Size: TypeAlias = int | Rows
"""How many places an axis has."""

Axes: TypeAlias = tuple[Size, ...]
"""Every axis of a value, the batch's among them: (N, 3, 8, 8); (7, N, 4) where another stands first; (3, 4) without."""

Kind: TypeAlias = Literal["float", "integer", "boolean"]
"""float: computed with, in the network's dtype. integer (int64) and boolean: counted with; they have no gradient."""

BATCH = Rows()


class Form(NamedTuple):
    """The axes of a value and its kind."""

    axes: Axes
    kind: Kind = "float"

    @classmethod
    def of_sample(cls, shape: Shape, kind: Kind = "float") -> Form:
        """A batch of samples of this shape.

        >>> print(Form.of_sample((3, 8)))
        (N, 3, 8)
        """
        return cls((BATCH, *shape), kind)

    @property
    def shape(self) -> Shape:
        """The axes behind the first: one sample's shape, where the batch stands first."""
        return self.axes[1:]  # type: ignore[return-value]

    @property
    def batch_first(self) -> bool:
        """Whether it is a batch of samples: N rows, and no other axis that grows."""
        return self.axes[:1] == (BATCH,) and not any(isinstance(size, Rows) for size in self.axes[1:])

    def sizes(self, rows: int) -> tuple[int, ...]:
        """The axes of an array, for a batch of so many rows.

        >>> Form((2, Rows(3), 5)).sizes(4)
        (2, 12, 5)
        """
        return tuple(size.times * rows if isinstance(size, Rows) else size for size in self.axes)

    def rows_of(self, shape: Sequence[int]) -> int | None:
        """The N that makes the axes this array's shape, 0 where none does; None for axes of the right sizes without N.

        >>> Form((7, Rows(2))).rows_of((7, 6)), Form((7, Rows(2))).rows_of((7, 5)), Form((7,)).rows_of((7,))
        (3, 0, None)
        """
        found: set[int] = set()
        for size, places in zip(self.axes, shape, strict=False):
            if isinstance(size, Rows):
                found.add(places // size.times if places % size.times == 0 else 0)
            elif size != places:
                return 0
        if len(self.axes) != len(shape) or len(found) > 1:
            return 0
        return found.pop() if found else None

    def __str__(self) -> str:
        text = "(" + ", ".join(map(str, self.axes)) + ("," if len(self.axes) == 1 else "") + ")"
        return text if self.kind == "float" else f"{text} {self.kind}"

    def to_json(self) -> list[int | str]:
        """The axes as JSON holds them, "N" and "4N" for those that grow."""
        return [str(size) if isinstance(size, Rows) else size for size in self.axes]


def volume(axes: Iterable[Size]) -> tuple[int, int]:
    """(c, k) of the c·Nᵏ values that these axes hold.

    >>> volume((Rows(), 3, Rows(2)))
    (6, 2)
    """
    sizes = tuple(axes)
    return (
        prod(size.times if isinstance(size, Rows) else size for size in sizes),
        sum(isinstance(size, Rows) for size in sizes),
    )


def as_axes(given: Any, where: str) -> Axes:
    """Axes as JSON holds them, or as they are; SpecError for what are none."""
    entries = tuple(given) if isinstance(given, (list, tuple)) else None
    made = [] if entries is None else [_size(entry) for entry in entries]
    if entries is None or None in made or len(made) > AXES + 1:
        raise SpecError(
            where,
            wanted='axes: whole numbers of 0 or more, "N" or "4N" for those that grow with the batch',
            got=shown(given),
            fix='("N", 3, 8)',
        )
    return tuple(size for size in made if size is not None)


def _size(entry: Any) -> Size | None:
    if isinstance(entry, Rows):
        return entry
    if isinstance(entry, str) and entry.endswith("N") and (entry == "N" or entry[:-1].isdecimal()) and len(entry) < 20:
        return Rows(int(entry[:-1] or 1)) if entry != "0N" else None
    if isinstance(entry, bool) or not isinstance(entry, int) or not 0 <= entry <= NUMBER:
        return None
    return entry


def dtype_of(kind: Kind, dtype: np.dtype[np.floating]) -> np.dtype[Any]:
    """What a network of `dtype` holds values of this kind in."""
    return dtype if kind == "float" else np.dtype(np.int64 if kind == "integer" else np.bool_)


def kind_of(values: Array) -> Kind:
    """The kind of an array's numbers."""
    return "boolean" if values.dtype.kind == "b" else "float" if values.dtype.kind == "f" else "integer"
