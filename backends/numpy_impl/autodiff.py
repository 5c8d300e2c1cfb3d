"""Automatic differentiation from scratch: a Tensor records how it was computed, `gradients` walks the record back.

>>> x = Tensor(3.0)
>>> y = x * x + x
>>> y, gradients(y, [x])                               # dy/dx = 2x + 1
(Tensor(12.0), [array(7.)])

The example of the book (Weidman 2019): a is used twice, so its gradient is the sum of two,
d = (4a + 3)(a + 2),  dd/da = 8a + 11

>>> a = Tensor(3.0)
>>> b = a * 4
>>> c = b + 3
>>> d = c * (a + 2)
>>> gradients(d, [a, b])
[array(35.), array(5.)]

Arrays work alike; what was broadcast gets the sum of the gradients of all the places that it went to:

>>> from isograd.backends.numpy_impl.namespace import RECORDING
>>> W, b = Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([0.5, -0.5])
>>> z = W @ np.ones((2, 3)) + b[:, None]               # (2, 2) (2, 3) → (2, 3), b repeated three times
>>> [g.tolist() for g in gradients(RECORDING.sum(z), [W, b])]
[[[3.0, 3.0], [3.0, 3.0]], [3.0, 3.0]]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.derivatives import RULES
from isograd.core.base.errors import SpecError
from isograd.core.base.types import Array, Shape

_creation = count()  # Tensors are numbered as they are made: every one comes after what it was made of


class Tensor:
    """An array of floats that remembers how it was computed; `values` is the array."""

    __array_ufunc__ = None  # array + Tensor is ours to record, not NumPy's to take apart
    __slots__ = ("number", "pullbacks", "values")

    def __init__(self, values: Any, pullbacks: Sequence[tuple[Tensor, Callable[[Array], Array]]] = ()) -> None:
        self.values: Array = np.asarray(values)
        self.pullbacks = pullbacks  # (argument, dy ↦ its gradient) of each argument that was itself a Tensor
        self.number = next(_creation)
        if self.values.dtype.kind != "f":
            raise SpecError(
                "Tensor", wanted="floats", got=f"{self.values.dtype}", fix="Tensor(np.asarray(values, float))"
            )

    @property
    def shape(self) -> Shape:
        return self.values.shape

    @property
    def ndim(self) -> int:
        return self.values.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    def __repr__(self) -> str:
        return f"Tensor({self.values.tolist()})"

    def __len__(self) -> int:
        return len(self.values)

    def __add__(self, other: Any) -> Any:
        return record("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return record("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return record("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return record("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return record("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return record("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return record("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return record("divide", other, self)

    def __pow__(self, other: Any) -> Any:
        return record("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return record("power", other, self)

    def __matmul__(self, other: Any) -> Any:
        return record("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return record("matmul", other, self)

    def __neg__(self) -> Any:
        return record("negative", self)

    def __getitem__(self, key: Any) -> Any:
        return record("index", self, key=key)

    def __eq__(self, other: Any) -> Array:  # type: ignore[override]
        return np.asarray(self.values == plain(other))

    def __ne__(self, other: Any) -> Array:  # type: ignore[override]
        return np.asarray(self.values != plain(other))

    __hash__ = object.__hash__

    def __gt__(self, other: Any) -> Array:
        return np.asarray(self.values > plain(other))

    def __ge__(self, other: Any) -> Array:
        return np.asarray(self.values >= plain(other))

    def __lt__(self, other: Any) -> Array:
        return np.asarray(self.values < plain(other))

    def __le__(self, other: Any) -> Array:
        return np.asarray(self.values <= plain(other))


def plain(value: Any) -> Any:
    """The array inside a Tensor; NumPy's numbers as Python's, which leave an array's dtype as it is."""
    return value.values if isinstance(value, Tensor) else value.item() if isinstance(value, np.generic) else value


def record(name: str, *arguments: Any, **options: Any) -> Any:
    """y = name(*arguments, **options), and for each Tensor among the arguments how its gradient follows from dy.

    Where there is none nothing is recorded, and y is a plain array.
    """
    forward, gradient = RULES[name]
    arrays = [plain(argument) for argument in arguments]
    y = np.asarray(forward(*arrays, **options))

    def pullback(k: int) -> Callable[[Array], Array] | None:
        rule = gradient(k)
        return None if rule is None else lambda dy: unbroadcast(rule(dy, y, *arrays, **options), arrays[k].shape)

    sources = [(a, back) for k, a in enumerate(arguments) if isinstance(a, Tensor) and (back := pullback(k))]
    return Tensor(y, sources) if sources else y


def unbroadcast(gradient: Array, shape: Shape) -> Array:
    """Σ over the axes that broadcasting made or repeated: a value used in many places gets the sum."""
    gradient = np.asarray(gradient)
    if gradient.shape == shape:
        return gradient
    gradient = np.asarray(gradient.sum(tuple(range(gradient.ndim - len(shape)))))
    repeated = tuple(axis for axis, size in enumerate(shape) if size != gradient.shape[axis])
    return np.asarray(gradient.sum(repeated, keepdims=True)) if repeated else gradient


def gradients(y: Any, x: Sequence[Tensor], dy: Any = None) -> list[Array]:
    """dx = Σ dy · ∂y/∂x for each of `x`; zeros for one that y does not depend on.

    y is a Tensor, or a tuple of them with one dy each; dy may be left out for a single number, where it is 1.
    Nothing is written to, so it may be called again.
    """
    outputs = y if isinstance(y, tuple) else (y,)
    if dy is None and (len(outputs) != 1 or outputs[0].values.size != 1):
        shapes = ", ".join(str(output.shape) for output in outputs)
        raise SpecError("gradients(y, x)", wanted="dy=, as y is no single number", got=shapes, fix="dy=, in y's shape")
    upstream = (np.ones_like(outputs[0].values),) if dy is None else dy if isinstance(dy, tuple) else (dy,)
    found: dict[int, Array] = {}
    waiting: dict[int, Tensor] = {}
    for output, given in zip(outputs, upstream, strict=True):
        if isinstance(output, Tensor):
            add_up(found, output, np.asarray(given))
            waiting[output.number] = output
    for tensor in reversed(in_order(list(waiting.values()))):
        for argument, pullback in tensor.pullbacks:
            add_up(found, argument, pullback(found[tensor.number]))
    return [found[leaf.number] if leaf.number in found else np.zeros_like(leaf.values) for leaf in x]


def add_up(found: dict[int, Array], tensor: Tensor, gradient: Array) -> None:
    """What is used several times gets the sum of its gradients."""
    known = found.get(tensor.number)
    found[tensor.number] = gradient if known is None else np.asarray(known + gradient)


def in_order(outputs: list[Tensor]) -> list[Tensor]:
    """Everything that the outputs were computed from, arguments before results: no recursion, however deep."""
    reached = {tensor.number: tensor for tensor in outputs}
    waiting = list(outputs)
    while waiting:
        for argument, _ in waiting.pop().pullbacks:
            if argument.number not in reached:
                reached[argument.number] = argument
                waiting.append(argument)
    return [reached[number] for number in sorted(reached)]
