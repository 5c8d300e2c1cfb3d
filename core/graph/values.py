"""Graph values: calling a layer on them records a Call, its shapes checked; nothing is computed."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from isograd.core.base.errors import ShapeError, SpecError, shown
from isograd.core.base.limits import AXES, NUMBER
from isograd.core.base.types import Shape, shape_text
from isograd.core.graph.names import checked_name
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.combine import Add, MatMul, Multiply, Subtract

SHOWN = 21  # shapes and layers at either end of a long chain
_creation = count()  # calls are numbered as they are made, so that creation order is an execution order


@dataclass(frozen=True, eq=False)
class Call:
    """One application of a layer to values."""

    layer: Layer
    sources: tuple[Value, ...]
    out_shapes: tuple[Shape, ...]
    number: int = field(default_factory=lambda: next(_creation))


class Value:
    """What flows along an edge: the output `index` of a call, of one sample's `shape`."""

    def __init__(self, shape: Shape, call: Call | None = None, index: int = 0) -> None:
        self.shape, self.call, self.index = shape, call, index

    def __repr__(self) -> str:
        return f"Value{shape_text(self.shape)}"

    __array_ufunc__ = None  # array + value is ours to refuse, not NumPy's to take apart

    def __add__(self, other: Value) -> Value:
        return self._join(Add(), "+", other)

    def __sub__(self, other: Value) -> Value:
        return self._join(Subtract(), "-", other)

    def __mul__(self, other: Value) -> Value:
        return self._join(Multiply(), "*", other)

    def __matmul__(self, other: Value) -> Value:
        return self._join(MatMul(), "@", other)

    __radd__, __rsub__, __rmul__, __rmatmul__ = __add__, __sub__, __mul__, __matmul__  # only to refuse numbers

    def _join(self, layer: Layer, sign: str, other: object) -> Value:
        if not isinstance(other, Value):
            raise SpecError(
                f"{self!r} {sign} {shown(other)}",
                wanted="a graph value on both sides",
                got=f"{type(other).__name__}",
                fix="numbers and arrays enter a model through ig.Input",
            )
        joined: Value = layer(self, other)
        return joined


class Input(Value):
    """An entrance to a graph: `shape` is one sample's, without the batch axis."""

    def __init__(self, shape: Iterable[int], *, name: str | None = None) -> None:
        sizes = _sizes(shape)
        if len(sizes) > AXES or not all(type(size) is int and 0 < size <= NUMBER for size in sizes):
            raise SpecError(
                f"Input({shown(sizes)})",
                wanted="positive whole numbers, without the batch axis"
                if len(sizes) <= AXES
                else f"at most {AXES} axes, without the batch axis",
                got=shown(sizes),
                fix="give one sample's shape, such as (1, 28, 28)",
            )
        super().__init__(sizes)
        self.name = None if name is None else checked_name(name, "Input")


def _sizes(shape: Any) -> tuple[Any, ...]:
    """One sample's shape as a tuple, NumPy's numbers as Python's; what is none as it came."""
    try:
        entries = tuple(shape)
    except TypeError:
        entries = (shape,)
    return tuple(
        operator.index(d) if hasattr(d, "__index__") and not isinstance(d, bool) and not getattr(d, "shape", ()) else d
        for d in entries
    )


def apply(layer: Layer, values: Sequence[Value]) -> Value | tuple[Value, ...]:
    """Record layer(*values), its shapes checked."""
    for value in values:
        if not isinstance(value, Value):
            raise SpecError(
                f"{layer!r} called on {type(value).__name__}",
                wanted="graph values (ig.Input and what layers return)",
                got=type(value).__name__,
                fix="build the model from ig.Input, then give arrays to net.forward",
            )
    shapes = out_shapes_of(layer, [value.shape for value in values], lambda: repr(layer), lambda: chain(values))
    call = Call(layer, tuple(values), shapes)
    outputs = tuple(Value(shape, call, index) for index, shape in enumerate(shapes))
    return outputs[0] if len(outputs) == 1 else outputs


def out_shapes_of(
    layer: Layer, shapes: Sequence[Shape], where: Callable[[], str], path: Callable[[], str]
) -> tuple[Shape, ...]:
    """The layer's output shapes; a misfit becomes a ShapeError that says where and shows the chain."""
    try:
        return layer.checked_shapes(*shapes)
    except Misfit as misfit:
        raise ShapeError(where(), wanted=misfit.wanted, got=misfit.got, fix=misfit.fix, path=path()) from None


def chain(values: Sequence[Value]) -> str:
    """How the shape came about: (N, 1, 8, 8) → Flatten() → (N, 64)."""

    def back(value: Value) -> str:
        steps = [shape_text(value.shape)]
        while value.call:
            layer, value = value.call.layer, value.call.sources[0]
            steps += [repr(layer), shape_text(value.shape)]
        first, last = steps[: -SHOWN - 1 : -1], steps[SHOWN - 1 :: -1]
        return " → ".join(steps[::-1] if len(steps) <= 2 * SHOWN else [*first, "…", *last])

    return "   and   ".join(back(value) for value in values)
