"""Graph values: calling a layer on them records a Call, its shapes checked; nothing is computed."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, get_args

from isograd.core.base.errors import ShapeError, SpecError, shown
from isograd.core.base.forms import Axes, Form, Kind
from isograd.core.base.limits import AXES, NUMBER
from isograd.core.base.types import Shape
from isograd.core.graph.names import checked_name
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.combine import Add, MatMul, Multiply, Subtract

KINDS = get_args(Kind)
SHOWN = 21  # shapes and layers at either end of a long chain
_creation = count()  # calls are numbered as they are made, so that creation order is an execution order


@dataclass(frozen=True, eq=False)
class Call:
    """One application of a layer to values; `weights` are those of its weights that are values of the graph."""

    layer: Layer
    sources: tuple[Value, ...]
    out_forms: tuple[Form, ...]
    weights: Mapping[str, Value] = field(default_factory=dict)
    number: int = field(default_factory=lambda: next(_creation))


class Value:
    """What flows along an edge: the output `index` of a call, of one `form`; `shape` is one sample's."""

    def __init__(self, form: Form, call: Call | None = None, index: int = 0) -> None:
        self.form, self.call, self.index = form, call, index

    @property
    def axes(self) -> Axes:
        return self.form.axes

    @property
    def shape(self) -> Shape:
        return self.form.shape

    def __repr__(self) -> str:
        return f"Value{self.form}"

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
    """An entrance to a graph: `shape` is one sample's, without the batch axis.

    `kind` is "integer" or "boolean" for an input that the graph itself compares or counts with; one that only layers
    read that take whole numbers (ig.Embedding) is known by them.
    """

    def __init__(self, shape: Iterable[int], *, name: str | None = None, kind: Kind = "float") -> None:
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
        if kind not in KINDS:
            raise SpecError(f"Input(kind={shown(kind)})", wanted=", ".join(KINDS), got=shown(kind), fix='kind="float"')
        super().__init__(Form.of_sample(sizes, kind))
        self.name = None if name is None else checked_name(name, "Input")

    @classmethod
    def of(cls, form: Form, *, name: str | None = None) -> Input:
        """An entrance of any form: where the batch stands elsewhere, or nowhere."""
        made = cls((), name=name, kind=form.kind)
        made.form = form
        return made


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


def apply(layer: Layer, values: Sequence[Value], weights: Mapping[str, Value] | None = None) -> Any:
    """Record layer(*values), its shapes checked: one Value, or a tuple of them for several outputs."""
    for value in values:
        if not isinstance(value, Value):
            raise SpecError(
                f"{layer!r} called on {type(value).__name__}",
                wanted="graph values (ig.Input and what layers return)",
                got=type(value).__name__,
                fix="build the model from ig.Input, then give arrays to net.forward",
            )
    call = called(layer, values, lambda: repr(layer), weights or {})
    outputs = tuple(Value(form, call, index) for index, form in enumerate(call.out_forms))
    return outputs[0] if len(outputs) == 1 else outputs


def called(layer: Layer, values: Sequence[Value], where: Callable[[], str], weights: Mapping[str, Value]) -> Call:
    """The call of a layer; a misfit becomes a ShapeError that says where and shows the chain."""
    try:
        forms = layer.checked_forms(*(value.form for value in values))
        if weights:
            check_given(layer, values, weights)
    except Misfit as misfit:
        raise ShapeError(where(), wanted=misfit.wanted, got=misfit.got, fix=misfit.fix, path=chain(values)) from None
    return Call(layer, tuple(values), forms, dict(weights))


def check_given(layer: Layer, values: Sequence[Value], weights: Mapping[str, Value]) -> None:
    """Raise Misfit unless the values that are given as weights or buffers are some of the layer's, in their shapes."""
    shapes = tuple(value.shape for value in values)
    known = layer.weights(*shapes) | layer.buffers(*shapes)
    for name, value in weights.items():
        if name not in known:
            raise Misfit(f"names among {', '.join(known) or 'none'}", f"{name!r}", "name weights that the layer has")
        if not isinstance(value, Value) or value.axes != known[name].shape:
            got = str(value.form) if isinstance(value, Value) else shown(value)
            raise Misfit(f"{name} of shape {known[name].shape}", got, "ig.Parameter of that shape, or what makes one")


def chain(values: Sequence[Value]) -> str:
    """How the shape came about: (N, 1, 8, 8) → Flatten() → (N, 64)."""

    def back(value: Value) -> str:
        steps = [str(value.form)]
        while value.call and value.call.sources:
            layer, value = value.call.layer, value.call.sources[0]
            steps += [repr(layer), str(value.form)]
        first, last = steps[: -SHOWN - 1 : -1], steps[SHOWN - 1 :: -1]
        return " → ".join(steps[::-1] if len(steps) <= 2 * SHOWN else [*first, "…", *last])

    return "   and   ".join(back(value) for value in values)
