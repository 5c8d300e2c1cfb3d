"""The residual block: sugar over the graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import PlainValidator

from isograd.core.base.description import describes
from isograd.core.base.errors import SpecError
from isograd.core.base.types import Shape, shape_text
from isograd.core.graph.composite import Composite, fitted
from isograd.core.graph.nodes import Graph
from isograd.core.graph.resolve import resolve
from isograd.core.graph.sequential import Sequential
from isograd.core.graph.values import Call, Input, Value, called
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.combine import Add


def _as_layer(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return Sequential(tuple(value))
    if not isinstance(value, Layer):
        raise ValueError("a layer, or a list of layers")
    return value


Branch: TypeAlias = Annotated[Layer | Sequence[Layer], PlainValidator(_as_layer)]
"""A layer, or a list of layers one after the other."""


@describes("layer")
class Residual(Composite):
    """y = f(x) + g(x): f the layers of `body`, g those of `shortcut`, or x itself where there are none

    Weights stand under body.… and shortcut.…; body's and shortcut's outputs must have one shape.
    """

    body: Branch = field(kw_only=False)
    shortcut: Branch | None = None
    max_inputs: ClassVar[int | None] = 1

    def __post_init__(self) -> None:
        self.check_extent()

    def __hash__(self) -> int:
        return hash((type(self), self.calls, self.levels))

    @property
    def parts(self) -> list[Layer]:
        branches: Any = (self.body, self.shortcut)
        return [branch for branch in branches if branch is not None]

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        raise SpecError(
            repr(self),
            wanted="a model around it, which says what comes in",
            got="a Residual by itself",
            fix="ig.Sequential([ig.Residual([…])], input_shape=(16, 8, 8))",
        )

    def _fitted(self, *x: Shape) -> Residual:
        shortcut = None if self.shortcut is None else fitted(self.shortcut, *x)  # type: ignore[arg-type]
        return Residual(fitted(self.body, *x), shortcut=shortcut, name=self.name)  # type: ignore[arg-type]

    def graph(self, *x: Shape) -> Graph:
        (shape,) = x
        if shape not in self.memo:
            self.memo[shape] = self._resolve(shape)
        graph: Graph = self.memo[shape]
        return graph

    def _resolve(self, shape: Shape) -> Graph:
        start: Any = Input(shape)

        def branch(layer: Any, name: str) -> Value:
            call = called(layer, [start], lambda: f"{name} of a Residual, {layer!r}", {})
            return Value(call.out_forms[0], call)

        body = branch(self.body, "body")
        side = start if self.shortcut is None else branch(self.shortcut, "shortcut")
        if body.shape != side.shape:
            raise Misfit(
                f"a body that keeps {shape_text(side.shape)}, the shortcut's shape",
                f"{shape_text(body.shape)} from the body",
                "a shortcut= of that shape, such as shortcut=[ig.Conv2d(channels, 1, stride=…)], or another body",
            )
        add = Add()
        total = Value(body.form, Call(add, (body, side), (body.form,)))
        names = {id(self.body): "body", id(self.shortcut): "shortcut", id(add): "add"}
        return resolve([start], ["input"], [total], names, "Residual")
