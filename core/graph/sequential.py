"""Layers one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, InstanceOf

from isograd.core.base.description import Description, Dims, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.types import Shape, shape_text
from isograd.core.graph.composite import Composite, fitted, record_entry, record_layer, record_lookup
from isograd.core.graph.names import checked_name
from isograd.core.graph.nodes import Graph
from isograd.core.graph.resolve import resolve
from isograd.core.graph.values import Input, Value, called
from isograd.core.layers.base import Layer, Misfit


def _as_layers(value: object) -> object:
    if isinstance(value, Layer):
        raise SpecError(
            "Sequential",
            wanted="its layers in one list",
            got=f"{value!r} by itself",
            fix=f"ig.Sequential([{value!r}, …])",
        )
    return tuple(value) if isinstance(value, list) else value


@describes("layer")
class Sequential(Composite):
    """y = fₖ(… f₁(x)): layers one after the other, named by position unless they have a name.

    Of a layer with several outputs the first goes on. `input_shape` (one sample's) is needed where the
    model is built by itself; inside another model it is inferred. The same layer object at two places
    shares its weights, which stand under its first place.
    """

    layers: Annotated[Sequence[InstanceOf[Layer]], BeforeValidator(_as_layers)] = field(kw_only=False)
    input_shape: Dims | None = None
    max_inputs: ClassVar[int | None] = 1

    def __post_init__(self) -> None:
        if not self.layers:
            raise SpecError("Sequential([])", wanted="one layer or more", got="none", fix="use [ig.Identity()]")
        self.check_extent()
        self._names()
        if self.input_shape is not None:
            self.graph(self.input_shape)

    def __eq__(self, other: object) -> bool:
        """The same layers, and the same ones shared."""
        return isinstance(other, Sequential) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((type(self), self.calls, self.levels, self.input_shape))

    @property
    def parts(self) -> Sequence[Layer]:
        return self.layers

    def __repr__(self) -> str:
        return f"Sequential([{', '.join(map(repr, self.layers))}])"

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        if self.input_shape is None:
            raise SpecError(
                repr(self),
                wanted="input_shape=, one sample's shape",
                got="none",
                fix="ig.Sequential([…], input_shape=(64,))",
            )
        return (self.input_shape,)

    def _names(self) -> dict[int, str]:
        names: dict[int, str] = {}
        taken: set[str] = set()
        for position, layer in enumerate(self.layers):
            name = checked_name(str(position) if layer.name is None else layer.name, layer)
            if id(layer) not in names and name in taken:
                raise SpecError(
                    "Sequential",
                    wanted="a name of its own for every layer",
                    got=f"two layers named {name!r}",
                    fix="rename one; to share weights, put one layer object at both places",
                )
            taken.add(names.setdefault(id(layer), name))
        return names

    def graph(self, *x: Shape) -> Graph:
        (shape,) = x
        if self.input_shape is not None and shape != self.input_shape:
            raise Misfit(
                shape_text(self.input_shape), shape_text(shape), "change input_shape=, or what feeds this model"
            )
        if shape not in self.memo:
            self.memo[shape] = self._resolve(shape)
        graph: Graph = self.memo[shape]
        return graph

    def _resolve(self, shape: Shape) -> Graph:
        value: Value = Input(shape)
        start = value
        for position, layer in enumerate(self.layers, 1):
            where = partial("layer {} of {}, {!r}".format, position, len(self.layers), layer)
            call = called(layer, [value], where, {})
            value = Value(call.out_forms[0], call)
        return resolve([start], ["input"], [value], self._names(), "Sequential")

    def _fitted(self, *x: Shape) -> Sequential:
        (shape,) = x
        made: dict[int, Layer] = {}
        for layer in self.layers:
            inner = made.setdefault(id(layer), fitted(layer, shape))
            shape = called(inner, [Input(shape)], partial(repr, inner), {}).out_forms[0].shape
        layers = tuple(made[id(layer)] for layer in self.layers)
        return Sequential(layers, input_shape=None if self.input_shape is None else x[0], name=self.name)

    def to_dict(self) -> dict[str, Any]:
        first: dict[int, int] = {}
        entries: list[dict[str, Any]] = []
        for position, layer in enumerate(self.layers):
            seen = first.setdefault(id(layer), position)
            entries.append(layer.to_dict() if seen == position else {"same_as": seen})
        shape = list(self.input_shape) if self.input_shape is not None else None
        return {"layer": "Sequential", "name": self.name, "layers": entries, "input_shape": shape}

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Description:
        layers: list[Any] = []
        known: dict[str, Layer] = {}
        for position, entry in enumerate(record_entry(options, "layers", list)):
            if position:
                known[str(position - 1)] = layers[-1]
            if isinstance(entry, dict) and set(entry) == {"same_as"}:
                layers.append(record_lookup(known, str(entry["same_as"]), "same_as"))
            else:
                layers.append(record_layer(entry, f"layer {len(layers)} of a Sequential"))
        rest = {key: value for key, value in options.items() if key != "layers"}
        return cls(tuple(layers), **rest)
