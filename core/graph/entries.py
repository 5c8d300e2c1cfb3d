"""Weights and buffers as entries of a graph: values under free dotted names, which any number of nodes may read."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

from isograd.core.base.errors import SpecError, shown
from isograd.core.base.forms import Form, Kind, Rows, as_axes
from isograd.core.base.initializers import Fans, Initializer, Normal, Weight, Zeros
from isograd.core.graph.names import checked_path
from isograd.core.graph.values import Value


class Entry(Value):
    """A weight or a buffer as a value: `name` is its path in the model's state, `shape` has no batch axis."""

    trained: bool

    def __init__(self, shape: Iterable[int], *, name: str, kind: Kind, init: Initializer) -> None:
        where = f"{type(self).__name__}({shown(name)})"
        axes = as_axes(tuple(shape), where)
        if any(isinstance(size, Rows) for size in axes):
            raise SpecError(where, wanted="a shape without the batch's rows", got=shown(axes), fix="(1, 4, 8)")
        if not isinstance(init, Initializer):
            raise SpecError(f"{where}, init=", wanted="an initial law", got=shown(init), fix="init=ig.init.Zeros()")
        super().__init__(Form(axes, kind))
        self.name, self.init = checked_path(name, where), init

    @property
    def weight(self) -> Weight:
        """What its state is; booleans are kept as 0 and 1."""
        shape: Any = self.axes
        rows = shape[0] if shape else 1
        fans = Fans(prod(shape[1:]), rows)
        return Weight(shape, self.init, fans, integers=self.form.kind != "float")


class Parameter(Entry):
    """A weight that the graph computes with directly, and that several layers may share: y = w          w → y, no N

    ig.Parameter((1, 1, 64), name="cls_token"), or a table for `layer.with_weights(weight=table)`.
    """

    trained = True

    def __init__(self, shape: Iterable[int], *, name: str, init: Initializer | None = None) -> None:
        super().__init__(shape, name=name, kind="float", init=Normal(std=0.02) if init is None else init)


class Buffer(Entry):
    """State that is not trained, as a value: a mask, a table of positions          y = b, no N"""

    trained = False

    def __init__(
        self, shape: Iterable[int], *, name: str, kind: Kind = "float", init: Initializer | None = None
    ) -> None:
        super().__init__(shape, name=name, kind=kind, init=Zeros() if init is None else init)
